import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DecodeError } from "../decode-error.ts";
import { EncodeError } from "../encode-error.ts";
import { OptionCode } from "./option-code.ts";
import { decodePacket } from "./packet.ts";
import {
  decodeRelayAgent,
  encodeRelayAgent,
  isRelayAgentInformation,
  RelayAgentCode,
  type RelayAgentInformation,
  subOption,
} from "./relay-agent.ts";
import { bytesOfHex, samplePackets } from "./samples.testing.ts";

const complete: RelayAgentInformation = {
  circuitId: bytesOfHex("00000007"),
  remoteId: bytesOfHex("02100000002a"),
  deviceClass: 1,
  linkSelection: 0x7f40_0801,
  vendorInformation: [{ enterprise: 4491, data: bytesOfHex("010401020300") }],
  relaySourcePort: true,
  unknown: [],
};

describe("option 82", () => {
  test("a CMTS's sub-options 1, 2, 4, 5, 9 and 19", () => {
    const sample = samplePackets.find((packet) => packet.name.includes("every sub-option"));
    const value = decodePacket(sample?.bytes ?? new Uint8Array(0)).options.get(
      OptionCode.relayAgentInformation,
    );
    expect(decodeRelayAgent(value ?? new Uint8Array(0))).toEqual(complete);
    expect(encodeRelayAgent(decodeRelayAgent(value ?? new Uint8Array(0)))).toEqual(value);
  });

  test("what is unknown, or comes twice, is kept as it is", () => {
    const bytes = bytesOfHex("01 01 aa  06 02 7878  01 01 bb");
    const information = decodeRelayAgent(bytes);
    expect(information.circuitId).toEqual(bytesOfHex("aa"));
    expect(information.unknown.map(({ code }) => code)).toEqual([6, 1]);
    expect(encodeRelayAgent(information)).toEqual(bytes);
  });

  test("round trip", () => {
    const bytes = fc.uint8Array({ maxLength: 40 });
    const word = fc.integer({ min: 0, max: 0xffff_ffff });
    const information = fc.record(
      {
        circuitId: bytes,
        remoteId: bytes,
        deviceClass: word,
        linkSelection: word,
        vendorInformation: fc.array(fc.record({ enterprise: word, data: bytes }), { maxLength: 3 }),
        relaySourcePort: fc.constant(true),
        unknown: fc.array(fc.record({ code: fc.integer({ min: 150, max: 255 }), value: bytes })),
      },
      { requiredKeys: ["unknown"] },
    );
    fc.assert(
      fc.property(information, (given) => {
        expect(decodeRelayAgent(encodeRelayAgent(given))).toEqual(given);
      }),
      { seed: 3046 },
    );
  });

  test.each([
    ["a loose byte", "01"],
    ["a value beyond the end", "01 05 00"],
    ["a device class of 3 bytes", "04 03 000001"],
    ["a link selection of 5 bytes", "05 05 7f40080100"],
    ["a source port with a value", "13 02 0043"],
    ["vendor information without a length", "09 04 0000118b"],
    ["vendor information beyond the end", "09 06 0000118b 02 01"],
  ])("%s is refused", (_name, hex) => {
    expect(() => decodeRelayAgent(bytesOfHex(hex))).toThrow(DecodeError);
  });

  test("each truncation is a value or a DecodeError", () => {
    const bytes = encodeRelayAgent(complete);
    for (let end = 0; end < bytes.length; end += 1) {
      const part = bytes.subarray(0, end);
      try {
        decodeRelayAgent(part);
        expect(end === 0 || isRelayAgentInformation(part)).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    }
  });

  test("a sub-option of 256 bytes cannot be written", () => {
    const unknown = [{ code: 151, value: new Uint8Array(256) }];
    expect(() => encodeRelayAgent({ unknown })).toThrow(EncodeError);
    const vendorInformation = [{ enterprise: 1, data: new Uint8Array(256) }];
    expect(() => encodeRelayAgent({ vendorInformation, unknown: [] })).toThrow(/enterprise 1/);
  });
});

describe("subOption", () => {
  const bytes = encodeRelayAgent(complete);

  test("finds one as a view", () => {
    const remoteId = subOption(bytes, RelayAgentCode.remoteId);
    expect(remoteId).toEqual(complete.remoteId);
    expect(remoteId?.buffer).toBe(bytes.buffer);
    expect(subOption(bytes, RelayAgentCode.relaySourcePort)).toHaveLength(0);
  });

  test.each([
    ["an absent one", "0101aa", 2],
    ["one in an empty option", "", 1],
    ["one behind a loose byte", "01", 1],
    ["one that leaves the option", "0102aa", 1],
  ])("%s is undefined", (_name, hex, code) => {
    expect(subOption(bytesOfHex(hex), code)).toBeUndefined();
  });
});
