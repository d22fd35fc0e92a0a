import type { RunMeasurement, TrialSettings } from "../../simulator/capacity/trial.ts";
import type { RunPlan } from "../../simulator/plan/run-plan.ts";
import { GeneratorProcess } from "./generator-process.ts";
import type { SimulationRequest } from "./simulation.ts";

/** A run takes its phases' time and this much more at most, for threads to start and end. */
const RUN_GRACE_MS = 60_000;
const program = new URL("./simulation.js", import.meta.url);

/** The simulator as a generator. */
export class SimulatorProcess extends GeneratorProcess<SimulationRequest, RunMeasurement> {
  constructor(wrap: (command: readonly string[]) => readonly string[]) {
    super(program, wrap);
  }

  /** Plays a plan. Throws as `run` does. */
  play(plan: RunPlan, settings: TrialSettings, signal: AbortSignal): Promise<RunMeasurement> {
    const runMs = plan.phases.reduce((sum, phase) => sum + phase.timeLimitMs + phase.drainMs, 0);
    return this.run({ plan, settings }, runMs + RUN_GRACE_MS, signal);
  }
}
