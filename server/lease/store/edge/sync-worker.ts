import { constants } from "node:os";
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { wakeBy } from "../../../../base/net/wake-by.ts";
import { replaceFile } from "../lease-disk.ts";
import {
  SyncJob,
  type SyncPaths,
  SyncState,
  SyncWord,
  type SyncWorkerData,
} from "../sync-words.ts";
import { nodeDisk } from "./node-disk.ts";

// The thread that waits for the disk instead of the loop. It sleeps between two syncs, and ends with the
// process or by `terminate`.

const { shared, wakeEnd } = workerData as SyncWorkerData;
const words = new Int32Array(shared);

function paths(): SyncPaths {
  return receiveMessageOnPort(parentPort!)?.message as SyncPaths;
}

function install(file: number): void {
  const [path, newPath] = paths();
  nodeDisk.sync(file);
  replaceFile(nodeDisk, path, newPath);
}

const jobs = {
  [SyncJob.sync]: (file: number) => nodeDisk.sync(file),
  [SyncJob.install]: install,
  [SyncJob.directory]: () => nodeDisk.syncDirectory(paths()[0]),
};

/** The system's error number, negative; 0 on success. */
function done(job: keyof typeof jobs, file: number): number {
  try {
    jobs[job](file);
    return 0;
  } catch (error) {
    // For any other error, too, nothing may be acknowledged and the loop must not wait for ever.
    const isNumbered = error instanceof Error && "errno" in error;
    return isNumbered && typeof error.errno === "number" ? error.errno : -constants.errno.EIO;
  }
}

Atomics.store(words, SyncWord.state, SyncState.idle);
for (;;) {
  const state = Atomics.load(words, SyncWord.state);
  if (state !== SyncState.asked) {
    Atomics.wait(words, SyncWord.state, state);
    continue;
  }
  words[SyncWord.error] = done(words[SyncWord.job] as keyof typeof jobs, words[SyncWord.file]);
  Atomics.store(words, SyncWord.state, SyncState.done);
  Atomics.notify(words, SyncWord.state);
  if (wakeEnd !== undefined) wakeBy(wakeEnd);
}
