import type { Environment } from "../reports/run-result.ts";
import type { GeneratorBenchPlan } from "./generator-bench-plan.ts";
import type { Processors } from "./processors.ts";
import { median } from "./statistics.ts";

export const GENERATOR_BENCH_SCHEMA = "provlab/bench-generator@1";

export type GeneratorName = "provlab" | "perfdhcp";

/** One measurement at the maximum. */
export interface MaximumSample {
  readonly generator: GeneratorName;
  readonly round: number;
  readonly mode: string;
  /** DORA completed a second. */
  readonly perSecond: number;
  /** Of one processor, while there was load. */
  readonly responderCpuPercent: number;
  /** How much of the time other programs had our generator's processor. */
  readonly starvedPercent?: number;
}

/** One measurement at the fixed rate. */
export interface FixedSample {
  readonly generator: GeneratorName;
  readonly round: number;
  readonly sentPerSecond: number;
  readonly completedShare: number;
  /** How late it sent; perfdhcp does not say. */
  readonly slipMsP99?: number;
  /** Of its worker; perfdhcp keeps its processor busy in any case. */
  readonly cpuPercent?: number;
  readonly responderCpuPercent: number;
  readonly starvedPercent?: number;
}

export interface GeneratorBenchResult {
  readonly schema: typeof GENERATOR_BENCH_SCHEMA;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly environment: Environment;
  readonly processors?: Processors;
  readonly seed: number;
  readonly plan: GeneratorBenchPlan;
  /** Its version; null: it is not installed. */
  readonly perfdhcp: string | null;
  readonly maximum: readonly MaximumSample[];
  readonly fixed: readonly FixedSample[];
}

/** A responder that is busy for this much of the time is the limit. */
const RESPONDER_BUSY_PERCENT = 95;

export interface MaximumSummary {
  /** Of the best of each round. */
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
  readonly mode: string;
  readonly responderCpuPercent: number;
  /** The figure says how fast the responder is; the generator may be faster. */
  readonly isResponderLimited: boolean;
}

/** The best mode of each round, over all rounds; undefined when it was not measured. */
export function maximumOf(
  { maximum }: Pick<GeneratorBenchResult, "maximum">,
  generator: GeneratorName,
): MaximumSummary | undefined {
  const best = new Map<number, MaximumSample>();
  for (const sample of maximum) {
    if (sample.generator !== generator) continue;
    const before = best.get(sample.round);
    if (before === undefined || sample.perSecond > before.perSecond) best.set(sample.round, sample);
  }
  const samples = [...best.values()].sort((a, b) => a.perSecond - b.perSecond);
  const [lowest] = samples;
  const highest = samples.at(-1);
  if (lowest === undefined || highest === undefined) return undefined;
  const responderCpuPercent = Math.max(...samples.map((sample) => sample.responderCpuPercent));
  return {
    median: median(samples.map(({ perSecond }) => perSecond))!,
    lowest: lowest.perSecond,
    highest: highest.perSecond,
    mode: highest.mode,
    responderCpuPercent,
    isResponderLimited: responderCpuPercent >= RESPONDER_BUSY_PERCENT,
  };
}

/** The most that other programs took from our generator in any measurement: 0 on a quiet machine. */
export function starvedPercentOf({
  maximum,
  fixed,
}: Pick<GeneratorBenchResult, "maximum" | "fixed">): number {
  return Math.max(0, ...[...maximum, ...fixed].map(({ starvedPercent }) => starvedPercent ?? 0));
}

/** The middle one of a figure at the fixed rate; undefined when nobody measured it. */
export function fixedOf(
  { fixed }: Pick<GeneratorBenchResult, "fixed">,
  generator: GeneratorName,
  figure: (sample: FixedSample) => number | undefined,
): number | undefined {
  return median(
    fixed
      .filter((sample) => sample.generator === generator)
      .flatMap((sample) => figure(sample) ?? []),
  );
}
