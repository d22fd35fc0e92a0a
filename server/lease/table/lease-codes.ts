import { type BindingState, bindingStates } from "../lease.ts";

// How the table's columns encode the fields of a record.

/** State codes: 0 = free and never used, otherwise the index in `bindingStates` plus one. */
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

/** Stored times are seconds since the epoch: 0 = not stated, this value = never. */
export const NEVER = 0xffff_ffff;

/** Code of a state; 0 when it is undefined. */
export function codeOf(state: BindingState | undefined): number {
  return state === undefined ? 0 : bindingStates.indexOf(state) + 1;
}

export function stateOfCode(code: number): BindingState {
  return bindingStates[code - 1]!;
}

/** Stored form of a record's time (null = never) or a caller's time (Infinity = never). */
export function toStored(seconds: number | null | undefined): number {
  if (seconds === undefined) return 0;
  return seconds === null || seconds >= NEVER ? NEVER : Math.max(0, seconds) >>> 0;
}

/** A stored time for callers: Infinity = never. */
export function fromStored(stored: number): number {
  return stored === NEVER ? Number.POSITIVE_INFINITY : stored;
}

/** A stored time for records: null = never. */
export function toRecordTime(stored: number): number | null {
  return stored === NEVER ? null : stored;
}
