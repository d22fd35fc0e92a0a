import type { Distribution } from "../../reports/result/distribution.ts";

/** What a check says about the machine. */
export interface Finding {
  /** `unknown`: this machine does not let it be measured. */
  readonly state: "fine" | "slow" | "unknown";
  /** One sentence with the figures that are no percentiles. */
  readonly said: string;
  readonly advice: readonly Advice[];
}

/** What to change, and the command that does it, where there is one. */
export interface Advice {
  readonly text: string;
  readonly command?: string;
}

/** One check's answer. */
export interface CheckResult extends Finding {
  readonly id: string;
  readonly waitsMs?: Distribution;
  /** What else was measured, with units in the names. */
  readonly figures: Readonly<Record<string, unknown>>;
}

/**
 * What a transaction takes at the guide's load when the server itself takes no time. Absent without a disk or without
 * loopback.
 */
export type Forecast = Readonly<Record<"discover" | "renew", Distribution>>;

export const DOCTOR_SCHEMA = "provlab/doctor@1";

/** What `prov doctor` found: `--json` prints it. */
export interface DoctorResult {
  readonly schema: typeof DOCTOR_SCHEMA;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly kernel: string;
    readonly node: string;
    readonly provlab: string;
  };
  /** The folder whose disk was measured. */
  readonly folder: string;
  readonly checks: readonly CheckResult[];
  readonly forecast?: Forecast;
}
