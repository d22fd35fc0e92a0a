import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DecodeError } from "../decode-error.ts";
import { EncodeError } from "../encode-error.ts";
import { type CccConfiguration, decodeCcc, encodeCcc } from "./ccc.ts";
import { decodePacket } from "./packet.ts";
import { bytesOfHex, samplePackets } from "./samples.testing.ts";

const complete: CccConfiguration = {
  primaryDhcpServer: 0xc0a8_000b,
  secondaryDhcpServer: 0xc0a8_000c,
  provisioningServer: { kind: "name", name: "prov.example" },
  asRequestBackoff: { nominalTimeout: 10_000, timeoutSecondsMax: 60, retriesMax: 4 },
  apRequestBackoff: { nominalTimeout: 10, timeoutSecondsMax: 60, retriesMax: 4 },
  kerberosRealm: "BASIC.1",
  usesTicketGrantingTicket: false,
  provisioningTimerMinutes: 10,
  ticketControlMask: 0x0003,
  keyDistributionCenters: [0xc0a8_000d, 0xc0a8_000e],
  unknown: [],
};

describe("option 122 (RFC 3495)", () => {
  test("of the sample ACK", () => {
    const sample = samplePackets.find(({ name }) => name.startsWith("ACK with options 122"));
    const value = decodePacket(sample?.bytes ?? new Uint8Array(0)).options.get(122);
    expect(decodeCcc(value ?? new Uint8Array(0))).toEqual({
      primaryDhcpServer: 0xc0a8_000b,
      secondaryDhcpServer: 0xc0a8_000c,
      provisioningServer: { kind: "name", name: "prov.example" },
      kerberosRealm: "BASIC.1",
      usesTicketGrantingTicket: false,
      provisioningTimerMinutes: 10,
      unknown: [],
    });
  });

  test("the realm has the bytes that operators write by hand", () => {
    expect(encodeCcc({ kerberosRealm: "BASIC.1", unknown: [] })).toEqual(
      bytesOfHex("06 09 05:42:41:53:49:43:01:31:00".replaceAll(":", " ")),
    );
  });

  test("every sub-option in the order of the codes", () => {
    expect(encodeCcc(complete)).toEqual(
      bytesOfHex(`
        01 04 c0a8000b  02 04 c0a8000c
        03 0f 00 04 70726f76 07 6578616d706c65 00
        04 0c 00002710 0000003c 00000004
        05 0c 0000000a 0000003c 00000004
        06 09 05 4241534943 01 31 00
        07 01 00  08 01 0a  09 02 0003
        0a 08 c0a8000d c0a8000e`),
    );
    expect(decodeCcc(encodeCcc(complete))).toEqual(complete);
  });

  test("the provisioning server by address", () => {
    const given: CccConfiguration = {
      provisioningServer: { kind: "address", address: 0x0a00_0001 },
      unknown: [{ code: 11, value: bytesOfHex("aa") }],
    };
    expect(encodeCcc(given)).toEqual(bytesOfHex("03 05 01 0a000001 0b 01 aa"));
    expect(decodeCcc(encodeCcc(given))).toEqual(given);
  });

  test("a configuration without anything is no bytes", () => {
    expect(encodeCcc({ keyDistributionCenters: [], unknown: [] })).toHaveLength(0);
    expect(decodeCcc(new Uint8Array(0))).toEqual({ unknown: [] });
  });

  test("a second instance is kept as unknown", () => {
    const bytes = bytesOfHex("07 01 01 07 01 00");
    expect(decodeCcc(bytes)).toEqual({
      usesTicketGrantingTicket: true,
      unknown: [{ code: 7, value: bytesOfHex("00") }],
    });
  });

  test.each([
    ["a loose byte", "01"],
    ["a server of 3 bytes", "01 03 c0a800"],
    ["an empty provisioning server", "03 00"],
    ["a provisioning server of type 2", "03 05 02 0a000001"],
    ["a provisioning server's address of 3 bytes", "03 04 01 0a0000"],
    ["bytes behind the server's name", "03 05 00 0161 00 00"],
    ["a compressed name", "03 05 00 0161 c000"],
    ["a backoff of 11 bytes", `04 0b ${"00".repeat(11)}`],
    ["a realm without its end", "06 02 0141"],
    ["a ticket flag of 2", "07 01 02"],
    ["a timer of 2 bytes", "08 02 0001"],
    ["a mask of 1 byte", "09 01 01"],
    ["an empty list of key distribution centers", "0a 00"],
    ["half a key distribution center", "0a 06 c0a8000dc0a8"],
  ])("%s is refused", (_name, hex) => {
    expect(() => decodeCcc(bytesOfHex(hex))).toThrow(DecodeError);
  });

  test.each([
    ["a timer of 256 minutes", { provisioningTimerMinutes: 256 }, /256/],
    ["a mask of 17 bits", { ticketControlMask: 0x1_0000 }, /65536/],
    ["an empty realm", { kerberosRealm: "" }, /empty label/],
    ["an address of 33 bits", { keyDistributionCenters: [2 ** 32] }, /4294967296/],
  ])("%s cannot be written", (_name, change, message) => {
    expect(() => encodeCcc({ ...change, unknown: [] })).toThrow(EncodeError);
    expect(() => encodeCcc({ ...change, unknown: [] })).toThrow(message);
  });

  test("any bytes are a value or a DecodeError", () => {
    const element = fc
      .tuple(fc.integer({ min: 0, max: 12 }), fc.uint8Array({ maxLength: 14 }))
      .map(([code, value]) => [code, value.length, ...value]);
    fc.assert(
      fc.property(fc.array(element, { maxLength: 5 }), fc.nat(3), (elements, cut) => {
        const bytes = Uint8Array.from(elements.flat());
        try {
          const decoded = decodeCcc(bytes.subarray(0, Math.max(0, bytes.length - cut)));
          expect(decodeCcc(encodeCcc(decoded))).toEqual(decoded);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { seed: 3495, numRuns: 3_000 },
    );
  });
});
