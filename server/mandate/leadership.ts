export interface Holder {
  readonly node: string;
  readonly bootId: string;
}

/** The leadership of the pair as the store has it. It outlives its holder. */
export interface LeaderRecord {
  /** Rises with every claim; 0 before the first one. */
  readonly epoch: number;
  /** The node that claimed it last; undefined at epoch 0 only. */
  readonly holder: Holder | undefined;
  /** `expired`: the holder disappeared from the store without a release. At epoch 0 `released`. */
  readonly hold: "held" | "released" | "expired";
  /** HA-13, step 1. */
  readonly failureInProgress: boolean;
}

export interface ClaimRequest {
  /** The claim is refused when the record has another epoch by then. */
  readonly seenEpoch: number;
  /** False leaves the flag unchanged. */
  readonly raisesFailureFlag: boolean;
}

/** `unavailable`: the store did not answer; the claim may or may not have succeeded. */
export type ClaimOutcome = { readonly seenEpoch: number } & (
  | { readonly kind: "won"; readonly epoch: number }
  | { readonly kind: "lost" }
  | { readonly kind: "unavailable" }
);

/**
 * What a node needs from the store that decides who serves. Every promise settles within a time that the
 * implementation bounds; none rejects. The same record guards the commits of leases: a commit by a holder
 * whose epoch is over is refused (HA-10 without STONITH).
 */
export interface Leadership {
  /** The record as last seen, without asking; undefined until the store has answered once. */
  current(): LeaderRecord | undefined;
  /** Whether this node has every lease that the store has, as far as it can know. */
  isInSync(): boolean;
  /** The store's revision as far as this node has followed it. */
  revision(): number;
  /**
   * One compare-and-swap: epoch `seenEpoch` becomes `seenEpoch` + 1, held by this node's boot. Also `won`
   * when an earlier call with the same `seenEpoch` succeeded but its answer was lost.
   */
  claim(request: ClaimRequest): Promise<ClaimOutcome>;
  /** Does nothing when the leadership of `epoch` is no longer ours. */
  release(epoch: number, raisesFailureFlag: boolean): Promise<void>;
  /**
   * Asks the store itself whether this node's boot still holds `epoch`. Also false when it did not
   * answer.
   */
  confirm(epoch: number): Promise<boolean>;
  /** HA-16, step 1. False when the store did not answer or `epoch` is over. */
  lowerFailureFlag(epoch: number): Promise<boolean>;
}
