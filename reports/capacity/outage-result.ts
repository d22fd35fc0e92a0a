import type { Environment } from "../result/run-result.ts";

/** `outage.json`: the predictions of `prov capacity outage`, and its measurements if it made any. */
export const OUTAGE_SCHEMA = "provlab/outage@1";

export interface OutageResult {
  readonly schema: typeof OUTAGE_SCHEMA;
  readonly scenario: { readonly name: string; readonly title: string; readonly sha256: string };
  /** The command as it was typed, quoted for a shell. */
  readonly command: string;
  readonly seed: number;
  readonly environment: Environment;
  readonly devices: number;
  /** Within this time all devices have power again. */
  readonly withinMs: number;
  /** Network round trip between device and server. */
  readonly roundTripMs: number;
  readonly cells: readonly OutageCell[];
}

export interface OutageCell {
  /** The TFTP server's limit on transfers at the same time. */
  readonly tftpSessionsMax: number;
  /** Modems that one CMTS ranges in a second; null: ranging is never the limit. */
  readonly rangingPerSecond: number | null;
  readonly predicted: OnlineMs;
  readonly measured?: OnlineMs;
  /** Why the generator spoiled the measurement; one sentence each. */
  readonly problems?: readonly string[];
}

/** Time from power-on until 50, 90 and 99 % of all devices are on line; null: not in time. */
export type OnlineMs = Readonly<Record<50 | 90 | 99, number | null>>;
