import type { RunPlan } from "../../simulator/plan/run-plan.ts";
import { runSimulation } from "../../simulator/run/edge/coordinator.ts";
import type { SimulationOutcome } from "../../simulator/run/outcome.ts";
import type { GeneratorReply } from "../harness/generator-messages.ts";

/** What of a run a profile is laid beside: its last phase. */
export interface ProfiledPhase {
  /** Wall clock, ms since the epoch, while arrivals were handed out. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly offered: number;
  readonly completed: number;
  /** Why the generator was the limit, one sentence each. */
  readonly problems: readonly string[];
}

// A process of its own, as the bench has: it sits on a processor and in a network of its own.
process.on("message", (plan: RunPlan) => {
  void answer(plan).then((reply) => process.send?.(reply));
});
process.on("disconnect", () => process.exit());

async function answer(plan: RunPlan): Promise<GeneratorReply<ProfiledPhase>> {
  try {
    return { kind: "measured", result: lastPhaseOf(await runSimulation(plan, () => {})) };
  } catch (error) {
    return { kind: "failed", message: error instanceof Error ? error.message : String(error) };
  }
}

function lastPhaseOf({ startedAtMs, phases, health }: SimulationOutcome): ProfiledPhase {
  const phase = phases.at(-1)!;
  const fromMs = startedAtMs + phase.startedAtMs;
  const { offered, completed } = phase.streams[0]!.counters;
  return {
    fromMs,
    toMs: fromMs + phase.durationMs,
    offered,
    completed,
    problems: health.problems,
  };
}
