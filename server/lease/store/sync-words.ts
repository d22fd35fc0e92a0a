/** Indexes of the 32-bit words that the loop and its sync thread share. */
export const SyncWord = { state: 0, job: 1, file: 2, error: 3 } as const;
export const SYNC_WORDS = 4;

/** The loop asks when idle and takes the result when done; the thread does what is asked. */
export const SyncState = { starting: 0, idle: 1, asked: 2, done: 3 } as const;

/** What the thread is asked to do. For all but the first, a message has the paths. */
export const SyncJob = { sync: 0, install: 1, directory: 2 } as const;

export type SyncPaths = readonly [path: string, newPath: string];

export interface SyncWorkerData {
  readonly shared: SharedArrayBuffer;
  /** The thread writes a byte here to tell the loop that a call has ended. */
  readonly wakeEnd: number | undefined;
}
