import type { RunPlan } from "../simulator/run-plan.ts";
import type { RunMeasurement, TrialSettings } from "./trial.ts";

/** What the bench asks of its generator process, one at a time. */
export interface GeneratorRequest {
  readonly plan: RunPlan;
  readonly settings: TrialSettings;
}

export type GeneratorReply =
  | { readonly kind: "measured"; readonly measurement: RunMeasurement }
  | { readonly kind: "failed"; readonly message: string };
