import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  realpathSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { libc, libcMissingReason } from "../../../../base/net/kernel/libc.ts";
import { LOCK_EX, LOCK_NB } from "../../../../base/net/kernel/linux.ts";
import { refusedBySystem, StartError } from "../../../process/start-error.ts";

export type LeaseFileLock =
  | { readonly kind: "taken"; readonly release: () => void }
  /** Another server has it: a process, as far as this one can see processes. */
  | { readonly kind: "held"; readonly by: number | undefined }
  | { readonly kind: "unavailable"; readonly reason: string };

/** Other users cannot open the lock, so they cannot hold it. */
const ownerOnly = 0o600;

/**
 * Locks the lease file for this process (flock): two servers that both append to it would lease the same addresses.
 * The lock is on the file `PATH.lock`, with symbolic links followed unless told otherwise; it stays where it is. It reaches as far as the file
 * does, into other namespaces and containers too, and ends with the process, however that ends.
 *
 * It is not on the lease file itself: a rewrite puts another file in its place, and everybody who may read a file may
 * lock it. Nothing is written to the lock, because a folder's owner could put a link in its place.
 *
 * Without its folder nothing is locked, and opening the lease file tells. Throws StartError when the lock cannot be
 * opened.
 */
export function lockLeaseFile(path: string, followsLinks = true): LeaseFileLock {
  const folder = dirname(path);
  if (!existsSync(folder)) return { kind: "taken", release: () => undefined };
  const reason = libcMissingReason();
  if (reason !== undefined) return { kind: "unavailable", reason };
  const real =
    followsLinks && existsSync(path)
      ? realpathSync(path)
      : join(realpathSync(folder), basename(path));
  const lock = lockPathOf(real);
  const file = openLock(lock);
  const { flock, errno } = libc();
  if (flock(file, LOCK_EX | LOCK_NB) === 0)
    return { kind: "taken", release: () => closeSync(file) };
  const code = errno();
  const by = holderOf(file);
  closeSync(file);
  if (code === "EAGAIN") return { kind: "held", by };
  throw new StartError(`Can't lock ${lock}: ${code}`);
}

/** The lock of a lease file that is no link. */
export function lockPathOf(leaseFile: string): string {
  return `${leaseFile}.lock`;
}

function openLock(path: string): number {
  const { O_RDWR, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  try {
    return openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, ownerOnly);
  } catch (error) {
    throw refusedBySystem(`Can't open ${path}, which keeps other servers off the leases`, error);
  }
}

/**
 * From /proc/locks. It does not have processes of other namespaces, and on some file systems (btrfs) it names the device
 * otherwise than stat does.
 */
function holderOf(file: number): number | undefined {
  const { dev, ino } = fstatSync(file);
  const [major, minor] = [(dev >>> 8) & 0xfff, (dev & 0xff) | ((dev >>> 12) & 0xfff00)].map(
    (part) => part.toString(16).padStart(2, "0"),
  );
  const held = new RegExp(`FLOCK +ADVISORY +WRITE +(\\d+) ${major}:${minor}:${ino} `);
  try {
    const found = held.exec(readFileSync("/proc/locks", "latin1"));
    return found === null ? undefined : Number(found[1]);
  } catch {
    // A container may hide it.
    return undefined;
  }
}
