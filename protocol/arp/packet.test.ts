import { expect, test } from "vitest";
import { bytesOfHex } from "../dhcp/samples.testing.ts";
import { EncodeError } from "../encode-error.ts";
import { buildArpAnnouncement } from "./packet.ts";

test("an announcement: a request to everybody, of an address for itself (RFC 5227, 2.3)", () => {
  const mac = Uint8Array.of(2, 0x10, 0, 0, 0, 1);
  expect(buildArpAnnouncement(mac, 0xc0a8_140a)).toEqual(
    bytesOfHex(`
      ffffffffffff 021000000001 0806
      0001 0800 06 04 0001
      021000000001 c0a8140a
      000000000000 c0a8140a`),
  );
});

test("a hardware address of another length", () => {
  expect(() => buildArpAnnouncement(new Uint8Array(8), 1)).toThrow(EncodeError);
});
