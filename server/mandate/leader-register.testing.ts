import type { ClaimRequest, Holder, LeaderRecord, Leadership } from "./leadership.ts";

/** The leadership record with compare-and-swap, and with a holder that has to show itself. */
export class LeaderRegister {
  record: LeaderRecord = {
    epoch: 0,
    holder: undefined,
    hold: "released",
    failureInProgress: false,
  };
  /** When the holder showed itself last. */
  #seenAtMs = 0;
  readonly #holdMs: number;

  constructor(holdMs: number) {
    this.#holdMs = holdMs;
  }

  /** Whether the record is that of `holder` at `epoch`: what guards a commit. */
  isHeldBy({ bootId }: Holder, epoch: number): boolean {
    const { hold, holder } = this.record;
    return hold === "held" && holder?.bootId === bootId && this.record.epoch === epoch;
  }

  claim(holder: Holder, request: ClaimRequest, nowMs: number): number | undefined {
    const epoch = request.seenEpoch + 1;
    if (this.isHeldBy(holder, epoch)) return epoch;
    if (this.record.epoch !== request.seenEpoch) return undefined;
    const failureInProgress = this.record.failureInProgress || request.raisesFailureFlag;
    this.record = { epoch, holder, hold: "held", failureInProgress };
    this.#seenAtMs = nowMs;
    return epoch;
  }

  release(holder: Holder, epoch: number, raisesFailureFlag: boolean): void {
    if (!this.isHeldBy(holder, epoch)) return;
    const failureInProgress = this.record.failureInProgress || raisesFailureFlag;
    this.record = { ...this.record, hold: "released", failureInProgress };
  }

  lowerFailureFlag(holder: Holder, epoch: number): boolean {
    if (!this.isHeldBy(holder, epoch)) return false;
    this.record = { ...this.record, failureInProgress: false };
    return true;
  }

  keepAlive({ bootId }: Holder, nowMs: number): void {
    if (this.record.holder?.bootId === bootId) this.#seenAtMs = nowMs;
  }

  pass(nowMs: number): void {
    if (this.record.hold === "held" && nowMs - this.#seenAtMs > this.#holdMs) {
      this.record = { ...this.record, hold: "expired" };
    }
  }
}

/** One register for both nodes of a test, without a store between them. */
export function leadershipOn(register: LeaderRegister, self: Holder): Leadership {
  return {
    current: () => register.record,
    isInSync: () => true,
    revision: () => 42,
    claim: async (request) => {
      const epoch = register.claim(self, request, 0);
      const { seenEpoch } = request;
      return epoch === undefined ? { kind: "lost", seenEpoch } : { kind: "won", seenEpoch, epoch };
    },
    release: async (epoch, raisesFailureFlag) => register.release(self, epoch, raisesFailureFlag),
    confirm: async (epoch) => register.isHeldBy(self, epoch),
    lowerFailureFlag: async (epoch) => register.lowerFailureFlag(self, epoch),
  };
}
