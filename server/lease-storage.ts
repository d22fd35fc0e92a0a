import { statSync } from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { WakePipe } from "../base/net/wake-pipe.ts";
import type { ProcessSettings } from "./config/model/process-settings.ts";
import { lockLeaseFile } from "./lease/store/edge/lease-file-lock.ts";
import { LeaseFileStore, type LeaseFileStoreOptions } from "./lease/store/edge/lease-file-store.ts";
import { nodeDisk, unfollowing } from "./lease/store/edge/node-disk.ts";
import { openWakePipe, SyncThread } from "./lease/store/edge/sync-thread.ts";
import type { LeaseFileState } from "./lease/store/lease-report.ts";
import { type Durability, type LeaseStore, LeaseStoreError } from "./lease/store/lease-store.ts";
import { type LeasePaths, pathsOf } from "./lease/store/open-lease-files.ts";
import { type SyncTimer, timedBackgroundSync, timedDisk } from "./lease/store/timed-sync.ts";
import type { LeaseTable } from "./lease/table/lease-table.ts";
import { type GateInputs, openPairStorage, pairStoreOver } from "./pair/edge/pair-storage.ts";
import type { PairPlane } from "./pair/pair-plane.ts";
import { StartError } from "./process/start-error.ts";
import { memoryDisk, memorySync } from "./warm-up/memory-disk.ts";

export interface LeaseStorageOptions {
  /** No other server uses them. On a node of a pair there is one. */
  readonly leaseFile: LeasePaths;
  readonly createsLeaseFile: boolean | undefined;
  /** Whether a lease file may be a symbolic link. */
  readonly followsLinks: boolean;
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
  readonly loaded: Pick<LeaseFileStore, "report" | "hosts" | "checkRewrites">;
  /** The state of two lease files at this moment; empty for one. */
  readonly files: () => readonly LeaseFileState[];
  /** Wakes the loop when it has something to do. */
  readonly wake: WakePipe | undefined;
  readonly pair: GateInputs | undefined;
  /** Starts what the first commit would have to wait for. */
  prepare(): void;
  /** Call it right after closing the store. */
  end(): void;
}

/**
 * Locks the lease files for this process, because two servers must not share one, and adds to `releases` what gives
 * them up. Throws StartError when another server has one.
 */
export function takeLeaseFiles(
  {
    leaseFile,
    followsLinks,
    logger,
  }: Pick<LeaseStorageOptions, "leaseFile" | "followsLinks" | "logger">,
  releases: (() => void)[],
): void {
  for (const path of pathsOf(leaseFile)) {
    const lock = lockLeaseFile(path, followsLinks);
    if (lock.kind === "taken") releases.push(lock.release);
    else if (lock.kind === "unavailable") {
      logger.warn(`${path} is not locked against other servers: ${lock.reason}.`);
    } else {
      const holder = lock.by === undefined ? "" : `, process ${lock.by},`;
      throw new StartError(
        `Another server${holder} has the lease file ${path}: stop it, or give each its own (-lf).`,
      );
    }
  }
}

/** Loads the leases into the table. Throws StartError when the store cannot be opened. */
export function openLeaseStorage(options: LeaseStorageOptions): LeaseStorage {
  const { process, pair, took, logger, clock, createsLeaseFile = false } = options;
  const { localTimes, hexClientIds } = process;
  const file = { format: { localTimes, hexClientIds }, create: createsLeaseFile };
  const timer = { nowMs: () => clock.monotonicMs(), took };
  return atStart(() => {
    const storage =
      pair === undefined
        ? openFileStorage(options, file, timer)
        : openNodeStorage(options, pair, file, timer);
    const { report } = storage.loaded;
    for (const warning of report.warnings) logger.warn(warning);
    const { records, path } = report;
    logger.info(`Read ${records} lease records from ${path}.`, { file: path, records });
    return storage;
  });
}

