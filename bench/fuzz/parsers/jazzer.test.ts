import { expect, test } from "vitest";
import { dictionaryOf, jazzerCommand, jazzerReport } from "./jazzer.ts";

const good = `INFO: Seed: 7
INFO: -max_len is not provided; libFuzzer will not generate inputs larger than 4096 bytes
#2\tINITED cov: 40 ft: 41 corp: 2/12b exec/s: 0 rss: 120Mb
#100\tNEW    cov: 44 ft: 50 corp: 3/20b lim: 4 exec/s: 0 rss: 121Mb L: 8/8 MS: 1 CopyPart-
#4096\tpulse  cov: 45 ft: 52 corp: 4/30b lim: 43 exec/s: 2048 rss: 121Mb
#9000\tDONE   cov: 45 ft: 52 corp: 4/30b lim: 87 exec/s: 3000 rss: 122Mb
Done 9000 runs in 3 second(s)
stat::number_of_executed_units: 9000
stat::new_units_added:          2
`;

const bad = `#2\tINITED cov: 40 ft: 41 corp: 2/12b exec/s: 0 rss: 120Mb
#31\tNEW    cov: 41 ft: 50 corp: 3/20b lim: 4 exec/s: 0 rss: 121Mb L: 8/8 MS: 1 CopyPart-
==4711== Uncaught Exception: TypeError: Cannot read properties of null (reading 'ports')
    at decodeSetup (file:///dist/server/trace/trace-format.js:1:2)
MS: 1 EraseBytes-; base unit: adc83b19e793491b1c6ea0fd8b46cd9f32e592fc
artifact_prefix='/out/faults/'; Test unit written to /out/faults/crash-0a
`;

test("a run is read from what it says", () => {
  const [executions, edgesAtStart, edges] = [9000, 40, 45];
  expect(jazzerReport(good, 0)).toEqual({ executions, edgesAtStart, edges, finding: undefined });
});

test("a fault has a sentence and an input", () => {
  const { executions, edges, finding } = jazzerReport(bad, 77);
  expect([executions, edges]).toEqual([31, 41]);
  expect(finding?.what).toContain("Cannot read properties of null");
  expect(finding?.input).toBe("/out/faults/crash-0a");
});

test("a run that says nothing and fails is a finding, too", () => {
  expect(jazzerReport("", null).finding?.what).toContain("null");
});

test("words become a dictionary that is ASCII", () => {
  expect(dictionaryOf(['a"b\\', "\0\xff\n"])).toBe('"a\\x22b\\x5c"\n"\\x00\\xff\\x0a"\n');
});

test("a command has its folders before its options", () => {
  const command = jazzerCommand(["/found", "/known"], { max_total_time: 5, seed: 7 });
  expect(command.indexOf("/found")).toBeLessThan(command.indexOf("/known"));
  expect(command.slice(command.indexOf("--"))).toEqual(["--", "-max_total_time=5", "-seed=7"]);
});
