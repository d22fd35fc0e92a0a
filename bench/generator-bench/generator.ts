import type { RunPlan } from "../../simulator/plan/run-plan.ts";
import { runSimulation } from "../../simulator/run/edge/coordinator.ts";
import type { SimulationOutcome } from "../../simulator/run/outcome.ts";
import type { GeneratorReply } from "../harness/generator-messages.ts";

/** What our generator did in the last phase of a plan. */
export interface LoadResult {
  readonly achievedPerSecond: number;
  readonly offered: number;
  readonly completed: number;
  readonly serviceMsP50: number;
  readonly serviceMsP99: number;
  /** Zero in a closed loop, which has no schedule. */
  readonly slipMsP50: number;
  readonly slipMsP99: number;
  readonly cpuPercent: number;
  readonly starvedPercent: number;
  /** Of the whole run: must be zero. */
  readonly violations: number;
}

// The generator under measurement, in a process of its own on a processor of its own.
process.on("message", ({ plan }: { readonly plan: RunPlan }) => {
  void answer(plan).then((reply) => process.send?.(reply));
});
process.on("disconnect", () => process.exit());

async function answer(plan: RunPlan): Promise<GeneratorReply<LoadResult>> {
  try {
    return { kind: "measured", result: loadResultOf(await runSimulation(plan, () => {})) };
  } catch (error) {
    return { kind: "failed", message: error instanceof Error ? error.message : String(error) };
  }
}

function loadResultOf({ phases, safety }: SimulationOutcome): LoadResult {
  const { streams, workers } = phases.at(-1)!;
  const { achievedPerSecond, counters, service, slip } = streams[0]!;
  return {
    achievedPerSecond,
    offered: counters.offered,
    completed: counters.completed,
    serviceMsP50: service.percentileMs(50),
    serviceMsP99: service.percentileMs(99),
    slipMsP50: slip.percentileMs(50),
    slipMsP99: slip.percentileMs(99),
    cpuPercent: workers[0]?.cpuPercent ?? 0,
    starvedPercent: workers[0]?.starvedPercent ?? 0,
    violations: Object.values(safety.counters).reduce((sum, count) => sum + count, 0),
  };
}
