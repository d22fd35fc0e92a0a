import { existsSync } from "node:fs";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { WakePipe } from "../base/net/wake-pipe.ts";
import type { ProcessSettings } from "./config/model/process-settings.ts";
import { lockLeaseFile } from "./lease/store/edge/lease-file-lock.ts";
import {
  LeaseFileStore,
  type LeaseFileStoreOptions,
  nodeDisk,
} from "./lease/store/edge/lease-file-store.ts";
import { SyncThread } from "./lease/store/edge/sync-thread.ts";
import { type LeaseStore, LeaseStoreError } from "./lease/store/lease-store.ts";
import { type SyncTimer, timedBackgroundSync, timedDisk } from "./lease/store/timed-sync.ts";
import type { LeaseTable } from "./lease/table/lease-table.ts";
import { type GateInputs, openPairStorage } from "./pair/edge/pair-storage.ts";
import type { PairPlane } from "./pair/pair-plane.ts";
import { StartError } from "./process/start-error.ts";

export interface LeaseStorageOptions {
  /** It exists, and no other server uses it. */
  readonly leaseFile: string;
  readonly process: ProcessSettings;
  readonly leases: LeaseTable;
  /** Set on a node of a pair. */
  readonly pair: PairPlane | undefined;
  /** Called with the duration of each commit, in milliseconds. */
  readonly took: (ms: number) => void;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** Where a server keeps its leases. The stored ones are already in the table. */
export interface LeaseStorage {
  readonly store: LeaseStore;
  /** The rest of the lease file's content. */
  readonly loaded: Pick<LeaseFileStore, "report" | "hosts">;
  /** Wakes the loop when it has something to do. */
  readonly wake: WakePipe | undefined;
  readonly pair: GateInputs | undefined;
  /** Call it right after closing the store. */
  end(): void;
}

/**
 * Locks the lease file for this process, because two servers must not share one. Resolves with a function
 * that releases it. Rejects with StartError when another server of this machine has it.
 */
export async function takeLeaseFile(path: string): Promise<() => void> {
  // A missing file is reported when it is opened.
  const release = existsSync(path) ? await lockLeaseFile(path) : () => undefined;
  if (release !== undefined) return release;
  throw new StartError(
    `Another server of this machine has the lease file ${path}: stop it, or give each its own (-lf).`,
  );
}

/** Loads the leases into the table. Throws StartError when the store cannot be opened. */
export function openLeaseStorage(options: LeaseStorageOptions): LeaseStorage {
  const { leaseFile, process, leases, pair, took, logger, clock } = options;
  const { localTimes, hexClientIds } = process;
  const format = { localTimes, hexClientIds };
  const timer = { nowMs: () => clock.monotonicMs(), took };
  try {
    const storage =
      pair === undefined
        ? openFileStorage(options, { format }, timer)
        : openPairStorage({ plane: pair, leaseFile, leases, file: { format }, timer });
    const { report } = storage.loaded;
    for (const warning of report.warnings) logger.warn(warning);
    const { records, path: file } = report;
    logger.info(`Read ${records} lease records from ${file}.`, { file, records });
    return storage;
  } catch (error) {
    if (!(error instanceof LeaseStoreError)) throw error;
    throw new StartError(error.message, { cause: error });
  }
}

function openFileStorage(
  { leaseFile, process, leases, logger }: LeaseStorageOptions,
  file: LeaseFileStoreOptions,
  timer: SyncTimer,
): LeaseStorage {
  const thread = new SyncThread((reason) =>
    logger.warn(`The sync thread ended (${reason}): the serving thread waits for the disk itself.`),
  );
  try {
    const store = LeaseFileStore.open(leaseFile, leases, {
      ...file,
      durability: process.dontUseFsync === true ? "os" : "fsync",
      disk: timedDisk(nodeDisk, timer),
      backgroundSync: timedBackgroundSync(thread, timer),
    });
    const { wake } = thread;
    return { store, loaded: store, wake, pair: undefined, end: () => thread.stop() };
  } catch (error) {
    thread.stop();
    throw error;
  }
}
