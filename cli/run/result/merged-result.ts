import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunResult, ServerUsage } from "../../../reports/result/run-result.ts";
import { Population } from "../../../scenarios/population/population.ts";
import { mergeProblem, mergeSegments } from "../../../simulator/run/merge.ts";
import type { AcknowledgedLeases, SimulationOutcome } from "../../../simulator/run/outcome.ts";
import { historyLines } from "./history-file.ts";
import type { LeaseAudit } from "./lease-audit.ts";
import { runResultOf } from "./run-result-of.ts";
import { encodeSegment, SEGMENT_FILE, type SegmentFile, SegmentFileError } from "./segment-file.ts";

/** Margin between readings of the same clock, in whole ms. */
const ONE_CLOCK_MARGIN_MS = 2;

export interface MergedRun {
  readonly result: RunResult;
  readonly outcome: SimulationOutcome;
}

/** What only the process that merges knows. */
export interface MergeFacts {
  /** How far the clocks of different machines may be apart. */
  readonly clockMarginMs: number;
  /** Looks for the leases in the server's lease file, where that is within reach. */
  readonly audit?: (leases: AcknowledgedLeases, population: Population) => Promise<LeaseAudit>;
  readonly server?: () => ServerUsage | undefined;
  readonly durability?: string;
}

/** Makes the result of a run from all its segments. Rejects with SegmentFileError when they do not fit together. */
export async function mergedResultOf(
  parts: readonly SegmentFile[],
  facts: MergeFacts,
): Promise<MergedRun> {
  const segments = parts.toSorted((a, b) => a.record.index - b.record.index);
  const problem = mergeProblem(segments.map(({ record }) => record)) ?? differenceIn(segments);
  if (problem !== undefined) throw new SegmentFileError(problem);
  const { plan, scenario, sha256, environment, target } = segments[0];
  const population = new Population(plan.population);
  const isOneClock = new Set(segments.map(({ summary }) => summary.host)).size === 1;
  const marginMs = isOneClock ? ONE_CLOCK_MARGIN_MS : facts.clockMarginMs;
  const outcome = merged(segments, marginMs);
  const result = runResultOf({
    ...{ scenario, sha256, population, outcome },
    environment: {
      ...environment,
      workers: outcome.workers,
      ...(facts.durability === undefined ? {} : { durability: facts.durability }),
    },
    target,
    audit: await facts.audit?.(outcome.leases, population),
    server: facts.server?.(),
    memoryMiB: Math.max(...segments.map(({ memoryMiB }) => memoryMiB)),
  });
  const summaries = segments.map(({ summary, record }) => ({
    ...summary,
    startedAfterMs: Math.round(record.startedAtMs - outcome.startedAtMs),
  }));
  return { result: { ...result, segments: summaries }, outcome };
}

function merged(segments: readonly SegmentFile[], marginMs: number): SimulationOutcome {
  const records = segments.map(({ record }) => record);
  try {
    return mergeSegments(segments[0].plan, records, marginMs);
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    throw new SegmentFileError(`a segment holds what cannot be: ${error.message}`, {
      cause: error,
    });
  }
}

/** Why the segments are not from the same run; undefined when they are. */
function differenceIn(segments: readonly SegmentFile[]): string | undefined {
  const traits: Readonly<Record<string, (segment: SegmentFile) => unknown>> = {
    scenario: ({ sha256 }) => sha256,
    seed: ({ plan }) => plan.seed,
    "version of provlab": ({ environment }) => `${environment.provlab} ${environment.commit}`,
    target: ({ plan }) => JSON.stringify(plan.servers),
  };
  for (const [name, traitOf] of Object.entries(traits)) {
    const values = new Set(segments.map(traitOf));
    if (values.size > 1) return `the segments differ in their ${name}: ${[...values].join(", ")}`;
  }
  return undefined;
}

/** Writes a segment beside its result, for `prov merge`; `undefined` removes an earlier one. */
export function keepSegment(folder: string, segment: SegmentFile | undefined): void {
  const path = join(folder, SEGMENT_FILE);
  if (segment === undefined) rmSync(path, { force: true });
  else writeFileSync(path, encodeSegment(segment));
}

export function writeHistory(
  path: string,
  plan: SegmentFile["plan"],
  { phases }: SimulationOutcome,
): void {
  writeFileSync(path, [...historyLines(plan, phases)].join(""));
}
