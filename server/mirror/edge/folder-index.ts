import { createHash, type Hash } from "node:crypto";
import {
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  type Stats,
} from "node:fs";
import { setImmediate as breathe } from "node:timers/promises";
import type { Clock } from "../../../base/clock.ts";
import { StartError } from "../../process/start-error.ts";
import { type FileIdentity, isSameFile } from "../../tftp/edge/shared-file.ts";
import { OWN_PREFIX } from "../../tftp/file-name.ts";
import { formatManifest, isMirrorPath, type Manifest, type MirrorEntry } from "../manifest.ts";
import { type MirrorFolder, mirrorLimits } from "../mirror-plan.ts";
import { HeldFolder } from "./held-folder.ts";

/** The contents of a folder at one scan. */
export interface FolderScan {
  readonly manifest: Manifest;
  readonly text: string;
  /** SHA-256 of the text: equal for folders with the same files. */
  readonly version: string;
  /** Identity of each folder by its path; "" is the root. */
  readonly folders: ReadonlyMap<string, string>;
  /** A file is being written, so another scan is due soon. */
  readonly isUnsettled: boolean;
  /** Number of links, pipes and names that cannot be mirrored. */
  readonly skipped: number;
  /** Why the scan is not complete. */
  readonly trouble: string | undefined;
}

/** The caller closes it. */
export interface OpenedFile {
  readonly fd: number;
  readonly size: number;
  readonly sha256: string;
}

interface Known {
  readonly identity: FileIdentity;
  readonly sha256: string;
}

/** For this long after its last change, a file may still be in the course of being written. */
const settleMs = 1000;
/** Longest time that a scan keeps this thread's requests waiting. */
const sliceMs = 10;
const modeBits = 0o777;
// Without O_NONBLOCK, opening a pipe that replaced a file would block the thread.
const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Knows the digests of a folder's files, and rereads only files that have changed. */
export class FolderIndex {
  readonly #path: string;
  #root: HeldFolder;
  readonly #only: string | undefined;
  readonly #clock: Clock;
  readonly #buffer = new Uint8Array(256 * 1024);
  #known = new Map<string, Known>();
  #isStopped = false;

  /** Throws StartError when the folder does not exist. */
  constructor({ path, only }: MirrorFolder, clock: Clock) {
    this.#path = path;
    this.#root = HeldFolder.openRoot(path);
    this.#only = only;
    this.#clock = clock;
  }

