import { median } from "../../base/median.ts";
import type { Processors } from "../../lab/machine/processors.ts";
import type { Environment } from "../../reports/result/run-result.ts";
import type { GeneratorBenchPlan } from "./generator-bench-plan.ts";

export const GENERATOR_BENCH_SCHEMA = "provlab/bench-generator@2";

export type GeneratorName = "provlab" | "perfdhcp";

/** What is measured of a generator at any load; undefined where the kernel does not say. */
export interface LoadSample {
  /** Of the transactions that it began. */
  readonly completedShare: number;
  /** Replies that came when their transaction had been given up; our own counts them as lost. */
  readonly lateReplies?: number;
  /** Of one processor; perfdhcp keeps its own busy in any case. */
  readonly cpuPercent?: number;
  /** How much of its processor time the kernel took, for receiving and sending above all. */
  readonly kernelPercent?: number;
  /** Of one processor, while there was load. */
  readonly responderCpuPercent: number;
  /** Of what was sent to it. */
  readonly responderLostShare: number;
  /** How much of the time other programs had our generator's processor. */
  readonly starvedPercent?: number;
}

/** One measurement at the maximum. */
export interface MaximumSample extends LoadSample {
  readonly generator: GeneratorName;
  readonly round: number;
  readonly mode: string;
  /** DORA completed a second. */
  readonly perSecond: number;
}

/** One measurement at the fixed rate. */
export interface FixedSample extends LoadSample {
  readonly generator: GeneratorName;
  readonly round: number;
  readonly sentPerSecond: number;
  /** How late it sent; perfdhcp does not say. */
  readonly slipMsP99?: number;
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

/** A responder that is busy for this much of the time, or loses this much, is the limit. */
const RESPONDER_BUSY_PERCENT = 95;
const RESPONDER_LOST_SHARE = 0.001;

function isResponderLimit({ responderCpuPercent, responderLostShare }: LoadSample): boolean {
  return (
    responderCpuPercent >= RESPONDER_BUSY_PERCENT || responderLostShare >= RESPONDER_LOST_SHARE
  );
}

export interface MaximumSummary {
  /** Of the best of each round. */
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
  readonly mode: string;
  readonly responderCpuPercent: number;
  /** The figure says how fast the responder is; the generator may be faster. */
  readonly isResponderLimited: boolean;
  /** The best sample of each round, slowest first. */
  readonly samples: readonly MaximumSample[];
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
    isResponderLimited: samples.some(isResponderLimit),
    samples,
  };
}

/** The most that other programs took from our generator in any measurement: 0 on a quiet machine. */
export function starvedPercentOf({
  maximum,
  fixed,
}: Pick<GeneratorBenchResult, "maximum" | "fixed">): number {
  return Math.max(0, ...[...maximum, ...fixed].map(({ starvedPercent }) => starvedPercent ?? 0));
}

export function fixedOf(
  { fixed }: Pick<GeneratorBenchResult, "fixed">,
  generator: GeneratorName,
): readonly FixedSample[] {
  return fixed.filter((sample) => sample.generator === generator);
}

/** The middle one of a figure; undefined when nobody measured it. */
export function medianOf<Sample>(
  samples: readonly Sample[],
  figure: (sample: Sample) => number | undefined,
): number | undefined {
  return median(samples.flatMap((sample) => figure(sample) ?? []));
}
