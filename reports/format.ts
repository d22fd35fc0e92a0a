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
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
