import type { FormatName } from "../../reports/formats.ts";
import type { ServerAddress } from "../../simulator/relay/cmts.ts";
import type { AgentsOptions } from "./agents/agents-access.ts";
import type { CaptureOptions } from "./capture-file.ts";
import type { WatchOptions } from "./watch-options.ts";

/** The options of `prov run`. */
export interface RunOptions extends WatchOptions, CaptureOptions, AgentsOptions {
  /** The servers to load; empty for the bundled server. */
  readonly target: readonly ServerAddress[];
  readonly bootFiles?: string;
  readonly out?: string;
  readonly seed?: number;
  readonly workers?: number;
  readonly report: readonly FormatName[];
  readonly set: readonly string[];
  readonly segment?: { readonly index: number; readonly count: number };
  /** Unix time in ms. */
  readonly startAt?: number;
  readonly history?: string;
  readonly agents?: number;
}
