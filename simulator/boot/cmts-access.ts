import type { BootContext } from "./boot-context.ts";
import { CmtsGate, gateShare, NOT_HEARD } from "./cmts-gate.ts";
import { stepWaitMs } from "./step.ts";

export type CmtsStep = "ranging" | "registration";
/** "waiting": the device's timer is set; `timeOut` decides. */
export type CmtsVerdict = "done" | "waiting" | "gave-up";

/** How modems reach their CMTS, for the ranging and for the registration. */
export class CmtsAccess {
  readonly #context: BootContext;
  readonly #gates: Readonly<Record<CmtsStep, CmtsGate>>;

  /** Throws RangeError for a policy that cannot work. */
  constructor(context: BootContext) {
    const { population, shard, policy } = context;
    const share = gateShare(population.cmtsPeriod, shard.count);
    const gateOf = (step: CmtsStep) =>
      new CmtsGate(step, population.cmtsCount, policy[step], share);
    this.#context = context;
    this.#gates = { ranging: gateOf("ranging"), registration: gateOf("registration") };
  }

  /** The modem asks. The CMTS serves it in its turn, or does not hear it, and then it asks again. */
  ask(local: number, step: CmtsStep, nowMs: number): CmtsVerdict {
    const { population, shard, policy, table, timers, random } = this.#context;
    const cmts = population.cmtsOf(shard.deviceOf(local));
    const doneAtMs = this.#gates[step].doneAtMs(cmts, nowMs);
    if (doneAtMs !== NOT_HEARD) {
      if (doneAtMs <= nowMs) return "done";
      table.isAdmitted[local] = 1;
      timers.schedule(local, doneAtMs);
      return "waiting";
    }
    const waitMs = stepWaitMs(policy[step].retry, table.tries[local], random(local));
    table.isAdmitted[local] = 0;
    table.tries[local] += 1;
    timers.schedule(local, nowMs + waitMs);
    return "waiting";
  }

  /** The device's timer ran out: it was served, or asks once more, or has asked often enough. */
  timeOut(local: number, step: CmtsStep, nowMs: number): CmtsVerdict {
    const { policy, table } = this.#context;
    if (table.isAdmitted[local] !== 0) return "done";
    if (table.tries[local] >= policy[step].retry.triesMax) return "gave-up";
    return this.ask(local, step, nowMs);
  }
}
