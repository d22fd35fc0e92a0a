import { expect, test } from "vitest";
import { overflowsIn } from "./stall.ts";

test("what full receive buffers lost is read by its name", () => {
  const snmp = [
    "Tcp: RtoAlgorithm RcvbufErrors\nTcp: 1 5",
    "Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors",
    "Udp: 900 1 7 800 6 0\n",
  ].join("\n");
  expect(overflowsIn(snmp)).toBe(6);
});

test("a kernel that does not count them is no zero", () => {
  expect(() => overflowsIn("Udp: InDatagrams\nUdp: 900\n")).toThrow(/RcvbufErrors/);
});
