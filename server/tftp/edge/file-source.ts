import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readlinkSync,
  readSync,
  realpathSync,
  type Stats,
  statSync,
} from "node:fs";
import { sep } from "node:path";
import { tftpErrorCodes } from "../../../protocol/tftp/packet.ts";
import { refusedBySystem, StartError } from "../../process/start-error.ts";
import { pathBelowRoot } from "../file-name.ts";
import { type Refusal, refusal } from "../negotiation.ts";
import { RecentlyUsed } from "../recently-used.ts";
import type { OpenResult } from "../service.ts";
import { BytesContent } from "../transfer-content.ts";
import { type ChunkCache, chunkCache, isSameFile, SharedFile } from "./shared-file.ts";

export interface FileSourceOptions {
  /** The directory that is served (TFTP-6); nothing outside it is ever served. */
  readonly root: string;
  readonly wallMs: () => number;
  /** Files up to this size are kept in memory: 64 KiB by default. */
  readonly cachedFileBytesMax?: number;
  /** How many bytes of such files are kept: 128 MiB by default. */
  readonly cacheBytesMax?: number;
  /** How many bytes of larger files are read ahead: 32 MiB by default. */
  readonly readAheadBytesMax?: number;
  /** How many larger files may be open; each serves any number of transfers. 1,024 by default. */
  readonly openFilesMax?: number;
}

const cachedFileBytesMaxDefault = 64 * 1024;
const cacheBytesMaxDefault = 128 * 1024 * 1024;
const readAheadBytesMaxDefault = 32 * 1024 * 1024;
/** Four times the transfers of one address, so that no few addresses hold them all. */
const openFilesMaxDefault = 1024;
/** What a kept file costs in addition to its bytes, so that empty files are bounded too. */
const entryBytes = 512;
/**
 * A file system's clock may tick every few milliseconds, so a second change within one tick does not
 * show. A file this young is therefore read afresh each time.
 */
const youngMs = 50;
// Without O_NONBLOCK, a pipe in place of a file would block the server.
const openFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

interface CachedFile {
  readonly bytes: Uint8Array;
  readonly stats: Stats;
}

/** Opens files below one directory: only regular files, and neither a name nor a link leads outside. */
export class FileSource {
  readonly #root: string;
  readonly #wallMs: () => number;
  readonly #cachedFileBytesMax: number;
  readonly #openFilesMax: number;
  readonly #chunks: ChunkCache;
  /** By path below the root. */
  readonly #cached: RecentlyUsed<string, CachedFile>;
  readonly #shared = new Set<SharedFile>();
  cacheHits = 0;

