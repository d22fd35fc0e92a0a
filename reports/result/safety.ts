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

/** What must never happen, in words, and how often it was seen; without the rules of a pair for one server. */
export function violationsOf(safety: SafetyResult): (readonly [words: string, count: number])[] {
  return violations.flatMap(([field, words]) => {
    const count = safety[field];
    return count === undefined ? [] : [[words, count] as const];
  });
}

/** What personas make inevitable, in a sentence that says that it is no violation; empty for none. */
export function expectedWords({ expected = {} }: SafetyResult): string[] {
  const count = Object.values(expected).reduce((sum, found) => sum + found, 0);
  return count === 0
    ? []
    : [`${count} findings were expected of the personas and are no violation`];
}
