import { describe, expect, test } from "vitest";
import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import { decodePacket } from "../../protocol/dhcp/packet.ts";
import { Population } from "../../scenarios/population/population.ts";
import { RecordingSink } from "../device/exchange.testing.ts";
import { writeAnswer } from "./answer.ts";
import { Fleet } from "./fleet.ts";

const terms = { serverIdentifier: 0x7f00_0001, leaseSeconds: 3600 };
const population = new Population({
  ...{ cableModems: 200_000, mtas: 0, cpes: 0, smartMeters: 0, cmtsCount: 1 },
});
const target = new Uint8Array(2048);

function fleetOf(sink: RecordingSink): Fleet {
  const servers = [{ address: terms.serverIdentifier, port: 67 }];
  return new Fleet({ population, seed: 1, servers, startMs: 0 }, sink);
}

test("the devices of our generator come to leases by it, each to its own address", () => {
  const sink = new RecordingSink();
  const fleet = fleetOf(sink);
  const devices = [0, 1, 255, 256, 65_535, population.size - 1];
  for (const device of devices) {
    fleet.start(device, "discover", 0, 0);
    for (let message = 0; message < 2; message += 1) {
      const [sent] = sink.take();
      const length = writeAnswer(sent!.packet.bytes!, terms, target);
      const reply = decodePacket(target.slice(0, length));
      expect(reply.options.get(OptionCode.relayAgentInformation)).toEqual(
        sent!.packet.options.get(OptionCode.relayAgentInformation),
      );
      fleet.receiveAtRelay(reply, reply.giaddr, 1, 1);
    }
    expect(fleet.stateOf(device)).toBe("bound");
  }
  expect(sink.anomalies).toEqual([]);
  expect(new Set(devices.map((device) => fleet.addressOf(device))).size).toBe(devices.length);

  fleet.start(0, "renew", 2, 2);
  const length = writeAnswer(sink.take()[0].packet.bytes!, terms, target);
  fleet.receiveAtDevice(decodePacket(target.slice(0, length)), fleet.addressOf(0), 3, 3);
  expect(fleet.stateOf(0)).toBe("bound");
  expect(fleet.leaseEndsAtMs(0)).toBe(2 + 3_600_000);
});

describe("what it does not answer", () => {
  const sink = new RecordingSink();
  fleetOf(sink).start(7, "discover", 0, 0);
  const discover = sink.take()[0].packet.bytes!;
  const changed = (at: number, value: number): Uint8Array => {
    const bytes = discover.slice();
    bytes[at] = value;
    return bytes;
  };
  test.each([
    ["nothing", new Uint8Array(0)],
    ["a message without options", discover.slice(0, 240)],
    ["a reply", changed(0, 2)],
    ["another cookie", changed(236, 0)],
    ["a RELEASE", changed(242, MessageType.release)],
    ["an option beyond the end", discover.slice(0, 242)],
  ])("%s", (_what, bytes) => {
    expect(writeAnswer(discover, terms, target)).toBeGreaterThan(240);
    expect(writeAnswer(bytes, terms, target)).toBe(0);
  });
});
