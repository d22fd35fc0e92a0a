import type { SafetyResult } from "./run-result.ts";

const violations = [
  ["doubleAllocations", "addresses held by two devices at a time"],
  ["acknowledgedLeasesLost", "acknowledged leases lost"],
  ["addressesChangedOnRenewal", "addresses changed on renewal"],
  ["addressesNeverOffered", "ACKs for an address never offered"],
  ["addressesOutsideNetwork", "addresses outside the CMTS's network"],
  ["malformedReplies", "malformed replies"],
  // Only a pair can break these.
  ["acknowledgedWithoutLeadership", "ACKs without leadership"],
  ["addressesChangedAfterFailover", "addresses changed while their lease ran"],
] as const satisfies readonly (readonly [keyof SafetyResult, string])[];

/** What must never happen, in words, and how often it was seen. Only pairs have a pair's rules. */
export function violationsOf(safety: SafetyResult): (readonly [words: string, count: number])[] {
  return violations.flatMap(([field, words]) => {
    const count = safety[field];
    return count === undefined ? [] : [[words, count] as const];
  });
}

/** Says that findings which personas make inevitable are no violations; empty if there are none. */
export function expectedWords({ expected = {} }: SafetyResult): string[] {
  const count = Object.values(expected).reduce((sum, found) => sum + found, 0);
  return count === 0
    ? []
    : [`${count} findings were expected of the personas and are no violation`];
}
