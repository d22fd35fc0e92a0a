/**
 * How long a datagram is on its way, in ms. `normal` and `exponential` have the given mean and a standard
 * deviation of `jitterMs`: a bell that is cut at 0, and a shortest way of mean less jitter with a long tail.
 */
export type NetworkDelay =
  | { readonly kind: "fixed"; readonly ms: number }
  | { readonly kind: "uniform"; readonly minMs: number; readonly maxMs: number }
  | {
      readonly kind: "normal" | "exponential";
      readonly meanMs: number;
      readonly jitterMs: number;
    };

/** What becomes of the datagrams that go one way; all percentages are 0 to 100, of every datagram. */
export interface DirectionConditions {
  readonly lossPercent: number;
  /** Arrive twice, the second copy with the first. */
  readonly duplicatePercent: number;
  /** Are held back by `reorderByMs` more, so that what follows on their way passes them. */
  readonly reorderPercent: number;
  readonly reorderByMs: number;
  readonly delay: NetworkDelay | undefined;
}

/** What one CMTS forwards, in each direction; what finds the queue full is dropped. */
export interface CmtsThrottlePlan {
  readonly packetsPerSecond: number;
  readonly queuePackets: number;
}

/**
 * What becomes of datagrams between the devices and their servers, whatever the protocol. What is said for
 * one direction alone replaces what is said for both.
 */
export interface NetworkPlan extends Partial<DirectionConditions> {
  readonly lossPercent: number;
  readonly toServer?: Partial<DirectionConditions> | undefined;
  readonly toDevices?: Partial<DirectionConditions> | undefined;
  /** Undefined: a CMTS forwards whatever comes. */
  readonly cmts?: CmtsThrottlePlan | undefined;
}

export const networkDirections = ["toServer", "toDevices"] as const;
export type NetworkDirection = (typeof networkDirections)[number];

const fair: DirectionConditions = {
  lossPercent: 0,
  duplicatePercent: 0,
  reorderPercent: 0,
  reorderByMs: 0,
  delay: undefined,
};

/** The conditions of one direction, complete. */
export function conditionsOf(plan: NetworkPlan, direction: NetworkDirection): DirectionConditions {
  return { ...fair, ...said(plan), ...said(plan[direction] ?? {}) };
}

/** Whether every datagram arrives, once, at once. */
export function isFair(plan: NetworkPlan): boolean {
  return (
    plan.cmts === undefined &&
    networkDirections.every((direction) => {
      const { lossPercent, duplicatePercent, reorderPercent, delay } = conditionsOf(
        plan,
        direction,
      );
      return lossPercent + duplicatePercent + reorderPercent === 0 && delay === undefined;
    })
  );
}

/** The conditions that have a value. */
function said(conditions: Partial<DirectionConditions>): Partial<DirectionConditions> {
  const names = Object.keys(fair) as (keyof DirectionConditions)[];
  return Object.fromEntries(
    names.flatMap((name) => (conditions[name] === undefined ? [] : [[name, conditions[name]]])),
  );
}