  /** Throws StartError when the root is not a readable directory. */
  constructor(options: FileSourceOptions) {
    this.#root = resolveRoot(options.root);
    this.#wallMs = options.wallMs;
    this.#cachedFileBytesMax = options.cachedFileBytesMax ?? cachedFileBytesMaxDefault;
    this.#cached = new RecentlyUsed(
      options.cacheBytesMax ?? cacheBytesMaxDefault,
      ({ bytes }) => bytes.length + entryBytes,
    );
    this.#openFilesMax = options.openFilesMax ?? openFilesMaxDefault;
    this.#chunks = chunkCache(options.readAheadBytesMax ?? readAheadBytesMaxDefault);
  }

  get cached(): { readonly count: number; readonly bytes: number } {
    return this.#cached;
  }

  /** How many larger files are being read now. */
  get openFiles(): number {
    return this.#shared.size;
  }

  open(filename: string): OpenResult {
    const path = pathBelowRoot(filename);
    if (path === undefined) return accessViolation;
    try {
      const stats = statSync(this.#full(path), { throwIfNoEntry: false });
      if (stats === undefined) return notFound;
      if (!stats.isFile()) return notRegular;
      return this.#fromCache(path, stats) ?? this.#fromDisk(path);
    } catch (error) {
      return refusalOf(error);
    }
  }

  #full(path: string): string {
    return `${this.#root}${sep}${path}`;
  }

  #fromCache(path: string, stats: Stats): OpenResult | undefined {
    const cached = this.#cached.get(path);
    if (cached === undefined) return undefined;
    if (!isSameFile(cached.stats, stats)) {
      this.#cached.drop(path);
      return undefined;
    }
    this.cacheHits += 1;
    return { kind: "opened", content: new BytesContent(cached.bytes) };
  }

  #fromDisk(path: string): OpenResult {
    const real = realpathSync(this.#full(path));
    if (!this.#isInside(real)) return accessViolation;
    const fd = openSync(real, openFlags);
    let isTaken = false;
    try {
      // Check the opened file itself: the path may have changed since.
      const stats = fstatSync(fd);
      if (!stats.isFile()) return notRegular;
      if (!this.#isInside(openedPath(fd) ?? real)) return accessViolation;
      if (stats.size > this.#cachedFileBytesMax) {
        const shared = this.#shareOf(fd, stats);
        if (shared === undefined) return tooManyOpen;
        isTaken = shared.isNew;
        return { kind: "opened", content: shared.file.open() };
      }
      const bytes = readWhole(fd, stats.size);
      if (bytes === undefined) return changing;
      this.#keep(path, { bytes, stats });
      return { kind: "opened", content: new BytesContent(bytes) };
    } finally {
      if (!isTaken) closeSync(fd);
    }
  }

  #isInside(real: string): boolean {
    return real.startsWith(this.#root === sep ? sep : `${this.#root}${sep}`);
  }

  #shareOf(fd: number, stats: Stats): { file: SharedFile; isNew: boolean } | undefined {
    for (const file of this.#shared) {
      if (isSameFile(file.stats, stats)) return { file, isNew: false };
    }
    if (this.#shared.size >= this.#openFilesMax) return undefined;
    const taken = new Set([...this.#shared].map((file) => file.number));
    let number = 0;
    while (taken.has(number)) number += 1;
    const file = new SharedFile(fd, stats, this.#chunks, number, () => {
      this.#shared.delete(file);
    });
    this.#shared.add(file);
    return { file, isNew: true };
  }

  #keep(path: string, file: CachedFile): void {
    const ageMs = this.#wallMs() - Math.max(file.stats.mtimeMs, file.stats.ctimeMs);
    if (ageMs >= youngMs) this.#cached.keep(path, file);
  }
}

function resolveRoot(root: string): string {
  try {
    const real = realpathSync(root);
    if (statSync(real).isDirectory()) return real;
  } catch (error) {
    throw refusedBySystem(`Can't serve files from ${root}`, error);
  }
  throw new StartError(`Can't serve files from ${root}: it is not a directory.`);
}

/** The system's path of an open file; undefined where there is no /proc. */
function openedPath(fd: number): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
}

/** Undefined when the file's length has changed meanwhile. */
function readWhole(fd: number, size: number): Uint8Array | undefined {
  // One byte of extra room shows whether the file has grown.
  const bytes = new Uint8Array(size + 1);
  let filled = 0;
  while (filled < bytes.length) {
    const count = readSync(fd, bytes, filled, bytes.length - filled, filled);
    if (count === 0) break;
    filled += count;
  }
  return filled === size ? bytes.subarray(0, size) : undefined;
}

const notFound = refusal(tftpErrorCodes.fileNotFound, "file not found");
const notRegular = refusal(tftpErrorCodes.accessViolation, "not a regular file");
const accessViolation = refusal(tftpErrorCodes.accessViolation, "access violation");
const changing = refusal(tftpErrorCodes.undefined, "the file is being changed: ask again");
const tooManyOpen = refusal(tftpErrorCodes.undefined, "too many files are open: ask again");

const refusals: Readonly<Record<string, Refusal>> = {
  ENOENT: notFound,
  ENOTDIR: notFound,
  ENAMETOOLONG: notFound,
  EACCES: accessViolation,
  EPERM: accessViolation,
  ELOOP: accessViolation,
  ENXIO: notRegular,
  EMFILE: tooManyOpen,
  ENFILE: tooManyOpen,
};

function refusalOf(error: unknown): Refusal {
  const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
  // An error without a system code is our own mistake.
  if (code === undefined || code.startsWith("ERR_")) throw error;
  return refusals[code] ?? refusal(tftpErrorCodes.undefined, `the file cannot be read: ${code}`);
}
