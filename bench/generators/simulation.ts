import { measurementOf, type TrialSettings } from "../../simulator/capacity/trial.ts";
import type { RunPlan } from "../../simulator/plan/run-plan.ts";
import { runSimulation } from "../../simulator/run/edge/coordinator.ts";
import { answerRequests } from "./answer-requests.ts";

export interface SimulationRequest {
  readonly plan: RunPlan;
  readonly settings: TrialSettings;
}

// The simulator in a process of its own, so that it can have a processor and a network of its own.
answerRequests(async ({ plan, settings }: SimulationRequest) =>
  measurementOf(await runSimulation(plan, () => {}), settings),
);
