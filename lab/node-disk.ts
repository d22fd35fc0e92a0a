import { mkdirSync, statfsSync } from "node:fs";
import { runTool } from "./ip-command.ts";
import { labName } from "./leftovers.ts";

/** Memory is taken only for what is written. */
const SIZE = "512m";

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

  /** From now on nothing more can be written to it (ENOSPC). */
  fill(): void {
    const { blocks, bfree, bsize } = statfsSync(this.#folder);
    this.#resize(String((blocks - bfree) * bsize));
  }

  empty(): void {
    this.#resize(SIZE);
  }

  close(): void {
    if (!this.#isMounted) return;
    this.#isMounted = false;
    // Lazily: a program that is still ending may have a file open.
    runTool("umount", "--lazy", this.#folder);
  }

  #resize(size: string): void {
    runTool("mount", "-o", `remount,size=${size}`, this.#folder);
  }
}
