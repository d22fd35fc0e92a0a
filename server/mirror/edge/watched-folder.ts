import { type FSWatcher, watch } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../../base/clock.ts";
import type { Logger } from "../../../base/log.ts";
import type { MirrorFolder } from "../mirror-plan.ts";
import { FolderIndex, type FolderScan } from "./folder-index.ts";

/** Delay of a scan after a change, unless the mirror looks more often. */
const soonMsMost = 1000;
/** Interval of scans when a folder cannot be watched. */
const unwatchedMs = 10_000;
/** Interval of scans even without a change: inotify drops events that come too fast. */
const watchedMs = 60_000;
/** Largest part of the time that scans of a large folder may take. */
const scanShare = 0.1;

type WatchFolder = (path: string, onChange: () => void) => FSWatcher;

/** A folder and its current contents, as far as that is known without scanning all the time. */
export class WatchedFolder {
  readonly index: FolderIndex;
  readonly #folder: MirrorFolder;
  readonly #soonMs: number;
  readonly #watchFolder: WatchFolder;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #watchers = new Map<
    string,
    { readonly watcher: FSWatcher; readonly identity: string }
  >();
  #scan: FolderScan | undefined;
  #scanning: Promise<FolderScan> | undefined;
  #isDirty = false;
  #isWatched = true;
  #startedAtMs = 0;
  #tookMs = 0;
  #told = "";

  /** Throws StartError when the folder does not exist. */
  constructor(
    folder: MirrorFolder,
    intervalMs: number,
    clock: Clock,
    logger: Logger,
    watchFolder: WatchFolder = watch,
  ) {
    this.#folder = folder;
    this.#soonMs = Math.min(soonMsMost, intervalMs);
    this.#watchFolder = watchFolder;
    this.#clock = clock;
    this.#logger = logger;
    this.index = new FolderIndex(folder, clock);
  }

  /** The last scan if nothing has changed since, otherwise a new one. */
  async now(): Promise<FolderScan> {
    if (this.#scanning !== undefined) return this.#scanning;
    if (this.#scan !== undefined && this.#clock.monotonicMs() < this.#nextAtMs()) return this.#scan;
    this.#scanning = this.#look().finally(() => {
      this.#scanning = undefined;
    });
    return this.#scanning;
  }

  /** Makes the next `now` scan, because files were changed here. */
  touch(): void {
    this.#scan = undefined;
  }

  async close(): Promise<void> {
    this.index.stop();
    // Its result goes to the caller that asked for it.
    await Promise.allSettled([this.#scanning]);
    this.#closeWatchers();
    this.index.close();
  }

  #nextAtMs(): number {
    const idleMs = this.#isWatched ? watchedMs : unwatchedMs;
    const forMs = this.#isDirty || this.#scan?.isUnsettled === true ? this.#soonMs : idleMs;
    return this.#startedAtMs + Math.max(forMs, this.#tookMs / scanShare);
  }

  async #look(): Promise<FolderScan> {
    this.#startedAtMs = this.#clock.monotonicMs();
    // This scan may miss any change from now on.
    this.#isDirty = false;
    const scan = await this.index.scan();
    this.#tookMs = this.#clock.monotonicMs() - this.#startedAtMs;
    this.#watch(scan.folders);
    this.#tell(scan);
    this.#scan = scan;
    return scan;
  }

  #watch(folders: FolderScan["folders"]): void {
    for (const [folder, { watcher, identity }] of this.#watchers) {
      if (folders.get(folder) === identity) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const [folder, identity] of folders) {
      if (!this.#isWatched || this.#watchers.has(folder)) continue;
      try {
        const watcher = this.#watchFolder(join(this.#folder.path, folder), () => {
          this.#isDirty = true;
        });
        watcher.on("error", () => this.#giveUpWatching("the system took the watch away"));
        watcher.unref();
        this.#watchers.set(folder, { watcher, identity });
        // The folder may have changed between the scan and now.
        this.#isDirty = true;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code !== "ENOENT") this.#giveUpWatching(`inotify: ${code}`);
      }
    }
  }

  #closeWatchers(): void {
    for (const { watcher } of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #giveUpWatching(reason: string): void {
    if (!this.#isWatched) return;
    this.#isWatched = false;
    this.#closeWatchers();
    const seconds = unwatchedMs / 1000;
    this.#logger.warn(
      `${this.#folder.path} cannot be watched (${reason}): looked at every ${seconds} s instead`,
    );
  }

  /** Logs each trouble once, not at every scan. */
  #tell({ trouble, skipped }: FolderScan): void {
    const { path } = this.#folder;
    const lines: string[] = [];
    if (trouble !== undefined) {
      lines.push(`${path}: ${trouble}; until that is mended nothing is removed on the other node`);
    }
    if (skipped > 0) {
      lines.push(`${path}: ${skipped} links or names that cannot be mirrored are left out`);
    }
    const text = lines.join("\n");
    if (text !== this.#told) for (const line of lines) this.#logger.warn(line);
    this.#told = text;
  }
}
