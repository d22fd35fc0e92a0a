import { describe, expect, test } from "vitest";
import { Prng } from "../../../base/prng.ts";
import { MUTANT_BYTES_MAX } from "../campaign/packet-draft.ts";
import { packetMutator } from "../campaign/packet-mutator.ts";
import { dhcpShape } from "./packet-shape.ts";

function sample(length: number, fill: number): Uint8Array {
  const bytes = new Uint8Array(length).fill(fill);
  bytes.set([0x63, 0x82, 0x53, 0x63, 53, 1, 1, 61, 3, 1, 2, 3], Math.min(236, length - 12));
  bytes[length - 1] = 255;
  return bytes;
}

const corpus = [sample(300, 1), sample(548, 2), sample(252, 3)];

function mutants(seed: number, count: number, packets = corpus): readonly Uint8Array[] {
  const mutator = packetMutator(dhcpShape, packets, new Prng(seed, 0));
  const target = new Uint8Array(MUTANT_BYTES_MAX);
  return Array.from({ length: count }, () => target.slice(0, mutator(target)));
}

describe("the mutator", () => {
  test("makes the same packets of the same seed, and others of another one", () => {
    expect(mutants(7, 500)).toEqual(mutants(7, 500));
    expect(mutants(7, 500)).not.toEqual(mutants(8, 500));
  });

  test("stays within its length for 20,000 packets, and uses the range (seed 3)", () => {
    const lengths = mutants(3, 20_000).map(({ length }) => length);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(MUTANT_BYTES_MAX);
    expect(Math.min(...lengths)).toBeLessThan(20);
    expect(Math.max(...lengths)).toBeGreaterThan(800);
  });

  test("never writes beyond a target of that length", () => {
    const longest = [sample(MUTANT_BYTES_MAX, 1), sample(260, 2)];
    const mutator = packetMutator(dhcpShape, longest, new Prng(5, 0));
    const memory = new Uint8Array(MUTANT_BYTES_MAX + 64).fill(0xaa);
    const target = memory.subarray(0, MUTANT_BYTES_MAX);
    for (let i = 0; i < 20_000; i += 1) mutator(target);
    expect(memory.subarray(MUTANT_BYTES_MAX).every((byte) => byte === 0xaa)).toBe(true);
  });

  test("leaves its corpus as it is", () => {
    const before = corpus.map((packet) => packet.slice());
    mutants(1, 5000);
    expect(corpus).toEqual(before);
  });

  test("starts from the packet that it is told to", () => {
    const mutator = packetMutator(dhcpShape, corpus, new Prng(11, 0));
    const target = new Uint8Array(MUTANT_BYTES_MAX);
    const likeThird = Array.from({ length: 300 }, () => {
      mutator(target, 2);
      return target[100] === 3;
    });
    expect(likeThird.filter(Boolean).length).toBeGreaterThan(200);
  });

  test("hardly ever hands out a packet unchanged", () => {
    const same = mutants(2, 5000).filter((mutant) =>
      corpus.some((packet) => Buffer.compare(packet, mutant) === 0),
    );
    expect(same.length).toBeLessThan(250);
  });

  test.each([
    ["no packet", []],
    ["a packet that is too long", [new Uint8Array(MUTANT_BYTES_MAX + 1)]],
  ])("refuses %s", (_, packets) => {
    expect(() => packetMutator(dhcpShape, packets, new Prng(1, 0))).toThrow(RangeError);
  });
});
