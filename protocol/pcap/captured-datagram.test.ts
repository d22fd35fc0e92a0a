import { describe, expect, test } from "vitest";
import { buildUdpFrame } from "../udp-frame.ts";
import { datagramOf } from "./captured-datagram.ts";
import { LinkType } from "./captured-frame.ts";

const payload = Uint8Array.from({ length: 40 }, (_, i) => i);
const ethernet = buildUdpFrame({
  sourceMac: new Uint8Array(6),
  destinationMac: new Uint8Array(6).fill(0xff),
  source: 0,
  destination: 0xffff_ffff,
  sourcePort: 68,
  destinationPort: 67,
  payload,
});
const ip = ethernet.subarray(14);
const expected = {
  kind: "datagram",
  source: 0,
  destination: 0xffff_ffff,
  sourcePort: 68,
  destinationPort: 67,
  payload,
};

const bytesOf = (...parts: readonly (readonly number[] | Uint8Array)[]) =>
  Uint8Array.from(parts.flatMap((part) => [...part]));
const zeros = (count: number) => new Uint8Array(count);
const of = (linkType: number, bytes: Uint8Array, wireLength = bytes.length) =>
  datagramOf({ linkType, bytes, wireLength, atMs: 0, offset: 0 });
const changed = (at: number, ...values: readonly number[]) => {
  const copy = ip.slice();
  copy.set(values, at);
  return copy;
};

describe("links", () => {
  test.each<[string, number, Uint8Array]>([
    ["Ethernet", LinkType.ethernet, ethernet],
    ["Ethernet with padding", LinkType.ethernet, bytesOf(ethernet, zeros(9))],
    ["a VLAN tag", LinkType.ethernet, bytesOf(zeros(12), [0x81, 0, 0, 7, 8, 0], ip)],
    [
      "two VLAN tags",
      LinkType.ethernet,
      bytesOf(zeros(12), [0x88, 0xa8, 0, 7, 0x81, 0, 0, 9, 8, 0], ip),
    ],
    ["Linux cooked", LinkType.linuxCooked, bytesOf(zeros(14), [8, 0], ip)],
    [
      "Linux cooked with a VLAN tag",
      LinkType.linuxCooked,
      bytesOf(zeros(14), [0x81, 0, 0, 7, 8, 0], ip),
    ],
    ["Linux cooked 2", LinkType.linuxCooked2, bytesOf([8, 0], zeros(18), ip)],
    ["raw IP", LinkType.raw, ip],
    ["raw IPv4", LinkType.ipv4, ip],
    ["a wrong checksum", LinkType.raw, changed(26, 1, 2)],
  ])("%s", (_, linkType, bytes) => {
    expect(of(linkType, bytes)).toEqual(expected);
  });
});

test.each<[string, Uint8Array, string]>([
  ["IPv6", changed(0, 0x60), "other"],
  ["TCP", changed(9, 6), "other"],
  ["an IP header that is too short", changed(0, 0x44), "other"],
  ["an IP header longer than the packet", changed(0, 0x4f, 0, 0, 40), "other"],
  ["more IP than was on the wire", changed(2, 0xff, 0xff), "other"],
  ["more UDP than IP", changed(24, 0xff, 0xff), "other"],
  ["less UDP than its header", changed(24, 0, 7), "other"],
  ["the first fragment", changed(6, 0x20, 0), "fragment"],
  ["a later fragment", changed(6, 0, 1), "fragment"],
  ["nothing", zeros(0), "other"],
])("%s", (_, bytes, kind) => {
  expect(of(LinkType.raw, bytes)).toMatchObject({ kind });
});

test("a frame that the capture has cut, and a link that is not read", () => {
  expect(of(LinkType.raw, ip.subarray(0, 40), ip.length)).toEqual({
    kind: "cut",
    sourcePort: 68,
    destinationPort: 67,
  });
  expect(of(LinkType.raw, ip.subarray(0, 25), ip.length)).toEqual({ kind: "other" });
  expect(of(105, ip)).toEqual({ kind: "unknown-link" });
});
