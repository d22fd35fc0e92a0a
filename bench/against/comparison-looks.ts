import {
  type Judgement,
  judge,
  type Metric,
  type MetricRuns,
} from "../../reports/compare/judge.ts";
import type { BlockFigures } from "./paired-block.ts";

/**
 * The smallest effects that count, and what counts as none: half as large as for runs one after the other,
 * because both sides of a block shared all disturbances. The serving thread shows a change of the server
 * undiluted. A server that burns 5 % more takes larger batches, so that its other threads have less to do,
 * and the whole process costs 3 to 4 % more.
 */
const metrics: readonly (readonly [keyof BlockFigures, Metric])[] = [
  [
    "servingMicrosPerTransaction",
    metric("serving thread's CPU a transaction", "µs", "less", 0.025, 0.05),
  ],
  ["cpuMicrosPerTransaction", metric("server CPU a transaction", "µs", "less", 0.025, 0.05)],
  ["completedPerSecond", metric("throughput, on one processor", "/s", "more", 0.025, 0.05)],
  ["latencyMsP50", metric("service time p50", "ms", "less", 0.05, 0.1)],
  ["residentMiBMax", metric("server memory", "MiB", "less", 0.1, 0.1)],
];

/** The figures of one block, whichever side started first. */
export interface Block {
  readonly base: BlockFigures;
  readonly current: BlockFigures;
}

/**
 * After how many blocks the figures are looked at, and the level of all looks together. At each look a
 * share of `alpha` is spent (Bonferroni), so that looking early and going on costs no false alarms. Ten
 * blocks are the fewest whose signs can be found at half a percent.
 */
export const lookPlan: { readonly blocks: readonly number[]; readonly alpha: number } = {
  ...{ blocks: [10, 14], alpha: 0.01 },
};

export function lookAt(blocks: readonly Block[], seed: number): Judgement {
  const { alpha, blocks: looks } = lookPlan;
  const runs = metrics.map(([name, about]): MetricRuns => {
    return {
      metric: about,
      base: blocks.map(({ base }) => base[name]),
      current: blocks.map(({ current }) => current[name]),
    };
  });
  return judge(runs, { design: "pairs", alpha: alpha / looks.length, seed });
}

/** Whether a look ends the comparison. */
export function isClear({ verdict }: Judgement): boolean {
  return verdict === "regressed" || verdict === "same";
}

/** A B B A: starting first is luck, good or bad, so the sides take turns. */
export function startsWithCurrent(block: number): boolean {
  return block % 4 === 1 || block % 4 === 2;
}

/** Whether each side has started first equally often: only then does that luck cancel out. */
export function isBalanced(blocks: number): boolean {
  return blocks % 2 === 0;
}

function metric(
  name: string,
  unit: string,
  better: Metric["better"],
  effectMin: number,
  sameWithin: number,
): Metric {
  return { name, unit, better, scale: "ratio", effectMin, sameWithin };
}
