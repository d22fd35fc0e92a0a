import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { kill, type LeasePlace } from "./server.testing.ts";

const pageBytes = 4096;

/**
 * A file system of a few MiB in a mount namespace of its own: nobody else on the machine sees it,
 * and it is gone when the process that holds it ends, which it does with this one too.
 */
export class SmallDisk {
  readonly #holder: ChildProcess;
  /** The directory as processes inside the namespace see it. */
  readonly #inside: string;
  /** The same directory, seen from outside. */
  readonly #outside: string;

  static async mount(directory: string, megabytes: number): Promise<SmallDisk> {
    mkdirSync(directory);
    const script = `mount -t tmpfs -o size=${megabytes}m provlab "$0" && echo mounted && exec cat`;
    // cat ends when this process closes its end of the pipe, or is no more.
    const holder = spawn("unshare", ["--mount", "sh", "-c", script, directory], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    const said: string[] = [];
    holder.stderr.on("data", (chunk: Buffer) => said.push(chunk.toString()));
    const [chunk] = (await Promise.race([once(holder.stdout, "data"), once(holder, "exit")])) as [
      unknown,
    ];
    if (String(chunk) !== "mounted\n") throw new Error(`no small disk: ${said.join("")}`);
    return new SmallDisk(holder, directory);
  }

  private constructor(holder: ChildProcess, directory: string) {
    this.#holder = holder;
    this.#inside = directory;
    this.#outside = `/proc/${holder.pid}/root${directory}`;
  }

  /** For a server whose lease file is on this disk. */
  place(name: string): LeasePlace {
    const wrapper = ["nsenter", `--mount=/proc/${this.#holder.pid}/ns/mnt`, "--"];
    return { leaseFile: join(this.#inside, name), wrapper };
  }

  create(name: string): void {
    writeFileSync(join(this.#outside, name), "");
  }

  sizeOf(name: string): number {
    return statSync(join(this.#outside, name)).size;
  }

  names(): string[] {
    return readdirSync(this.#outside).sort();
  }

  copyTo(name: string, target: string): void {
    copyFileSync(join(this.#outside, name), target);
  }

  /** Writes into `name` until this many bytes of the disk are left, or none at all. */
  fill(name: string, bytesLeft: number): void {
    const file = openSync(join(this.#outside, name), "a");
    let length = statSync(join(this.#outside, name)).size;
    const page = new Uint8Array(pageBytes);
    try {
      for (let taken = pageBytes; taken > 0; length += taken) taken = writeSync(file, page);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    } finally {
      closeSync(file);
    }
    truncateSync(join(this.#outside, name), Math.max(0, length - bytesLeft));
  }

  empty(name: string): void {
    truncateSync(join(this.#outside, name), 0);
  }

  async close(): Promise<void> {
    await kill(this.#holder);
  }
}
