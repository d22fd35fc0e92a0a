import { NtpLeap, referenceIdOf } from "../../protocol/ntp/packet.ts";

/** What the kernel says about the clock that ntpd or chronyd disciplines (adjtimex). */
export interface KernelClock {
  readonly synchronised: boolean;
  readonly maxErrorMs: number;
  readonly leapSecond: "none" | "insert" | "delete";
}

/** The fields of a reply that do not depend on the request. */
export interface ClockState {
  readonly leap: number;
  /** 1 to 15; 0 with the reference id INIT when there is no time to give (RFC 5905, section 7.4). */
  readonly stratum: number;
  /** Signed log2 of seconds. */
  readonly precision: number;
  readonly rootDelaySeconds: number;
  readonly rootDispersionSeconds: number;
  readonly referenceId: number;
  /** When the clock was last known to be right (Unix milliseconds). */
  readonly referenceUnixMs: number;
}

export interface ClockPolicy {
  /** Stratum announced while the kernel's clock is synchronised. */
  readonly stratum: number;
  /**
   * What to do while it is not. "local": serve the host's own clock at stratum 10, so that an isolated
   * lab agrees on one time. "alarm": answer that there is no time, so that clients look elsewhere.
   */
  readonly unsynchronised: "local" | "alarm";
}

/**
 * The upstream servers of TIME-2 have stratum 1 or 2, so a host that follows them has stratum 3 at worst.
 * The kernel does not know its stratum; set another number where the plant differs.
 */
export const clockPolicyDefault: ClockPolicy = { stratum: 3, unsynchronised: "local" };

const localStratum = 10;
const localReference = referenceIdOf("LOCL");
/** 127.127.1.0, which ntpd's tools show as the local clock: our reference is this host's clock. */
const hostReference = 0x7f7f_0100;
const noReference = referenceIdOf("INIT");
/** The largest value that the field can carry. */
const dispersionSecondsMax = 65_535;

const leaps = {
  none: NtpLeap.none,
  insert: NtpLeap.lastMinuteHas61Seconds,
  delete: NtpLeap.lastMinuteHas59Seconds,
} as const;

/** `kernel` is undefined where adjtimex is not available. The clock then counts as unsynchronised. */
export function clockStateOf(
  kernel: KernelClock | undefined,
  policy: ClockPolicy,
  unixMs: number,
  precision: number,
): ClockState {
  const common = { precision, rootDelaySeconds: 0, referenceUnixMs: unixMs };
  if (kernel?.synchronised === true) {
    return {
      ...common,
      leap: leaps[kernel.leapSecond],
      stratum: policy.stratum,
      // maxerror is the whole distance to the root, half the delay included.
      rootDispersionSeconds: Math.min(kernel.maxErrorMs / 1000, dispersionSecondsMax),
      referenceId: hostReference,
    };
  }
  const isLocal = policy.unsynchronised === "local";
  return {
    ...common,
    leap: isLocal ? NtpLeap.none : NtpLeap.unsynchronised,
    stratum: isLocal ? localStratum : 0,
    // The clock is its own reference, so the only error is its resolution.
    rootDispersionSeconds: 2 ** precision,
    referenceId: isLocal ? localReference : noReference,
  };
}
