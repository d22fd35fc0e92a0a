import { LeaseStoreError } from "./lease-store.ts";

export interface DiskFileState {
  readonly sizeBytes: number;
  /** Number of directory entries: 0 when the file was removed or replaced while it was open. */
  readonly links: number;
}

/**
 * The file system calls of the lease file, as an interface so that tests can make each of them fail. All
 * are synchronous and throw errors with a system `code` (ENOSPC, EIO, …).
 */
export interface LeaseDisk {
  /** The path with symbolic links followed: a rename would replace the link, not the file. */
  realPath(path: string): string;
  /** "existing" opens to read and write; "new" creates the file and fails when it exists. */
  open(path: string, mode: "existing" | "new"): number;
  close(file: number): void;
  state(file: number): DiskFileState;
  /** Reads at most `length` bytes into the start of `target`; returns how many. */
  read(file: number, target: Uint8Array, length: number, position: number): number;
  /** Writes the first `length` bytes; returns how many the system took. */
  write(file: number, bytes: Uint8Array, length: number, position: number): number;
  /** fdatasync: the data, and the size needed to read it back. */
  sync(file: number): void;
  truncate(file: number, sizeBytes: number): void;
  link(path: string, newPath: string): void;
  rename(path: string, newPath: string): void;
  unlink(path: string): void;
  /** Makes links and renames in the directory of `path` durable. */
  syncDirectory(path: string): void;
  /** Gives `to` the mode and, where allowed, the owner of `from`. */
  copyAccess(from: number, to: number): void;
}

/**
 * Waits for a disk in another thread, one call at a time. Each `begin…` returns false when no thread is
 * ready: then do it in place.
 */
export interface BackgroundSync {
  /** Begins `LeaseDisk.sync`. */
  begin(file: number): boolean;
  /** Begins to sync `file`, whose name is `path`, and then `replaceFile`. */
  beginInstall(file: number, path: string, newPath: string): boolean;
  /** Begins `LeaseDisk.syncDirectory`. */
  beginDirectory(path: string): boolean;
  /** Waits at most `msMax`; returns whether the call has ended. Throws as that call does. */
  end(msMax: number): boolean;
}

/** Renames `path` to `newPath`, and keeps what was there as `newPath~`, as dhcpd does. */
export function replaceFile(
  disk: Pick<LeaseDisk, "link" | "rename" | "unlink">,
  path: string,
  newPath: string,
): void {
  // File systems without hard links get no backup.
  attempted(() => disk.unlink(`${newPath}~`));
  attempted(() => disk.link(newPath, `${newPath}~`));
  disk.rename(path, newPath);
}

/** The system's code of an error; undefined when it is not a system error but a bug of ours. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" && /^E[A-Z0-9]+$/.test(error.code) ? error.code : undefined;
}

const hints: Readonly<Record<string, string>> = {
  ENOSPC: "Free space on its file system: service goes on as soon as there is room.",
  EDQUOT: "Raise the quota: service goes on as soon as there is room.",
  SHORT_WRITE: "Free space on its file system: service goes on as soon as there is room.",
  EIO: "Check the disk and the system's log.",
  EACCES: "Give the server's user the right to read and write the file and its directory.",
  EPERM: "Give the server's user the right to read and write the file and its directory.",
  EROFS: "Mount the file system for writing.",
  ELOOP:
    "It is a symbolic link, which -user does not follow: name the file that it leads to (-lf).",
};

/** `what` begins the sentence: "Can't append 12 leases to PATH". */
export function storeError(code: string, what: string): LeaseStoreError {
  const hint = hints[code] ?? "Check the file, its directory and the disk.";
  return new LeaseStoreError(code, `${what}: ${code}.`, hint);
}

/** Runs a disk call and turns the system's errors into LeaseStoreError; `what` as in `storeError`. */
export function guarded<T>(what: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    throw storeError(code, what);
  }
}

/** Runs a call whose failure does not matter. Returns false when the system refused. */
export function attempted(call: () => void): boolean {
  try {
    call();
    return true;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return false;
  }
}

/**
 * Writes the first `length` bytes, in several calls if needed: a disk that fills up takes a part, and
 * only the next call says why. Returns less when the system takes nothing and reports no error.
 */
export function writeAll(
  disk: LeaseDisk,
  file: number,
  bytes: Uint8Array,
  length: number,
  position: number,
): number {
  let written = 0;
  while (written < length) {
    const rest = written === 0 ? bytes : bytes.subarray(written);
    const taken = disk.write(file, rest, length - written, position + written);
    if (taken === 0) break;
    written += taken;
  }
  return written;
}
