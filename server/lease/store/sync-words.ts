/** Indexes of the 32-bit words that the loop and its sync thread share. */
export const SyncWord = { state: 0, file: 1, error: 2 } as const;
export const SYNC_WORDS = 3;

/** The loop asks when idle and takes the result when done; the thread does what is asked. */
export const SyncState = { starting: 0, idle: 1, asked: 2, done: 3 } as const;

export interface SyncWorkerData {
  readonly shared: SharedArrayBuffer;
  /** The thread writes a byte here to tell the loop that a sync has ended. */
  readonly wakeEnd: number | undefined;
}
