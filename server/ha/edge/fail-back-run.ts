import { systemClock } from "../../../base/clock.ts";
import type { OrderEnd, OrderLine } from "../control-messages.ts";
import { type FailBackStep, planFailBack } from "../fail-back.ts";
import type { HaService } from "./ha-service.ts";

type Service = Pick<HaService, "status" | "order" | "lowerFailureFlag" | "isOver">;

const lookMs = 5;
const cleanUpMsMax = 5000;

/**
 * Runs the fail-back on the active node `service`; reports each step before it is taken, and returns the
 * end. It stops when the service stops.
 */
export async function runFailBack(
  service: Service,
  tell: (line: OrderLine) => void,
): Promise<OrderEnd> {
  const plan = planFailBack(service.status());
  if (plan.kind === "refused") return plan;
  const startMs = systemClock.monotonicMs();
  let stoppedAtMs = startMs;
  let gapMs = 0;
  for (const step of plan.steps) {
    const nowMs = systemClock.monotonicMs();
    const { requirement, text } = step;
    tell({ kind: "step", elapsedMs: nowMs - startMs, requirement, text });
    if (step.act === "lower-failure-flag") await service.lowerFailureFlag();
    if (step.act === "hand-over") {
      stoppedAtMs = nowMs;
      service.order("hand-over");
    }
    if (!(await isDoneInTime(service, step))) {
      return stuckAt(service, `${requirement}: ${text}`, step.msMax, nowMs);
    }
    if (step.name === "start-there") gapMs = systemClock.monotonicMs() - stoppedAtMs;
  }
  return { kind: "done", gapMs, byHand: plan.byHand };
}

/** OPS-13: clears the recorded failure, and the node stands by again. */
export async function runCleanUp(service: Service): Promise<OrderEnd> {
  const [{ node, role, troubles }] = service.status().nodes;
  if (role !== "failed") {
    const reason = `${node} is ${role}: only a node that has failed is cleaned up`;
    return { kind: "refused", reasons: [reason, ...troubles] };
  }
  service.order("clean-up");
  const isDone: FailBackStep["isDone"] = ({ nodes: [own] }) => own.role !== "failed";
  const msMax = cleanUpMsMax;
  const startMs = systemClock.monotonicMs();
  if (await isDoneInTime(service, { isDone, msMax })) return { kind: "done" };
  return stuckAt(service, `OPS-13: ${node} stands by again`, msMax, startMs);
}

function stuckAt({ isOver }: Service, step: string, msMax: number, startMs: number): OrderEnd {
  if (!isOver) return { kind: "stuck", step, msMax };
  const elapsedMs = Math.round(systemClock.monotonicMs() - startMs);
  return { kind: "stuck", step: `${step}; this node was shut down meanwhile`, msMax: elapsedMs };
}

async function isDoneInTime(
  service: Service,
  { isDone, msMax }: Pick<FailBackStep, "isDone" | "msMax">,
): Promise<boolean> {
  const deadlineMs = systemClock.monotonicMs() + msMax;
  while (!isDone(service.status())) {
    if (service.isOver || systemClock.monotonicMs() >= deadlineMs) return false;
    await new Promise<void>((resolve) => setTimeout(resolve, lookMs));
  }
  return true;
}
