import type { TrialSettings } from "../../simulator/capacity/trial.ts";
import type { RunPlan } from "../../simulator/plan/run-plan.ts";

/** What the bench asks of its generator process, one at a time. */
export interface GeneratorRequest {
  readonly plan: RunPlan;
  readonly settings: TrialSettings;
}

/** What a generator process says to a request of any kind. */
export type GeneratorReply<Result> =
  | { readonly kind: "measured"; readonly result: Result }
  | { readonly kind: "failed"; readonly message: string };
