import { createRequire } from "node:module";
import { endianness } from "node:os";
import { SocketError } from "./socket-error.ts";

type Koffi = typeof import("koffi");
type NativeFunction = (...integers: readonly number[]) => number;

// Pointers and size_t fit a JavaScript number: user space ends below 2^52.
const signatures = {
  socket: ["int", "int", "int", "int"],
  bind: ["int", "int", "uintptr_t", "uint"],
  close: ["int", "int"],
  getsockname: ["int", "int", "uintptr_t", "uintptr_t"],
  setsockopt: ["int", "int", "int", "int", "uintptr_t", "uint"],
  getsockopt: ["int", "int", "int", "int", "uintptr_t", "uintptr_t"],
  recvmmsg: ["int", "int", "uintptr_t", "uint", "int", "uintptr_t"],
  sendmmsg: ["int", "int", "uintptr_t", "uint", "int"],
  recv: ["int64", "int", "uintptr_t", "uintptr_t", "int"],
  sendto: ["int64", "int", "uintptr_t", "uintptr_t", "int", "uintptr_t", "uint"],
  ppoll: ["int", "uintptr_t", "uintptr_t", "uintptr_t", "uintptr_t"],
  ioctl: ["int", "int", "uintptr_t", "uintptr_t"],
  pipe2: ["int", "uintptr_t", "int"],
  clock_gettime: ["int", "int", "uintptr_t"],
  prctl: ["int", "int", "uintptr_t", "uintptr_t", "uintptr_t", "uintptr_t"],
  setns: ["int", "int", "int"],
  flock: ["int", "int", "int"],
} as const;

/**
 * The C library's calls, by their own names. Every argument is an integer, pointers included (see
 * NativeMemory), which saves koffi all conversion. A result of -1 means that `errno` has the reason.
 */
export type Libc = Readonly<Record<keyof typeof signatures, NativeFunction>> & {
  /** Address of the memory of `buffer`; it does not change while `buffer` is referenced. */
  addressOf(buffer: ArrayBuffer): number;
  /** The name of the latest failure: `EAGAIN`, or `errno 123` for one without a name. */
  errno(): string;
};

type Loaded =
  | { readonly kind: "loaded"; readonly libc: Libc }
  | { readonly kind: "missing"; readonly reason: string };

let loaded: Loaded | undefined;

function load(): Loaded {
  const machine = `${process.platform} ${process.arch} ${endianness()}`;
  if (!["linux x64 LE", "linux arm64 LE"].includes(machine)) {
    return { kind: "missing", reason: `it needs Linux on x64 or arm64, and this is ${machine}` };
  }
  try {
    // koffi is optional: where it is not installed, or has no binary, node:dgram takes over.
    const koffi: Koffi = createRequire(import.meta.url)("koffi");
    return { kind: "loaded", libc: bindLibc(koffi) };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { kind: "missing", reason: `koffi does not load (${detail.split("\n")[0]})` };
  }
}

function bindLibc(koffi: Koffi): Libc {
  // The process itself: node is linked to the C library, glibc or musl.
  const library = koffi.load(null);
  const calls = Object.entries(signatures).map(([name, [result, ...parameters]]) => [
    name,
    library.func(name, result, parameters),
  ]);
  const names = new Map(Object.entries(koffi.os.errno).map(([name, code]) => [code, name]));
  // On Linux this number has two names; its manual pages use this one.
  names.set(koffi.os.errno["EAGAIN"] ?? 11, "EAGAIN");
  return {
    ...(Object.fromEntries(calls) as Record<keyof typeof signatures, NativeFunction>),
    addressOf: (buffer) => Number(koffi.address(buffer)),
    errno: () => names.get(koffi.errno()) ?? `errno ${koffi.errno()}`,
  };
}

/** Why the C library cannot be called here; undefined when it can. */
export function libcMissingReason(): string | undefined {
  loaded ??= load();
  return loaded.kind === "missing" ? loaded.reason : undefined;
}

/** Throws SocketError (`ENOTSUP`) where the C library cannot be called. */
export function libc(): Libc {
  loaded ??= load();
  if (loaded.kind === "loaded") return loaded.libc;
  throw new SocketError(`the C library cannot be called: ${loaded.reason}`, "ENOTSUP");
}
