import { systemClock } from "../../base/clock.ts";
import { type FailBackStep, planFailBack } from "./fail-back.ts";
import type { RunningHaService } from "./ha-service.ts";

export type FailBackOutcome =
  | { readonly kind: "refused"; readonly reasons: readonly string[] }
  /** It stands where it is: nothing is undone. */
  | { readonly kind: "stuck"; readonly step: FailBackStep }
  | { readonly kind: "done"; readonly byHand: string };

type Service = Pick<RunningHaService, "status" | "order" | "lowerFailureFlag">;

const lookMs = 20;

/** Runs the fail-back of the active node that `service` is; tells each step before it is taken. */
export async function runFailBack(
  service: Service,
  tell: (line: string) => void,
): Promise<FailBackOutcome> {
  const plan = planFailBack(service.status());
  if (plan.kind === "refused") return plan;
  for (const step of plan.steps) {
    tell(`${step.requirement}: ${step.text}`);
    if (step.act === "lower-failure-flag") await service.lowerFailureFlag();
    if (step.act === "hand-over") service.order("hand-over");
    if (!(await isDoneInTime(service, step))) return { kind: "stuck", step };
  }
  return { kind: "done", byHand: plan.byHand };
}

async function isDoneInTime(service: Service, { isDone, msMax }: FailBackStep): Promise<boolean> {
  const deadlineMs = systemClock.monotonicMs() + msMax;
  while (!isDone(service.status())) {
    if (systemClock.monotonicMs() >= deadlineMs) return false;
    await new Promise<void>((resolve) => setTimeout(resolve, lookMs));
  }
  return true;
}
