import type { SafetyResult } from "./run-result.ts";

/** What must never happen, in words, and how often it was seen. */
export function violationsOf(safety: SafetyResult): readonly (readonly [string, number])[] {
  return [
    ["addresses held by two devices at a time", safety.doubleAllocations],
    ["acknowledged leases lost", safety.acknowledgedLeasesLost],
    ["addresses changed on renewal", safety.addressesChangedOnRenewal],
    ["ACKs for an address never offered", safety.addressesNeverOffered],
    ["addresses outside the CMTS's network", safety.addressesOutsideNetwork],
    ["malformed replies", safety.malformedReplies],
    ...pairViolationsOf(safety),
  ];
}

/** Only a pair can break these. */
function pairViolationsOf(safety: SafetyResult): (readonly [string, number])[] {
  const { acknowledgedWithoutLeadership, addressesChangedAfterFailover } = safety;
  const unled = "ACKs without leadership";
  const moved = "addresses changed while their lease ran";
  return [
    ...(acknowledgedWithoutLeadership === undefined
      ? []
      : [[unled, acknowledgedWithoutLeadership] as const]),
    ...(addressesChangedAfterFailover === undefined
      ? []
      : [[moved, addressesChangedAfterFailover] as const]),
  ];
}

/** What personas make inevitable, in a sentence that says that it is no violation; empty for none. */
export function expectedWords({ expected = {} }: SafetyResult): string[] {
  const count = Object.values(expected).reduce((sum, found) => sum + found, 0);
  return count === 0
    ? []
    : [`${count} findings were expected of the personas and are no violation`];
}
