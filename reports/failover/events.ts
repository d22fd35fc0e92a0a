/** One of the two servers of a pair; `a` serves first where the pair is active and standby. */
export type PairSide = "a" | "b";

/** Something that was done to a pair on the timeline of a run. Times are ms since the run began. */
export interface ExecutedEvent {
  /** What it is called in tables and thresholds: `kill-active`. */
  readonly name: string;
  /** What was done, in words: `kill -9 of node a`. */
  readonly text: string;
  readonly startedAtMs: number;
  /** Of a fault that was taken back, or of an action that took its time. */
  readonly endedAtMs?: number;
  /** The node that it was done to; absent where it concerns both, or neither. */
  readonly node?: PairSide;
  /** What came of it, where the action itself has something to tell. */
  readonly outcome?: string;
}

/** A node that says, or of which the store says, that its role has changed. */
export interface RoleChange {
  /** Since the run began. */
  readonly atMs: number;
  readonly node: PairSide;
  /** As the server calls it: `active`, `standby`, `claiming`, `demoting`, `failed`, `down`. */
  readonly role: string;
  /** Of the leadership that the node holds or knows; 0 where there is none. */
  readonly epoch: number;
}
