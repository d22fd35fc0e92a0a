import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "../../../base/clock.ts";
import type { Logger } from "../../../base/log.ts";
import { StartError, systemReason } from "../../process/start-error.ts";
import { AttendedSilence } from "../attended-silence.ts";

/** Settings of HA-34, which is optional. */
export interface DiskWatchPlan {
  /** A folder on the watched disk. */
  readonly folder: string;
  /** The disk has failed when nothing could be written to it for this long. */
  readonly failedMs: number;
}

const FILE = ".provlab-disk";
const probeMs = 500;
const block = new Uint8Array(4096);

/**
 * Whether the disk of a folder accepts writes. A block is written and synced every half second, because a
 * write that only reaches the system's memory proves nothing about the disk (HA-33). A disk that hangs
 * blocks one write and nothing else.
 */
export class DiskWatch {
  readonly #plan: DiskWatchPlan;
  readonly #logger: Logger;
  readonly #silence = new AttendedSilence(probeMs);
  #lookedAtMs = systemClock.monotonicMs();
  #trouble = "";
  #timer: NodeJS.Timeout | undefined;
  #probing: Promise<void> = Promise.resolve();
  #isClosed = false;

  private constructor(plan: DiskWatchPlan, logger: Logger) {
    this.#plan = plan;
    this.#logger = logger;
  }

  /** Rejects with StartError when the first block cannot be written. */
  static async start(plan: DiskWatchPlan, logger: Logger): Promise<DiskWatch> {
    const watch = new DiskWatch(plan, logger);
    try {
      await watch.#write();
    } catch (error) {
      throw new StartError(`Cannot watch the disk of ${plan.folder}: ${systemReason(error)}.`);
    }
    watch.#goOn();
    return watch;
  }

  /** Ask often: between two calls at most half a second counts, as this node may have slept. */
  get works(): boolean {
    const nowMs = systemClock.monotonicMs();
    this.#silence.pass(nowMs - this.#lookedAtMs);
    this.#lookedAtMs = nowMs;
    return this.#silence.silentMs < this.#plan.failedMs;
  }

  /** Does not wait for a disk that hangs. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await Promise.race([this.#probing, new Promise((resolve) => setTimeout(resolve, probeMs))]);
    void rm(this.#path, { force: true }).catch((error: unknown) => {
      this.#logger.warn(`${this.#path} stays behind: ${systemReason(error)}`);
    });
  }

  get #path(): string {
    return join(this.#plan.folder, FILE);
  }

  #goOn(): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.#probing = this.#probe();
    }, probeMs);
  }

  async #probe(): Promise<void> {
    try {
      await this.#write();
      this.#silence.heard();
      this.#tell("");
    } catch (error) {
      this.#tell(systemReason(error));
    }
    this.#goOn();
  }

  async #write(): Promise<void> {
    const file = await open(this.#path, "w", 0o600);
    try {
      await file.write(block);
      await file.datasync();
    } finally {
      await file.close();
    }
  }

  #tell(trouble: string): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    const { folder } = this.#plan;
    if (trouble === "") this.#logger.info(`the disk of ${folder} takes what is written again`);
    else this.#logger.warn(`the disk of ${folder} takes nothing: ${trouble} (HA-34)`);
  }
}
