import { type BindingState, bindingStates } from "../lease.ts";

// How the table's columns hold what a record says in words.

/** States in a column: 0 = free and never used, else one more than the place in `bindingStates`. */
export const StateCode = {
  neverUsed: 0,
  free: 1,
  active: 2,
  expired: 3,
  released: 4,
  abandoned: 5,
  reset: 6,
  backup: 7,
} as const;

export const LeaseFlag = { durable: 1, reserved: 2, bootp: 4 } as const;

/** Times in a column are seconds since the epoch: 0 = not stated, this = never. */
export const NEVER = 0xffff_ffff;

/** 0 when there is no state. */
export function codeOf(state: BindingState | undefined): number {
  return state === undefined ? 0 : bindingStates.indexOf(state) + 1;
}

export function stateOfCode(code: number): BindingState {
  return bindingStates[code - 1]!;
}

/** From a record (null = never) or from a caller (Infinity = never). */
export function toStored(seconds: number | null | undefined): number {
  if (seconds === undefined) return 0;
  return seconds === null || seconds >= NEVER ? NEVER : Math.max(0, seconds) >>> 0;
}

/** Infinity = never. */
export function fromStored(stored: number): number {
  return stored === NEVER ? Number.POSITIVE_INFINITY : stored;
}

/** As a record has it: null = never. */
export function toRecordTime(stored: number): number | null {
  return stored === NEVER ? null : stored;
}
