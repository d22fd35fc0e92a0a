import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { packageRoot } from "../../../lab/machine/package-root.ts";
import { corpusFolder, keptInputs, knownInputs } from "./corpus.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { keptLimits } from "./keep-inputs.ts";
import { fuzzTargetNames, fuzzTargets, play } from "./targets.ts";

// What fuzzing found once is played for ever.

describe.each(fuzzTargetNames)("%s", async (name) => {
  const { target }: { readonly target: FuzzTarget } = await fuzzTargets[name].load();

  test.each(knownInputs(name))("$path", ({ bytes }) => play(target, bytes));

  test("its corpus is there, and small", () => {
    const kept = keptInputs(name);
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.length).toBeLessThanOrEqual(keptLimits.files);
    expect(kept.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeLessThanOrEqual(
      keptLimits.bytes,
    );
  });
});

test("no corpus is of a parser that is not there", () => {
  const folders = readdirSync(join(packageRoot, corpusFolder(fuzzTargetNames[0]), ".."));
  expect(folders.toSorted()).toEqual(fuzzTargetNames.toSorted());
});

test("the bytes of an input end where its view ends", () => {
  const seen: number[] = [];
  const read = (bytes: Uint8Array): void => {
    seen.push(bytes.length, bytes.byteOffset, bytes.buffer.byteLength - bytes.byteOffset);
  };
  play({ read }, Uint8Array.of(1, 2, 3));
  expect(seen[0]).toBe(3);
  expect(seen[1]).toBeGreaterThan(0);
  expect(seen[2]).toBeGreaterThan(3);
});
