import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunResult } from "../../../reports/result/run-result.ts";
import { Population } from "../../../scenarios/population/population.ts";
import type { RunPlan } from "../../../simulator/plan/run-plan.ts";
import { mergeProblem, mergeSegments } from "../../../simulator/run/merge.ts";
import type { SimulationOutcome } from "../../../simulator/run/outcome.ts";
import type { RunOrder } from "../plan/run-order.ts";
import type { BundledServer } from "../server/bundled-server.ts";
import { auditFile } from "./audit-on-threads.ts";
import { historyLines } from "./history-file.ts";
import type { Measurement } from "./measurement-schema.ts";
import { runResultOf } from "./run-result-of.ts";
import { encodeSegment, SEGMENT_FILE, type Segment, SegmentFileError } from "./segment-file.ts";

/** Margin between readings of the same clock, in whole ms. */
const ONE_CLOCK_MARGIN_MS = 2;

/**
 * Makes the result of a run from all its segments. `clockMarginMs` is how far the clocks of different machines may
 * be apart. `bundled` is the server, where its lease file is within reach. Rejects with SegmentFileError when the
 * segments do not fit together.
 */
export async function mergedResultOf(
  parts: readonly Segment[],
  clockMarginMs: number,
  bundled?: BundledServer,
): Promise<{ readonly result: RunResult; readonly outcome: SimulationOutcome }> {
  const segments = parts.toSorted((a, b) => a.record.index - b.record.index);
  const problem = mergeProblem(segments.map(({ record }) => record)) ?? differenceIn(segments);
  if (problem !== undefined) throw new SegmentFileError(problem);
  const { plan, scenario, sha256, environment, target } = segments[0];
  const population = new Population(plan.population);
  const isOneClock = new Set(segments.map(({ summary }) => summary.host)).size === 1;
  const marginMs = isOneClock ? ONE_CLOCK_MARGIN_MS : clockMarginMs;
  const outcome = merged(segments, marginMs);
  const result = runResultOf({
    ...{ scenario, sha256, population, outcome },
    environment: {
      ...environment,
      workers: outcome.workers,
      ...(bundled && { durability: bundled.durability }),
    },
    target,
    // The server still runs: a lease that is not in the file now would not survive a power cut.
    audit: bundled && (await auditFile(bundled.leaseFile, outcome.leases, population)),
    server: bundled?.usage(),
    memoryMiB: Math.max(...segments.map(({ memoryMiB }) => memoryMiB)),
  });
  const summaries = segments.map(({ summary, record }) => ({
    ...summary,
    startedAfterMs: Math.round(record.startedAtMs - outcome.startedAtMs),
  }));
  return { result: { ...result, segments: summaries }, outcome };
}

function merged(segments: readonly Segment[], marginMs: number): SimulationOutcome {
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
function differenceIn(segments: readonly Segment[]): string | undefined {
  const traits: Readonly<Record<string, (segment: Segment) => unknown>> = {
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

/** Writes a segment beside its result, for `prov merge`. */
export function keepSegment(folder: string, order: RunOrder, measured: Measurement): void {
  writeFileSync(join(folder, SEGMENT_FILE), encodeSegment(order, measured));
}

/** Removes the segment that an earlier run left beside its result. */
export function removeSegment(folder: string): void {
  rmSync(join(folder, SEGMENT_FILE), { force: true });
}

export function writeHistory(path: string, plan: RunPlan, { phases }: SimulationOutcome): void {
  writeFileSync(path, [...historyLines(plan, phases)].join(""));
}
