import type { NetworkDelay, NetworkPlan } from "./network-section.ts";

/** What happens to the datagrams that go one way; percentages are 0 to 100, of every datagram. */
export interface DirectionConditions {
  readonly lossPercent: number;
  /** Arrive twice, both copies together. */
  readonly duplicatePercent: number;
  /** Held back by another `reorderByMs`, so that later datagrams pass them. */
  readonly reorderPercent: number;
  readonly reorderByMs: number;
  readonly delay: NetworkDelay | undefined;
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

/** Held back so long that a packet sent right after it passes, without looking lost. */
const REORDER_BY_MS = 20;

/** The conditions of one direction, complete. */
export function conditionsOf(plan: NetworkPlan, direction: NetworkDirection): DirectionConditions {
  return { ...fair, ...given(plan), ...given(plan[direction] ?? {}) };
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

type Given = {
  readonly [Name in keyof DirectionConditions]?: DirectionConditions[Name] | undefined;
};

/** The conditions that have a value. */
function given(conditions: Given): Partial<DirectionConditions> {
  const reorderByMs = conditions.reorderPercent === undefined ? undefined : REORDER_BY_MS;
  const all = { ...conditions, reorderByMs: conditions.reorderByMs ?? reorderByMs };
  const names = Object.keys(fair) as (keyof DirectionConditions)[];
  return Object.fromEntries(
    names.flatMap((each) => (all[each] === undefined ? [] : [[each, all[each]]])),
  );
}
