import { systemClock } from "../../../base/clock.ts";
import type { OrderEnd, OrderLine } from "../control-messages.ts";
import { FailBack, planFailBack } from "../fail-back.ts";
import type { HaService } from "./ha-service.ts";

type Service = Pick<HaService, "status" | "order" | "lowerFailureFlag" | "isOver">;

const lookMs = 5;
/** The node forgets its failure at its next turn. */
const cleanUpMsMax = 60_000;

/**
 * Runs the fail-back on the active node `service`; reports each step before it is taken and how far it is,
 * and returns the end. It stops when the service stops.
 */
export async function runFailBack(
  service: Service,
  tell: (line: OrderLine) => void,
): Promise<OrderEnd> {
  const plan = planFailBack(service.status());
  if (plan.kind === "refused") return plan;
  const startMs = systemClock.monotonicMs();
  const failBack = new FailBack(plan, startMs);
  let step = "";
  while (!service.isOver) {
    const { lines, act, end } = failBack.turn(systemClock.monotonicMs(), service.status());
    for (const line of lines) {
      if (line.kind === "step") step = `${line.requirement}: ${line.text}`;
      tell(line);
    }
    if (act === "lower-failure-flag") await service.lowerFailureFlag();
    if (act === "hand-over") service.order("hand-over");
    if (end !== undefined) return end;
    await look();
  }
  return shutDown(step, startMs);
}

/** OPS-13: clears the recorded failure, and the node stands by again. */
export async function runCleanUp(service: Service): Promise<OrderEnd> {
  const [{ node, role, troubles }] = service.status().nodes;
  if (role !== "failed") {
    const reason = `${node} is ${role}: only a node that has failed is cleaned up`;
    return { kind: "refused", reasons: [reason, ...troubles] };
  }
  service.order("clean-up");
  const step = `OPS-13: ${node} stands by again`;
  const startMs = systemClock.monotonicMs();
  while (!service.isOver) {
    if (service.status().nodes[0].role !== "failed") return { kind: "done" };
    if (systemClock.monotonicMs() - startMs >= cleanUpMsMax) {
      return { kind: "stuck", step, msMax: cleanUpMsMax };
    }
    await look();
  }
  return shutDown(step, startMs);
}

function shutDown(step: string, startMs: number): OrderEnd {
  const msMax = Math.round(systemClock.monotonicMs() - startMs);
  return { kind: "stuck", step, msMax, why: "this node was shut down meanwhile" };
}

function look(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, lookMs));
}
