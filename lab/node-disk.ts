import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { join } from "node:path";
import { runTool } from "./machine/ip-command.ts";
import { labName } from "./machine/leftovers.ts";

/** tmpfs takes memory only for written pages. */
const SIZE = "512m";
const FILL_TRIES_MAX = 10;
const ROOM_BYTES = 1 << 20;
/** tmpfs allocates whole pages. */
const PAGE_BYTES = 4096;

/** A small disk in memory for a node's folder. It can be filled at once. */
export class NodeDisk {
  readonly #folder: string;
  #isMounted = false;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Before anything is written to the folder. Throws LabError. */
  mount(): void {
    mkdirSync(this.#folder, { recursive: true });
    runTool("mount", "-t", "tmpfs", "-o", `size=${SIZE}`, labName("disk"), this.#folder);
    this.#isMounted = true;
  }

  /** From now on writes fail with ENOSPC. Throws LabError. */
  fill(): void {
    for (let tries = 1; ; tries += 1) {
      const { blocks, bfree, bsize } = statfsSync(this.#folder);
      // The node goes on writing meanwhile, so the size of its files alone would be too small.
      const roomBytes = tries * ROOM_BYTES;
      try {
        this.#resize(String((blocks - bfree) * bsize + roomBytes));
        break;
      } catch (error) {
        if (tries === FILL_TRIES_MAX) throw error;
      }
    }
    this.#writeBallast();
  }

  empty(): void {
    rmSync(this.#ballast, { force: true });
    this.#resize(SIZE);
  }

  close(): void {
    if (!this.#isMounted) return;
    this.#isMounted = false;
    // Lazily, because a program that is still ending may have a file open.
    runTool("umount", "--lazy", this.#folder);
  }

  get #ballast(): string {
    return join(this.#folder, "ballast");
  }

  /** Fills the rest. Throws any error of the system except that the disk is full. */
  #writeBallast(): void {
    const file = openSync(this.#ballast, "a");
    const page = Buffer.alloc(PAGE_BYTES);
    try {
      for (;;) writeSync(file, page);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    } finally {
      closeSync(file);
    }
  }

  #resize(size: string): void {
    runTool("mount", "-o", `remount,size=${size}`, this.#folder);
  }
}
