import type { Verdict } from "../../reports/result/run-result.ts";

/** Exit statuses of every command except `prov dhcpd`, which has dhcpd's. */
export const exitStatus = {
  pass: 0,
  internalError: 1,
  badUsage: 2,
  /** The generator, not the server, was the limit. */
  invalid: 98,
  thresholdFailed: 99,
} as const;

export const statusOfVerdict: Readonly<Record<Verdict, number>> = {
  pass: exitStatus.pass,
  fail: exitStatus.thresholdFailed,
  invalid: exitStatus.invalid,
};
