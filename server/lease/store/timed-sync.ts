import type { BackgroundSync, LeaseDisk } from "./lease-disk.ts";

/** Receives the duration of each sync in ms, including failed ones. */
export interface SyncTimer {
  readonly nowMs: () => number;
  readonly took: (ms: number) => void;
}

/** A disk whose syncs are timed. */
export function timedDisk(disk: LeaseDisk, { nowMs, took }: SyncTimer): LeaseDisk {
  return {
    ...disk,
    sync: (file) => {
      const beganMs = nowMs();
      try {
        disk.sync(file);
      } finally {
        took(nowMs() - beganMs);
      }
    },
  };
}

/**
 * Times background syncs, but not what a rewrite waits for: from their begin until the calling thread sees
 * their end.
 */
export function timedBackgroundSync(sync: BackgroundSync, timer: SyncTimer): BackgroundSync {
  const { nowMs, took } = timer;
  let beganMs: number | undefined;
  return {
    begin: (file) => {
      const nowBeganMs = nowMs();
      if (!sync.begin(file)) return false;
      beganMs = nowBeganMs;
      return true;
    },
    beginInstall: (file, path, newPath) => sync.beginInstall(file, path, newPath),
    beginDirectory: (path) => sync.beginDirectory(path),
    end: (msMax) => {
      let isOver = true;
      try {
        isOver = sync.end(msMax);
        return isOver;
      } finally {
        if (isOver && beganMs !== undefined) took(nowMs() - beganMs);
        if (isOver) beganMs = undefined;
      }
    },
  };
}
