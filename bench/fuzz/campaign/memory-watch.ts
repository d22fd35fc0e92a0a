import { median } from "../../../base/median.ts";

export interface MemoryVerdict {
  /** MiB, in the second and in the last quarter of the samples; undefined with fewer than eight. */
  readonly before: number | undefined;
  readonly after: number | undefined;
  readonly isFlat: boolean;
}

const SAMPLES_MIN = 8;

/**
 * Whether memory stays flat: the medians of the second and of the last quarter of evenly spaced
 * samples differ by at most `growthMiBMax`. The first quarter is warming up; a median ignores what a
 * garbage collector does between two samples. Too few samples count as flat: nothing was seen.
 */
export function judgeMemory(samplesMiB: readonly number[], growthMiBMax: number): MemoryVerdict {
  if (samplesMiB.length < SAMPLES_MIN) return { before: undefined, after: undefined, isFlat: true };
  const quarter = Math.floor(samplesMiB.length / 4);
  const before = median(samplesMiB.slice(quarter, 2 * quarter))!;
  const after = median(samplesMiB.slice(-quarter))!;
  return { before, after, isFlat: after - before <= growthMiBMax };
}

export function describeMemory({ before, after, isFlat }: MemoryVerdict): string {
  if (before === undefined || after === undefined) return "memory: too few samples to tell";
  const sizes = `${before.toFixed(1)} MiB, then ${after.toFixed(1)} MiB`;
  return `memory ${isFlat ? "flat" : "GROWS"}: ${sizes}`;
}
