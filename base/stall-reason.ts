/** Why an answer of the server waited: a sync of the disk, or a pause of its loop. */
export const stallReasons = [
  "sync",
  "garbage-collection",
  "processor",
  "stopped",
  "event-loop",
] as const;
/**
 * `processor`: other threads had the processors. `stopped`: the thread neither ran nor was ready to, so
 * the process was stopped or its machine stood still. `event-loop`: other work of the thread.
 */
export type StallReason = (typeof stallReasons)[number];
