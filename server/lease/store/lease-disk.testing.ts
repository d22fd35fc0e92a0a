import type { Prng } from "../../../base/prng.ts";
import {
  type BackgroundSync,
  type DiskFileState,
  type LeaseDisk,
  replaceFile,
} from "./lease-disk.ts";

/** The machine stopped here: nothing after this call happened. */
export class SimulatedCrash extends Error {
  override readonly name = "SimulatedCrash";
}

export function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** Calls `before` and `after` around each call of `disk`, numbered from 1; both may throw. */
export function watchedDisk(
  disk: LeaseDisk,
  before: (call: number, name: keyof LeaseDisk) => void,
  after: (call: number, name: keyof LeaseDisk) => void = () => undefined,
): LeaseDisk {
  let call = 0;
  return new Proxy(disk, {
    get(target, name: keyof LeaseDisk) {
      const method = target[name] as (...values: unknown[]) => unknown;
      return (...values: unknown[]): unknown => {
        call += 1;
        const number = call;
        before(number, name);
        try {
          return method.apply(target, values);
        } finally {
          after(number, name);
        }
      };
    },
  });
}

/** Works on `disk`, as late as it may: when somebody waits for the end. */
export class LateSync implements BackgroundSync {
  readonly #disk: LeaseDisk;
  #call: (() => void) | undefined;
  /** How many syncs were begun. */
  begun = 0;

  constructor(disk: LeaseDisk) {
    this.#disk = disk;
  }

  begin(file: number): boolean {
    this.begun += 1;
    return this.#begin(() => this.#disk.sync(file));
  }

  beginInstall(file: number, path: string, newPath: string): boolean {
    return this.#begin(() => {
      this.#disk.sync(file);
      replaceFile(this.#disk, path, newPath);
    });
  }

  beginDirectory(path: string): boolean {
    return this.#begin(() => this.#disk.syncDirectory(path));
  }

  end(msMax: number): boolean {
    const call = this.#call;
    if (call === undefined) throw new Error("nothing was begun");
    if (msMax === 0) return false;
    this.#call = undefined;
    call();
    return true;
  }

  #begin(call: () => void): boolean {
    if (this.#call !== undefined) throw new Error("two calls at once");
    this.#call = call;
    return true;
  }
}

/** Works as soon as somebody looks. */
export class PromptSync extends LateSync {
  override end(): boolean {
    return super.end(1);
  }
}

interface Inode {
  /** What a process sees. */
  bytes: Uint8Array;
  /** What was synced. */
  durable: Uint8Array;
}

type NameChange = (names: Map<string, Inode>) => void;

/**
 * A disk in memory that knows what is durable: `sync` for a file's bytes, `syncDirectory` for the
 * names. `afterPowerCut` makes the disk that a machine would find.
 */
export class SimulatedDisk implements LeaseDisk {
  readonly #names = new Map<string, Inode>();
  readonly #durableNames = new Map<string, Inode>();
  #nameChanges: NameChange[] = [];
  readonly #open = new Map<number, Inode>();
  #nextFile = 3;
  /** Writing more than this in all files together is ENOSPC, after what still fits. */
  capacityBytes = Number.POSITIVE_INFINITY;

  /** Puts a durable file there. */
  install(path: string, bytes: Uint8Array): void {
    const inode: Inode = { bytes: bytes.slice(), durable: bytes.slice() };
    this.#names.set(path, inode);
    this.#durableNames.set(path, inode);
  }

  /** Takes a file away, durably. */
  remove(path: string): void {
    this.#names.delete(path);
    this.#durableNames.delete(path);
  }

  contents(path: string): Uint8Array | undefined {
    return this.#names.get(path)?.bytes;
  }

  get openFiles(): number {
    return this.#open.size;
  }