  /** Reads in slices, so that this thread serves other requests meanwhile. One scan at a time. */
  async scan(): Promise<FolderScan> {
    const scan = new Scan();
    this.#reopen(scan);
    const next = new Map<string, Known>();
    let restAtMs = this.#clock.monotonicMs() + sliceMs;
    for (const step of this.#walk(this.#root, "", 0, scan, next)) {
      if (step === "digest" || this.#clock.monotonicMs() >= restAtMs) {
        await breathe();
        restAtMs = this.#clock.monotonicMs() + sliceMs;
      }
      if (this.#isStopped) break;
    }
    this.#known = next;
    return scan.result();
  }

  /** Opens the file of a manifest entry; undefined when it is no longer the file that was digested. */
  open(path: string): OpenedFile | undefined {
    const known = this.#known.get(path);
    if (known === undefined) return undefined;
    try {
      return this.#openKnown(path, known);
    } catch (error) {
      // The file is gone, or something else has replaced it.
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
      return undefined;
    }
  }

  /** The folder may have been replaced by another one. */
  #reopen(scan: Scan): void {
    try {
      const root = HeldFolder.openRoot(this.#path);
      this.#root.close();
      this.#root = root;
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      scan.trouble = error.message;
    }
  }

  #openKnown(path: string, known: Known): OpenedFile | undefined {
    return this.#root.inFolderOf(path, false, (folder, name) => {
      const fd = openSync(folder.at(name), readFlags);
      const stats = fstatSync(fd);
      if (stats.isFile() && isSameFile(stats, known.identity)) {
        return { fd, size: stats.size, sha256: known.sha256 };
      }
      closeSync(fd);
      return undefined;
    });
  }

  /** Makes a running scan end soon, with whatever it has read. */
  stop(): void {
    this.#isStopped = true;
  }

  close(): void {
    this.#root.close();
  }

  /** Yields wherever it may be interrupted. */
  *#walk(
    folder: HeldFolder,
    prefix: string,
    depth: number,
    scan: Scan,
    next: Map<string, Known>,
  ): Generator<"file" | "digest"> {
    scan.folders.set(prefix.slice(0, -1), folder.identity());
    const names = namesIn(folder, prefix, scan).sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const { name } of names) {
      const path = `${prefix}${name}`;
      if (this.#only !== undefined ? path !== this.#only : name.startsWith(OWN_PREFIX)) continue;
      try {
        const stats = lstatSync(folder.at(name));
        if (stats.isDirectory() && this.#only === undefined) {
          if (!scan.hasRoomForFolder(depth)) continue;
          const inner = folder.openFolder(name);
          try {
            yield* this.#walk(inner, `${path}/`, depth + 1, scan, next);
          } finally {
            inner.close();
          }
        } else if (!stats.isFile() || !isMirrorPath(path)) scan.skipped += 1;
        else if (scan.hasRoomForFile(stats.size)) {
          yield* this.#take(folder, name, path, stats, scan, next);
        }
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === undefined) throw error;
        // ENOENT: removed since the folder was read, so it is treated as never seen.
        if (code !== "ENOENT") scan.trouble = `${path} cannot be read (${code})`;
      }
      yield "file";
    }
  }

  *#take(
    folder: HeldFolder,
    name: string,
    path: string,
    stats: Stats,
    scan: Scan,
    next: Map<string, Known>,
  ): Generator<"digest"> {
    const ageMs = this.#clock.wallMs() - stats.mtimeMs;
    const known = this.#known.get(path);
    if (known !== undefined && isSameFile(known.identity, stats)) {
      next.set(path, known);
      scan.add(path, stats, known.sha256);
    } else if (ageMs >= 0 && ageMs < settleMs) scan.add(path, stats, undefined);
    else {
      const read = yield* this.#digest(folder, name);
      if (read !== undefined)
        next.set(path, { identity: identityOf(read.stats), sha256: read.sha256 });
      scan.add(path, read?.stats ?? stats, read?.sha256);
    }
  }

  /** Undefined when the file changed while it was read. */
  *#digest(
    folder: HeldFolder,
    name: string,
  ): Generator<"digest", { stats: Stats; sha256: string } | undefined> {
    const fd = openSync(folder.at(name), readFlags);
    try {
      const stats = fstatSync(fd);
      const hash: Hash = createHash("sha256");
      let size = 0;
      while (stats.isFile() && size <= stats.size) {
        const count = readSync(fd, this.#buffer, 0, this.#buffer.length, size);
        if (count === 0) break;
        hash.update(this.#buffer.subarray(0, count));
        size += count;
        if (count === this.#buffer.length) yield "digest";
      }
      const isRead = size === stats.size && isSameFile(fstatSync(fd), stats);
      return isRead ? { stats, sha256: hash.digest("hex") } : undefined;
    } finally {
      closeSync(fd);
    }
  }
}

function namesIn(folder: HeldFolder, prefix: string, scan: Scan): Dirent[] {
  try {
    return folder.names();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    scan.trouble = `${prefix}. cannot be read (${code})`;
    return [];
  }
}

/** Keeps only these fields: otherwise a Stats object would stay in memory for each file. */
function identityOf({ ino, dev, size, mtimeMs, ctimeMs }: Stats): FileIdentity {
  return { ino, dev, size, mtimeMs, ctimeMs };
}

class Scan {
  readonly folders = new Map<string, string>();
  skipped = 0;
  trouble: string | undefined;
  readonly #files = new Map<string, MirrorEntry>();
  #bytes = 0;
  #isUnsettled = false;

  hasRoomForFolder(depth: number): boolean {
    const { depthMax, foldersMax } = mirrorLimits;
    if (depth < depthMax && this.folders.size < foldersMax) return true;
    this.trouble = `it has more than ${foldersMax} folders, or is deeper than ${depthMax}`;
    return false;
  }

  hasRoomForFile(size: number): boolean {
    const { filesMax, bytesMax } = mirrorLimits;
    if (this.#files.size < filesMax && this.#bytes + size <= bytesMax) return true;
    this.trouble = `it has more than ${filesMax} files, or than ${bytesMax} bytes`;
    return false;
  }

  add(path: string, { size, mtimeMs, mode }: Stats, sha256: string | undefined): void {
    this.#bytes += size;
    if (sha256 === undefined) this.#isUnsettled = true;
    // A manifest cannot express a time before 1970.
    const time = Math.max(0, Math.floor(mtimeMs));
    this.#files.set(path, { path, size, mtimeMs: time, mode: mode & modeBits, sha256 });
  }

  result(): FolderScan {
    const { folders, skipped, trouble } = this;
    const manifest = { isComplete: trouble === undefined, files: this.#files };
    const text = formatManifest(manifest);
    const version = createHash("sha256").update(text).digest("hex");
    return { manifest, text, version, folders, isUnsettled: this.#isUnsettled, skipped, trouble };
  }
}
