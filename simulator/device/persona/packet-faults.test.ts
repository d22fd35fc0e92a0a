import { describe, expect, test } from "vitest";
import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import { decodePacket } from "../../../protocol/dhcp/packet.ts";
import { Population } from "../../../scenarios/population/population.ts";
import { MessageTemplates } from "../message/message-templates.ts";
import type { PacketFault } from "./behaviours.ts";
import { GIANT_BYTES, type MessageEnd, spoil } from "./packet-faults.ts";

const population = new Population({
  cableModems: 3,
  mtas: 3,
  cpes: 3,
  smartMeters: 3,
  cmtsCount: 1,
});
const templates = new MessageTemplates(population);
const CPE = population.firstOf[2];
const MTA = population.firstOf[1];

function spoiled(fault: PacketFault, { device = CPE, boots = 1, attempt = 0, secs = 3 } = {}) {
  const bytes = new Uint8Array(2048).fill(0xaa);
  const fields = { xid: 5, secs, ciaddr: 0, requested: 1, server: 2 };
  const length = templates.write(device, "request-selecting", fields, bytes);
  const end: MessageEnd = { endOffset: templates.endOffset, length, lengthMax: 2048 };
  const before = decodePacket(bytes.slice(0, length));
  spoil(fault, bytes, end, { boots, attempt });
  return { before, end, sent: bytes.slice(0, end.length) };
}

const clientId = (bytes: Uint8Array) =>
  decodePacket(bytes).options.get(OptionCode.clientIdentifier)?.slice();

describe("spoiled packets", () => {
  test("byte-swapped secs: 3 s is sent as 768, and nothing else differs", () => {
    const { before, sent } = spoiled("swapped-secs");
    const after = decodePacket(sent);
    expect([before.secs, after.secs]).toEqual([3, 768]);
    expect(after.options.codes()).toEqual(before.options.codes());
  });

  test("giant: of the size it says, every option of before still there, and an End", () => {
    const { before, end, sent } = spoiled("giant");
    expect(end.length).toBeGreaterThanOrEqual(1400);
    expect(end.length).toBeLessThanOrEqual(GIANT_BYTES);
    expect(sent[end.endOffset]).toBe(OptionCode.end);
    const codes = decodePacket(sent).options.codes();
    expect(codes).toEqual(expect.arrayContaining([...before.options.codes()]));
  });

  test("no client-id: option 61 is gone, the rest is whole, an MTA never had one", () => {
    const { before, sent } = spoiled("no-client-id");
    const without = before.options.codes().filter((code) => code !== OptionCode.clientIdentifier);
    expect(before.options.codes()).toContain(OptionCode.clientIdentifier);
    expect(decodePacket(sent).options.codes()).toEqual(without);
    const mta = spoiled("no-client-id", { device: MTA });
    expect(decodePacket(mta.sent).options.codes()).toEqual(mta.before.options.codes());
  });

  test("changing client-id: another one at each boot, the same within one, two devices' never the same", () => {
    const at = (boots: number, device = CPE) =>
      `${clientId(spoiled("changing-client-id", { boots, device }).sent)}`;
    expect(new Set([at(1), at(2), at(300)]).size).toBe(3);
    expect(at(2)).toBe(at(2));
    // Of the units of all kinds: hardware addresses of one unit differ in one octet alone.
    const others = Array.from({ length: population.size }, (_, device) => device).filter(
      (device) => population.kindOf(device) !== "mta",
    );
    expect(new Set(others.map((device) => at(1, device))).size).toBe(others.length);
  });

  test("changing client-id: every other option is as it was, and the message ends where it says", () => {
    for (const device of [0, CPE, MTA, population.firstOf[3]]) {
      const { before, sent, end } = spoiled("changing-client-id", { device });
      expect(sent[end.endOffset]).toBe(OptionCode.end);
      const after = decodePacket(sent);
      expect(after.options.codes()).toEqual(before.options.codes());
      for (const code of before.options.codes()) {
        if (code === OptionCode.clientIdentifier) continue;
        expect(after.options.get(code)).toEqual(before.options.get(code));
      }
    }
  });

  test("malformed: the first copy of a message cannot be decoded, its repetition can", () => {
    for (const boots of [1, 2]) {
      const { sent, end } = spoiled("malformed", { boots });
      expect(() => decodePacket(sent)).toThrow();
      expect(end.lengthMax > end.endOffset).toBe(true);
      const { before, sent: repeated } = spoiled("malformed", { boots, attempt: 1 });
      expect(decodePacket(repeated).options.codes()).toEqual(before.options.codes());
    }
  });
});
