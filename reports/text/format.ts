import type { StreamResult } from "../result/run-result.ts";

/** How figures are written everywhere: thousands with commas, milliseconds with three digits. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}

/** A rate a second: whole when it is whole, else one decimal. */
export function formatRate(perSecond: number): string {
  const digits = Number.isInteger(perSecond) ? 0 : 1;
  return perSecond.toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** What a stream was offered: a rate, all at once, or a closed loop of so many transactions. */
export function formatOffer(
  stream: Pick<StreamResult, "offeredPerSecond" | "outstanding">,
): string {
  if (stream.outstanding !== undefined) return `loop ${stream.outstanding}`;
  return stream.offeredPerSecond === null ? "at once" : formatRate(stream.offeredPerSecond);
}

/** Milliseconds with three significant digits, without a unit: 0.041, 3.27, 41.5, 1,250. */
export function formatMs(milliseconds: number): string {
  if (!Number.isFinite(milliseconds)) return "-";
  if (milliseconds === 0) return "0";
  const digits = milliseconds < 1 ? 3 : milliseconds < 10 ? 2 : milliseconds < 100 ? 1 : 0;
  return milliseconds.toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** A span for people: milliseconds below a second, then seconds, then minutes. */
export function formatSpan(milliseconds: number): string {
  if (milliseconds < 1000) return `${formatMs(milliseconds)} ms`;
  if (milliseconds < 59_950) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
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

/** As much of a text as so many columns take. */
export function cut(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, columns - 1)}…`;
}
