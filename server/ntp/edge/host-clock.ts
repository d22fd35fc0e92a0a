import { createRequire } from "node:module";
import { type Clock, systemClock } from "../../../base/clock.ts";
import { libc, libcMissingReason } from "../../../base/net/kernel/libc.ts";
import { CLOCK_REALTIME, TIMESPEC_BYTES } from "../../../base/net/kernel/linux.ts";
import { NativeMemory } from "../../../base/net/kernel/native-memory.ts";
import type { KernelClock } from "../clock-state.ts";

/** The clock that is served. */
export interface HostClock {
  /** Unix milliseconds; the fraction is as exact as `precision`. */
  unixMs(): number;
  /** Signed log2 of seconds. */
  readonly precision: number;
  /** Undefined where the kernel's state is not available. */
  kernel(): KernelClock | undefined;
}

/** Linux x64 and arm64: struct timex of adjtimex(2). */
const timexBytes = 208;
const maxErrorOffset = 24;
const statusOffset = 40;
const unsynchronisedFlag = 0x40;
const stateInsert = 1;
const stateDelete = 2;
const stateError = 5;

/** About a microsecond: how long a call through koffi takes. */
const nativePrecision = -20;
/** A millisecond, the step of Date.now. */
const millisecondPrecision = -10;

/** A clock without any information from the kernel. */
export function plainHostClock(clock: Clock): HostClock {
  return {
    precision: millisecondPrecision,
    unixMs: () => clock.wallMs(),
    kernel: () => undefined,
  };
}

/** The machine's clock, read through the C library where koffi can load it. */
export function openHostClock(): HostClock {
  if (libcMissingReason() !== undefined) return plainHostClock(systemClock);
  const { clock_gettime } = libc();
  const timespec = new NativeMemory(TIMESPEC_BYTES);
  const askKernel = bindAdjtimex();
  return {
    precision: nativePrecision,
    unixMs: () => {
      if (clock_gettime(CLOCK_REALTIME, timespec.address) !== 0) return systemClock.wallMs();
      const seconds = timespec.words[0] + timespec.words[1] * 2 ** 32;
      return seconds * 1000 + timespec.words[2] / 1e6;
    },
    kernel: () => askKernel?.(),
  };
}

/** Undefined when the C library has no adjtimex. */
function bindAdjtimex(): (() => KernelClock | undefined) | undefined {
  const koffi: typeof import("koffi") = createRequire(import.meta.url)("koffi");
  let adjtimex: (timex: number) => number;
  try {
    adjtimex = koffi.load(null).func("adjtimex", "int", ["uintptr_t"]);
  } catch {
    return undefined;
  }
  const timex = new NativeMemory(timexBytes);
  return () => {
    // modes = 0 only reads, which needs no privilege.
    timex.bytes.fill(0);
    const state = adjtimex(timex.address);
    if (state < 0) return undefined;
    const status = timex.view.getInt32(statusOffset, true);
    const maxErrorUs = timex.words[maxErrorOffset / 4];
    return {
      synchronised: state !== stateError && (status & unsynchronisedFlag) === 0,
      maxErrorMs: maxErrorUs / 1000,
      leapSecond: state === stateInsert ? "insert" : state === stateDelete ? "delete" : "none",
    };
  };
}