  get paths(): string[] {
    return [...this.#names.keys()].sort();
  }

  /**
   * The disk after a power cut: of the names, some of the changes since the last sync, in order;
   * of each file, what was synced and a part of what came after, its last pages perhaps zeros.
   */
  afterPowerCut(prng: Prng): SimulatedDisk {
    const names = new Map(this.#durableNames);
    for (const change of this.#nameChanges.slice(0, prng.nextBelow(this.#nameChanges.length + 1))) {
      change(names);
    }
    const found = new SimulatedDisk();
    const survivors = new Map<Inode, Uint8Array>();
    for (const [path, inode] of names) {
      const bytes = survivors.get(inode) ?? survivorOf(inode, prng);
      survivors.set(inode, bytes);
      found.install(path, bytes);
    }
    return found;
  }

  realPath(path: string): string {
    this.#inode(path);
    return path;
  }

  open(path: string, mode: "existing" | "new"): number {
    if (mode === "new") {
      if (this.#names.has(path)) throw systemError("EEXIST");
      const inode: Inode = { bytes: new Uint8Array(0), durable: new Uint8Array(0) };
      this.#change((names) => names.set(path, inode));
    }
    const file = this.#nextFile;
    this.#nextFile += 1;
    this.#open.set(file, this.#inode(path));
    return file;
  }

  close(file: number): void {
    this.#file(file);
    this.#open.delete(file);
  }

  state(file: number): DiskFileState {
    const inode = this.#file(file);
    const links = [...this.#names.values()].filter((named) => named === inode).length;
    return { sizeBytes: inode.bytes.length, links };
  }

  read(file: number, target: Uint8Array, length: number, position: number): number {
    const part = this.#file(file).bytes.subarray(position, position + length);
    target.set(part);
    return part.length;
  }

  write(file: number, bytes: Uint8Array, length: number, position: number): number {
    const inode = this.#file(file);
    const all = [...new Set(this.#names.values())];
    const used = all.reduce((total, named) => total + named.bytes.length, 0);
    const room = Math.max(0, this.capacityBytes - used);
    if (room === 0) throw systemError("ENOSPC");
    const taken = Math.min(length, room);
    const grown = new Uint8Array(Math.max(inode.bytes.length, position + taken));
    grown.set(inode.bytes);
    grown.set(bytes.subarray(0, taken), position);
    inode.bytes = grown;
    return taken;
  }

  sync(file: number): void {
    const inode = this.#file(file);
    inode.durable = inode.bytes.slice();
  }

  truncate(file: number, sizeBytes: number): void {
    const inode = this.#file(file);
    inode.bytes = inode.bytes.slice(0, sizeBytes);
  }

  link(path: string, newPath: string): void {
    const inode = this.#inode(path);
    if (this.#names.has(newPath)) throw systemError("EEXIST");
    this.#change((names) => names.set(newPath, inode));
  }

  rename(path: string, newPath: string): void {
    const inode = this.#inode(path);
    this.#change((names) => {
      names.delete(path);
      names.set(newPath, inode);
    });
  }

  unlink(path: string): void {
    this.#inode(path);
    this.#change((names) => names.delete(path));
  }

  syncDirectory(): void {
    for (const change of this.#nameChanges) change(this.#durableNames);
    this.#nameChanges = [];
  }

  copyAccess(): void {
    // Modes and owners are not part of the simulation.
  }

  #change(change: NameChange): void {
    change(this.#names);
    this.#nameChanges.push(change);
  }

  #inode(path: string): Inode {
    const inode = this.#names.get(path);
    if (inode === undefined) throw systemError("ENOENT");
    return inode;
  }

  #file(file: number): Inode {
    const inode = this.#open.get(file);
    if (inode === undefined) throw systemError("EBADF");
    return inode;
  }
}

function survivorOf(inode: Inode, prng: Prng): Uint8Array {
  const { bytes, durable } = inode;
  if (bytes.length <= durable.length) return prng.nextBelow(2) === 0 ? bytes : durable;
  const length = durable.length + prng.nextBelow(bytes.length - durable.length + 1);
  const survivor = bytes.slice(0, length);
  survivor.set(durable);
  if (prng.nextBelow(3) === 0) {
    survivor.fill(0, durable.length + prng.nextBelow(length - durable.length + 1));
  }
  return survivor;
}

/** Two disks as one: files below `/a/` are on the first one, the others on the second one. */
export function joinedDisks(first: LeaseDisk, second: LeaseDisk): LeaseDisk {
  const disks = [first, second];
  const placeOf = (path: string): number => (path.startsWith("/a/") ? 0 : 1);
  const diskOf = (path: string): LeaseDisk => disks[placeOf(path)];
  // The disk of an open file is the lowest bit of its number.
  const on = <T>(file: number, call: (disk: LeaseDisk, file: number) => T): T =>
    call(disks[file & 1], file >> 1);
  return {
    realPath: (path) => diskOf(path).realPath(path),
    open: (path, mode) => diskOf(path).open(path, mode) * 2 + placeOf(path),
    close: (file) => on(file, (disk, own) => disk.close(own)),
    state: (file) => on(file, (disk, own) => disk.state(own)),
    read: (file, target, length, position) =>
      on(file, (disk, own) => disk.read(own, target, length, position)),
    write: (file, bytes, length, position) =>
      on(file, (disk, own) => disk.write(own, bytes, length, position)),
    sync: (file) => on(file, (disk, own) => disk.sync(own)),
    truncate: (file, sizeBytes) => on(file, (disk, own) => disk.truncate(own, sizeBytes)),
    link: (path, newPath) => diskOf(path).link(path, newPath),
    rename: (path, newPath) => diskOf(path).rename(path, newPath),
    unlink: (path) => diskOf(path).unlink(path),
    syncDirectory: (path) => diskOf(path).syncDirectory(path),
    copyAccess: () => undefined,
  };
}
