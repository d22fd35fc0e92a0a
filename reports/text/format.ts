import { streamNameOf } from "../../scenarios/language/phase-plan.ts";
import { percentileOf } from "../../scenarios/language/statistic.ts";
import { formatDurationMs } from "../../scenarios/yaml/duration.ts";
import type { Distribution } from "../result/distribution.ts";
import type { PhaseResult, StreamResult, Target } from "../result/run-result.ts";

/** A whole number, with commas between thousands. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}

/** With commas between thousands and so many decimals; trailing zeros beyond `digitsMin` are left out. */
export function formatDecimals(value: number, digits: number, digitsMin = digits): string {
  return value.toLocaleString("en-US", {
    minimumFractionDigits: digitsMin,
    maximumFractionDigits: digits,
  });
}

/** A rate a second: whole when it is whole, else one decimal. */
export function formatRate(perSecond: number): string {
  return formatDecimals(perSecond, Number.isInteger(perSecond) ? 0 : 1);
}

/** The load offered to a stream: a rate, all devices in a time or at once, or a closed loop. */
function formatOffer({ offeredPerSecond, outstanding, allWithinMs = 0 }: StreamResult): string {
  if (outstanding !== undefined) return `loop ${outstanding}`;
  if (offeredPerSecond !== null) return formatRate(offeredPerSecond);
  return allWithinMs === 0 ? "at once" : `in ${formatDurationMs(allWithinMs)}`;
}

/** Milliseconds with three significant digits, without a unit: 0.041, 3.27, 41.5, 1,250. */
export function formatMs(milliseconds: number): string {
  if (!Number.isFinite(milliseconds)) return "-";
  if (milliseconds === 0) return "0";
  const digits = milliseconds < 1 ? 3 : milliseconds < 10 ? 2 : milliseconds < 100 ? 1 : 0;
  return formatDecimals(milliseconds, digits);
}

/** A duration for people: milliseconds below a second, then seconds, then minutes. */
export function formatSpan(milliseconds: number): string {
  if (milliseconds < 1000) return `${formatMs(milliseconds)} ms`;
  if (milliseconds < 59_950) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** Whether `formatOffer` says "loop" of a stream. */
export function hasClosedLoop(phases: readonly PhaseResult[]): boolean {
  return phases.some(({ streams }) => streams.some(({ outstanding }) => outstanding !== undefined));
}

export const streamHead = ["exchange", "offered/s", "achieved/s", "completed", "time-outs"];

/** In the order of `streamHead`. */
export function streamCells(stream: StreamResult): [string, string, string, string, string] {
  return [
    streamNameOf(stream),
    formatOffer(stream),
    formatRate(stream.achievedPerSecond),
    formatCount(stream.completed),
    formatCount(stream.timeouts),
  ];
}

export type Percentile = "p50" | "p90" | "p99" | "p999" | "max";

/** A percentile or another statistic, as people write it: `p99.9`, `max`. */
export function percentileName(statistic: string): string {
  const percentile = percentileOf(statistic);
  return percentile === undefined ? statistic : `p${percentile}`;
}

/** A cell for each percentile; "-" where nothing was measured. */
export function percentileCells(
  spans: Distribution | undefined,
  percentiles: readonly Percentile[],
  format: (milliseconds: number) => string = formatSpan,
): string[] {
  return percentiles.map((name) => (spans && spans.count > 0 ? format(spans[name]) : "-"));
}

/** Percentiles with their names: "p50 4.0 s", "p99.9 12.5 s". */
export function percentileWords(spans: Distribution, percentiles: readonly Percentile[]): string[] {
  return percentiles.map((name) => `${percentileName(name)} ${formatSpan(spans[name])}`);
}

/** "bundled server", or the address and port of an external one, after `before`. */
export function formatTarget({ kind, address, port }: Target, before = ""): string {
  return kind === "bundled" ? "bundled server" : `${before}${address}:${port}`;
}

/** A size for people: bytes below a KiB, then KiB, MiB, GiB. */
export function formatBytes(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB"];
  let size = bytes;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit === 0 || size >= 100 ? formatCount(size) : size.toFixed(1)} ${units[unit]}`;
}

/** The text, cut to so many columns. */
export function cut(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, columns - 1)}…`;
}

/** A word as a POSIX shell reads it back. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
