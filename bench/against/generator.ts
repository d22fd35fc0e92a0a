import type { RunPlan } from "../../simulator/plan/run-plan.ts";
import { runSimulation } from "../../simulator/run/edge/coordinator.ts";
import type { SimulationOutcome } from "../../simulator/run/outcome.ts";
import type { GeneratorReply } from "../harness/generator-messages.ts";

/** What the only phase of a run showed. */
export interface LoopMeasurement {
  readonly completed: number;
  readonly completedPerSecond: number;
  readonly latencyMsP50: number;
  readonly latencyMsP99: number;
  /** Acknowledgements that no correct server gives; see the simulator's safety checker. */
  readonly violations: number;
}

// A process of its own, as the bench has: it sits on a processor of its own and goes with its parent.
process.on("message", (plan: RunPlan) => {
  void answer(plan).then((reply) => process.send?.(reply));
});
process.on("disconnect", () => process.exit());

async function answer(plan: RunPlan): Promise<GeneratorReply<LoopMeasurement>> {
  try {
    return { kind: "measured", result: measurementOf(await runSimulation(plan, () => {})) };
  } catch (error) {
    return { kind: "failed", message: error instanceof Error ? error.message : String(error) };
  }
}

function measurementOf({ phases, safety }: SimulationOutcome): LoopMeasurement {
  const { counters, latency, achievedPerSecond } = phases[0]!.streams[0]!;
  return {
    completed: counters.completed,
    completedPerSecond: achievedPerSecond,
    latencyMsP50: latency.percentileMs(50),
    latencyMsP99: latency.percentileMs(99),
    violations: Object.values(safety.counters).reduce((sum, count) => sum + count, 0),
  };
}
