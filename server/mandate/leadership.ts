export interface Holder {
  readonly node: string;
  readonly bootId: string;
}

/** The leadership of the pair, as the store has it. It outlives its holder. */
export interface LeaderRecord {
  /** Grows with every claim; 0 before the first one. */
  readonly epoch: number;
  /** Who claimed it last; undefined at epoch 0 only. */
  readonly holder: Holder | undefined;
  /** `expired`: the holder has vanished from the store without a word. At epoch 0 `released`. */
  readonly hold: "held" | "released" | "expired";
  /** HA-13, step 1. */
  readonly failureInProgress: boolean;
}

export interface ClaimRequest {
  /** The claim is refused when the record has another epoch by then. */
  readonly seenEpoch: number;
  /** False leaves the flag as it is. */
  readonly raisesFailureFlag: boolean;
}

/** `unavailable`: the store did not answer, and the claim may have succeeded or not. */
export type ClaimOutcome = { readonly seenEpoch: number } & (
  | { readonly kind: "won"; readonly epoch: number }
  | { readonly kind: "lost" }
  | { readonly kind: "unavailable" }
);

/**
 * What a node needs of the store that decides who serves. Every promise settles within a time that the
 * implementation bounds; none rejects. Commits of leases are guarded by the same record: one by a
 * holder whose epoch is over is refused (HA-10 without STONITH).
 */
export interface Leadership {
  /** As seen last, without asking; undefined until the store has answered once. */
  current(): LeaderRecord | undefined;
  /** Whether this node has every lease that the store has, as far as it can know. */
  isInSync(): boolean;
  /** Of the store, as far as this node has followed it. */
  revision(): number;
  /**
   * One compare-and-swap: epoch `seenEpoch` becomes `seenEpoch` + 1, held by this node's boot. `won`
   * also when an earlier call with the same `seenEpoch` did so and its answer was lost.
   */
  claim(request: ClaimRequest): Promise<ClaimOutcome>;
  /** Does nothing when the leadership of `epoch` is not ours any more. */
  release(epoch: number, raisesFailureFlag: boolean): Promise<void>;
  /**
   * Asks the store itself: whether `epoch` is still held by this node's boot. False as well when it did
   * not answer.
   */
  confirm(epoch: number): Promise<boolean>;
  /** HA-16, step 1. False when the store did not answer or `epoch` is over. */
  lowerFailureFlag(epoch: number): Promise<boolean>;
}
