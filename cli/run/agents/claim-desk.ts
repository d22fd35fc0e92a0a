import type { Claim } from "./etcd.ts";

/** A claim is made when its agents are there, so an older one is of a run that is over. */
const CLAIM_AGE_MS_MAX = 60_000;

/**
 * Decides which claims an agent takes: fresh ones that name this start of it, and no run twice. So a claim that somebody
 * recorded in etcd and writes again later is worth nothing, though it was sealed with the right key.
 */
export class ClaimDesk {
  readonly #session: string;
  /** The runs that were taken, with when their claims were made. */
  readonly #taken = new Map<string, number>();

  constructor(session: string) {
    this.#session = session;
  }

  /** Takes the claim; or says why not, with `nowMs` since 1970. */
  refusalOf({ run, session, madeAtMs }: Claim, nowMs: number): string | undefined {
    for (const [old, atMs] of this.#taken) {
      if (nowMs - atMs > CLAIM_AGE_MS_MAX) this.#taken.delete(old);
    }
    if (session !== this.#session) return "the claim is for an earlier start of this agent";
    const ageMs = nowMs - madeAtMs;
    if (Math.abs(ageMs) > CLAIM_AGE_MS_MAX) {
      const seconds = Math.round(Math.abs(ageMs) / 1000);
      return (
        `the claim is ${seconds} s ${ageMs > 0 ? "old" : "ahead"} (limit ${CLAIM_AGE_MS_MAX / 1000} s): ` +
        "let NTP set the clocks of all machines"
      );
    }
    if (this.#taken.has(run)) return `run ${run} was played already`;
    this.#taken.set(run, madeAtMs);
    return undefined;
  }
}
