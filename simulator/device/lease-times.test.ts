import { expect, test } from "vitest";
import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { decodePacket } from "../../protocol/dhcp/packet.ts";
import { Population } from "../../scenarios/population/population.ts";
import { INFINITE_LEASE } from "./device-table.ts";
import { replyTo } from "./exchange.testing.ts";
import { leaseTimesOf } from "./lease-times.ts";
import { MessageTemplates } from "./message/message-templates.ts";

const population = new Population({
  cableModems: 1,
  mtas: 0,
  cpes: 0,
  smartMeters: 0,
  cmtsCount: 1,
});
const bytes = new Uint8Array(1024);
const fields = { xid: 1, secs: 0, ciaddr: 0, requested: 0, server: 0 };
const length = new MessageTemplates(population).write(0, "discover", fields, bytes);
const request = decodePacket(bytes.subarray(0, length));

for (const [what, given, expected] of [
  ["none given", [1000, undefined, undefined], [1000, 500, 875]],
  ["both given", [1000, 100, 200], [1000, 100, 200]],
  ["T1 only", [1000, 100, undefined], [1000, 100, 875]],
  ["T1 after T2", [1000, 900, 400], [1000, 400, 400]],
  ["T2 after the end", [1000, 100, 1001], [1000, 100, 875]],
  ["an endless lease", [INFINITE_LEASE, undefined, undefined], Array(3).fill(INFINITE_LEASE)],
  [
    "an endless lease with T1",
    [INFINITE_LEASE, 60, undefined],
    [INFINITE_LEASE, 60, INFINITE_LEASE],
  ],
  ["one second", [1, undefined, undefined], [1, 0, 0]],
] as const) {
  test(`lease time, T1 and T2: ${what}`, () => {
    const [leaseSeconds, renewalSeconds, rebindingSeconds] = given;
    const reply = replyTo(request, {
      type: MessageType.ack,
      leaseSeconds,
      ...(renewalSeconds === undefined ? {} : { renewalSeconds }),
      ...(rebindingSeconds === undefined ? {} : { rebindingSeconds }),
    });
    const times = leaseTimesOf(reply);
    expect([times?.leaseSeconds, times?.renewalSeconds, times?.rebindingSeconds]).toEqual(expected);
  });
}

test("no lease time, or none at all: no lease", () => {
  expect(leaseTimesOf(replyTo(request, { type: MessageType.ack }))).toBeUndefined();
  expect(
    leaseTimesOf(replyTo(request, { type: MessageType.ack, leaseSeconds: 0 })),
  ).toBeUndefined();
});
