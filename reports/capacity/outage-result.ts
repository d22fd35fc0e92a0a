import type { Environment } from "../result/run-result.ts";

/** `outage.json`: what `prov capacity outage` worked out, and measured where it was asked to. */
export const OUTAGE_SCHEMA = "provlab/outage@1";

export interface OutageResult {
  readonly schema: typeof OUTAGE_SCHEMA;
  readonly scenario: { readonly name: string; readonly title: string; readonly sha256: string };
  /** What was typed, quoted for a shell. */
  readonly command: string;
  readonly seed: number;
  readonly environment: Environment;
  readonly devices: number;
  /** Power comes back to everybody within this. */
  readonly withinMs: number;
  /** There and back again, once. */
  readonly roundTripMs: number;
  readonly cells: readonly OutageCell[];
}

export interface OutageCell {
  /** Transfers at once. */
  readonly tftpSessionsMax: number;
  /** Modems a second and CMTS; null: never the limit. */
  readonly rangingPerSecond: number | null;
  readonly predicted: OnlineMs;
  readonly measured?: OnlineMs;
  /** Why the measurement says nothing about the servers; one sentence each. */
  readonly problems?: readonly string[];
}

/** When so many percent of all devices were on line, since the power came back; null: not in time. */
export type OnlineMs = Readonly<Record<50 | 90 | 99, number | null>>;
