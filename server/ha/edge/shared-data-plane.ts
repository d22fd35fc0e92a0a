import { assert } from "../../../base/assert.ts";
import type { EtcdLeadership } from "../../mandate/edge/etcd-leadership.ts";
import type { SharedPairState } from "../../mandate/shared-pair-state.ts";
import type { DataPlanePulse } from "../watchdog.ts";
import type { DataPlane } from "./ha-service.ts";

export type MandateSource = Pick<EtcdLeadership, "termOf" | "confirm">;

/** A data plane that runs in another thread, seen through shared memory. */
export class SharedDataPlane implements DataPlane {
  readonly pulse: DataPlanePulse;
  readonly #pairState: SharedPairState;
  readonly #leadership: MandateSource;
  readonly #wake: () => void;
  #isAsking = false;

  /** `wake` ends the wait of the loop that serves. */
  constructor(
    pairState: SharedPairState,
    pulse: DataPlanePulse,
    leadership: MandateSource,
    wake: () => void,
  ) {
    this.pulse = pulse;
    this.#pairState = pairState;
    this.#leadership = leadership;
    this.#wake = wake;
  }

  set leaseBaseMs(baseMs: number) {
    this.#pairState.leaseBaseMs = baseMs;
  }

  get leaseBaseMs(): number {
    return this.#pairState.leaseBaseMs;
  }

  get isAnswering(): boolean {
    return this.#pairState.answeringEpoch !== 0;
  }

  /** Without a mandate, a suspicion holds nothing up. */
  get isSuspect(): boolean {
    return this.#pairState.mandate !== undefined && this.#pairState.isSuspect;
  }

  get areManyUndecidable(): boolean {
    return this.#pairState.areManyUndecidable;
  }

  startAnswering(epoch: number): void {
    const term = this.#leadership.termOf(epoch);
    assert(term !== undefined, "a leadership whose beginning was not seen");
    this.#pairState.mandate = { epoch, term };
    this.#wake();
  }

  stopAnswering(): void {
    this.#pairState.mandate = undefined;
    this.#wake();
  }

  /** Asks the store about a suspicion after it was raised, as often as needed. */
  turn(): void {
    const pairState = this.#pairState;
    const { mandate, suspicion } = pairState;
    if (this.#isAsking || mandate === undefined || !pairState.isSuspect) return;
    this.#isAsking = true;
    void this.#leadership.confirm(mandate.epoch).then((holds) => {
      this.#isAsking = false;
      if (!holds || pairState.mandate?.epoch !== mandate.epoch) return;
      pairState.confirm(suspicion);
      this.#wake();
    });
  }
}
