import {
  closeSync,
  constants,
  fchmodSync,
  fsync,
  futimesSync,
  openSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeSync,
} from "node:fs";
import { promisify } from "node:util";
import type { MirrorEntry, MirrorSteps } from "../manifest.ts";
import type { MirrorFolder } from "../mirror-plan.ts";
import { HeldFolder } from "./held-folder.ts";
import { ReplacedFiles } from "./replaced-files.ts";

const incomingName = ".provlab-incoming";
/** Most files that are synced together: for a disk many syncs at once cost little more than one. */
const batchFilesMax = 128;
const batchBytesMax = 16 * 1024 * 1024;
const writeFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const syncFile = promisify(fsync);

/** Passes the bytes of an entry to `write`; false when they do not match the manifest. */
export type FetchFile = (
  entry: MirrorEntry,
  write: (bytes: Uint8Array) => void,
) => Promise<boolean>;

export interface AppliedSteps {
  readonly fetched: number;
  readonly removed: number;
  readonly bytes: number;
  /** Sentences about single files that could not be written. */
  readonly troubles: readonly string[];
}

interface Incoming {
  readonly entry: MirrorEntry;
  readonly name: string;
  readonly fd: number;
}

/**
 * Makes a folder equal to its master. A file is written aside, synced and renamed over the old one, and
 * its folder is synced: a reader gets the whole old file or the whole new one, even after a crash.
 * Replaced files are kept in `.provlab-replaced/NAME/`, the last one of each path.
 */
export class FolderWriter {
  readonly #root: HeldFolder;
  readonly #incoming: HeldFolder;
  readonly #replaced: ReplacedFiles;
  #numbers = 0;

  /** Removes what an interrupted run left aside. Throws StartError. */
  constructor({ path, name }: MirrorFolder) {
    this.#root = HeldFolder.openRoot(path);
    const incoming = this.#root.makeFolder(incomingName);
    rmSync(incoming.at(name), { recursive: true, force: true });
    this.#incoming = incoming.makeFolder(name);
    incoming.close();
    this.#replaced = new ReplacedFiles(this.#root, name);
  }

  /** Identity of the folder that it writes to, even after that was moved. */
  get rootIdentity(): string {
    return this.#root.identity();
  }

  /**
   * Calls `mayGoOn` before each batch is put in place, and `onProgress` with how many files were asked for.
   * Rejects with any error of `fetch`; batches before it stay in place.
   */
  async apply(
    steps: MirrorSteps,
    fetch: FetchFile,
    mayGoOn: () => boolean,
    onProgress: (files: number) => void = () => undefined,
  ): Promise<AppliedSteps> {
    const troubles: string[] = [];
    const total = { fetched: 0, removed: 0, bytes: 0 };
    let at = 0;
    while (at < steps.fetch.length && mayGoOn()) {
      const batch: Incoming[] = [];
      try {
        for (let bytes = 0; at < steps.fetch.length; at += 1) {
          if (batch.length >= batchFilesMax || bytes >= batchBytesMax || !mayGoOn()) break;
          const entry = steps.fetch[at];
          bytes += entry.size;
          const file = await this.#receive(entry, fetch);
          onProgress(at + 1);
          if (file !== undefined) batch.push(file);
        }
        await Promise.all(batch.map(({ fd }) => syncFile(fd)));
        if (!mayGoOn()) break;
        const placed = this.#place(batch, troubles);
        total.fetched += placed.length;
        for (const { size } of placed) total.bytes += size;
      } finally {
        for (const { fd, name } of batch) {
          closeSync(fd);
          rmSync(this.#incoming.at(name), { force: true });
        }
      }
    }
    if (mayGoOn()) total.removed = this.#remove(steps.remove, troubles);
    return { ...total, troubles };
  }

  close(): void {
    this.#incoming.close();
    this.#replaced.close();
    this.#root.close();
  }

  async #receive(entry: MirrorEntry, fetch: FetchFile): Promise<Incoming | undefined> {
    this.#numbers += 1;
    const name = String(this.#numbers);
    const fd = openSync(this.#incoming.at(name), writeFlags, 0o600);
    let isKept = false;
    try {
      const isThere = await fetch(entry, (bytes) => {
        for (let written = 0; written < bytes.length; ) {
          written += writeSync(fd, bytes, written);
        }
      });
      if (!isThere) return undefined;
      fchmodSync(fd, entry.mode);
      futimesSync(fd, entry.mtimeMs / 1000, entry.mtimeMs / 1000);
      isKept = true;
      return { entry, name, fd };
    } finally {
      if (!isKept) {
        closeSync(fd);
        rmSync(this.#incoming.at(name), { force: true });
      }
    }
  }

  #place(batch: readonly Incoming[], troubles: string[]): MirrorEntry[] {
    const isPlaced = ({ entry: { path }, name }: Incoming): boolean =>
      attempt(path, troubles, () => {
        this.#root.inFolderOf(path, true, (folder, last) => {
          this.#replaced.keep(folder, last, path);
          renameSync(this.#incoming.at(name), folder.at(last));
        });
      });
    const placed = batch.filter(isPlaced).map(({ entry }) => entry);
    this.#sync(new Set(placed.map(({ path }) => parentOf(path))), troubles);
    return placed;
  }

  #remove(paths: readonly string[], troubles: string[]): number {
    const isRemoved = (path: string): boolean =>
      attempt(path, troubles, () => {
        this.#root.inFolderOf(path, false, (folder, last) => {
          this.#replaced.keep(folder, last, path);
          rmSync(folder.at(last));
        });
      });
    const removed = paths.filter(isRemoved);
    const parents = new Set(removed.map(parentOf));
    this.#sync(parents, troubles);
    for (const parent of parents) this.#removeEmpty(parent);
    return removed.length;
  }

  #sync(parents: ReadonlySet<string>, troubles: string[]): void {
    for (const parent of parents) {
      attempt(parent, troubles, () => {
        // Only the folder is needed; the "." stands for a name in it.
        this.#root.inFolderOf(`${parent}${parent === "" ? "" : "/"}.`, false, (folder) => {
          folder.sync();
        });
      });
    }
  }

  /** Removes the folder and those above it, as long as they are empty. */
  #removeEmpty(folder: string): void {
    for (let path = folder; path !== ""; path = parentOf(path)) {
      try {
        this.#root.inFolderOf(path, false, (above, name) => rmdirSync(above.at(name)));
      } catch {
        return;
      }
    }
  }
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/**
 * Returns false and adds a trouble when the system refuses; other errors are our bugs and pass through.
 */
function attempt(path: string, troubles: string[], act: () => void): boolean {
  try {
    act();
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || code.startsWith("ERR_")) throw error;
    troubles.push(`${path} cannot be put in place (${code})`);
    return false;
  }
}