/** Throws StartError where the process, as the user that it is now, could not rewrite a lease file. */
export function checkRewrites({ loaded }: Pick<LeaseStorage, "loaded">): void {
  atStart(() => loaded.checkRewrites());
}

function atStart<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (!(error instanceof LeaseStoreError)) throw error;
    throw new StartError(error.message, { cause: error });
  }
}

/** One node of a pair. */
function openNodeStorage(
  { leaseFile, leases, logger }: LeaseStorageOptions,
  plane: PairPlane,
  file: LeaseFileStoreOptions,
  timer: SyncTimer,
): LeaseStorage {
  const thread = new SyncThread(undefined, (reason) =>
    logger.warn(`The sync thread ended (${reason}): the lease file is not synced any more.`),
  );
  const storage = openPairStorage({
    ...{ plane, leaseFile: pathsOf(leaseFile)[0], leases, timer },
    file: { ...file, backgroundSyncs: [thread] },
  });
  return {
    ...{ ...storage, files: () => [] },
    prepare: () => thread.start(),
    end: () => {
      storage.end();
      void thread.stop();
    },
  };
}

function openFileStorage(
  { leaseFile, followsLinks, process, leases, logger }: LeaseStorageOptions,
  file: LeaseFileStoreOptions,
  timer: SyncTimer,
): LeaseStorage {
  tellSharedDisk(leaseFile, logger);
  const wake = openWakePipe();
  const threads = pathsOf(leaseFile).map(
    () =>
      new SyncThread(wake, (reason) =>
        logger.warn(
          `The sync thread ended (${reason}): the serving thread waits for the disk itself.`,
        ),
      ),
  );
  // No thread may write to a pipe that is closed.
  const end = (): void =>
    void Promise.all(threads.map((thread) => thread.stop())).then(() => wake?.close());
  try {
    const store = LeaseFileStore.open(leaseFile, leases, {
      ...file,
      durability: process.dontUseFsync === true ? "os" : "fsync",
      disk: timedDisk(followsLinks ? nodeDisk : unfollowing, timer),
      backgroundSyncs: threads.map((thread) => timedBackgroundSync(thread, timer)),
      tell: (message, isTrouble) => logger[isTrouble ? "error" : "info"](message),
    });
    return {
      ...{ store, loaded: store, files: () => store.files, wake, pair: undefined, end },
      prepare: () => {
        for (const thread of threads) thread.start();
      },
    };
  } catch (error) {
    end();
    throw error;
  }
}

/** Two files on one file system stop together. Throws StartError when they are one file. */
function tellSharedDisk(leaseFile: LeasePaths, logger: Logger): void {
  const [first, second] = pathsOf(leaseFile);
  if (second === undefined) return;
  const deviceOf = (path: string) => statSync(dirname(path), { throwIfNoEntry: false })?.dev;
  const inodeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.ino;
  if (deviceOf(first) !== deviceOf(second)) return;
  if (inodeOf(first) !== undefined && inodeOf(first) === inodeOf(second)) {
    throw new StartError(`${first} and ${second} are one file: name two files, on two disks.`);
  }
  logger.warn(
    `${first} and ${second} are on one file system: a disk that stops or breaks takes both with it.`,
  );
}

/** A store of the same classes as the real one of this durability, which keeps nothing. */
export function openMemoryStore(
  { localTimes, hexClientIds }: ProcessSettings,
  leases: LeaseTable,
  durability: Durability,
  clock: Clock,
): LeaseStore {
  const timer = { nowMs: () => clock.monotonicMs(), took: () => undefined };
  const isReplicated = durability === "replicated";
  const file = LeaseFileStore.open("memory", leases, {
    format: { localTimes, hexClientIds },
    durability: durability === "fsync" ? "fsync" : "os",
    disk: timedDisk(memoryDisk(), timer),
    backgroundSyncs: isReplicated ? [] : [timedBackgroundSync(memorySync, timer)],
    rewriteBytesMin: Number.POSITIVE_INFINITY,
  });
  return isReplicated ? pairStoreOver(file, leases, timer) : file;
}
