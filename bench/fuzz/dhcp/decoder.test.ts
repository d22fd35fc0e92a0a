import { expect, test } from "vitest";
import { decodeErrorCodes } from "../../../protocol/decode-error.ts";
import { samplePackets } from "../../../protocol/dhcp/samples.testing.ts";
import { runSlices } from "../campaign/sliced-run.ts";
import { dhcpDecoder } from "./decoder.ts";

const seed = 20_260_729;

async function run(packets: number) {
  const corpus = samplePackets.map((packet) => packet.bytes);
  const decoder = dhcpDecoder(seed, corpus);
  const { signal } = new AbortController();
  const report = await runSlices(decoder, packets, { signal, onProgress: () => undefined });
  return { ...report, ...decoder.tally, values: decoder.values };
}

test(`50,000 bad packets are values or DecodeErrors (seed ${seed})`, async () => {
  const report = await run(50_000);
  expect(report.failure).toBeUndefined();
  expect(report.count).toBe(50_000);
  // Both sides must be exercised: a fuzzer that only meets the first check proves nothing.
  expect(report.decoded).toBeGreaterThan(5000);
  expect(report.values.decoded).toBeGreaterThan(10_000);
  expect(report.values.rejected).toBeGreaterThan(1000);
  const met = Object.keys(report.rejectedByCode);
  const neverMet = ["too-long", "bad-domain-name"];
  expect(met.sort()).toEqual(decodeErrorCodes.filter((code) => !neverMet.includes(code)).sort());
});

test("the same seed gives the same packets", async () => {
  const [one, two] = [await run(500), await run(500)];
  expect(one.rejectedByCode).toEqual(two.rejectedByCode);
  expect(one.values).toEqual(two.values);
});
