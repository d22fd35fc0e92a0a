import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { join } from "node:path";
import { runTool } from "./ip-command.ts";
import { LabError } from "./lab-error.ts";
import { labName } from "./leftovers.ts";

/** Memory is taken only for what is written. */
const SIZE = "512m";
/** More than programs write while the disk is made smaller. */
const LEFT_BYTES = 2 ** 20;
const PAGE = new Uint8Array(4096);

/** A small disk of its own for a node's folder, in memory, that can be made full at once. */
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

  /** From now on nothing more can be written to it (ENOSPC). Throws LabError. */
  fill(): void {
    const { blocks, bfree, bsize } = statfsSync(this.#folder);
    this.#resize(String((blocks - bfree) * bsize + LEFT_BYTES));
    const filler = openSync(this.#filler, "w");
    try {
      for (let left = LEFT_BYTES; left >= 0; left -= PAGE.length) writeSync(filler, PAGE);
      throw new LabError(`${this.#folder} has room although it was made as small as what is in it`);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    } finally {
      closeSync(filler);
    }
  }

  empty(): void {
    rmSync(this.#filler, { force: true });
    this.#resize(SIZE);
  }

  close(): void {
    if (!this.#isMounted) return;
    this.#isMounted = false;
    // Lazily: a program that is still ending may have a file open.
    runTool("umount", "--lazy", this.#folder);
  }

  get #filler(): string {
    return join(this.#folder, "filler");
  }

  #resize(size: string): void {
    runTool("mount", "-o", `remount,size=${size}`, this.#folder);
  }
}
