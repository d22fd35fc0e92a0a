import { describe, expect, test } from "vitest";
import { OptionCode } from "./option-code.ts";
import { decodePacket } from "./packet.ts";
import { isRelayAgentInformation, RelayAgentCode } from "./relay-agent.ts";
import { bytesOfHex, samplePackets } from "./samples.testing.ts";
import { findSubOption } from "./sub-options.ts";

const sample = samplePackets.find(({ name }) => name.includes("every sub-option"));
const bytes = decodePacket(sample!.bytes).options.get(OptionCode.relayAgentInformation)!;

describe("option 82 of a CMTS", () => {
  test("has a value for each sub-option, as a view", () => {
    const { circuitId, remoteId, linkSelection, relaySourcePort } = RelayAgentCode;
    const found = [circuitId, remoteId, linkSelection, relaySourcePort].map((code) =>
      findSubOption(bytes, code),
    );
    expect(found).toEqual(["00000007", "02100000002a", "7f400801", ""].map(bytesOfHex));
    expect(found[1]!.buffer).toBe(bytes.buffer);
  });

  test("is whole, and no part of it within a sub-option is", () => {
    const ends = new Set<number>();
    for (let at = 0; at < bytes.length; ) {
      at += 2 + bytes[at + 1]!;
      ends.add(at);
    }
    for (let end = 0; end <= bytes.length; end += 1) {
      expect(isRelayAgentInformation(bytes, 0, end)).toBe(ends.has(end));
    }
  });

  test.each([
    ["an absent one", "0101aa", 2],
    ["one in an empty option", "", 1],
    ["one behind a loose byte", "01", 1],
    ["one that leaves the option", "0102aa", 1],
  ])("%s is not found", (_name, hex, code) => {
    expect(findSubOption(bytesOfHex(hex), code)).toBeUndefined();
  });
});
