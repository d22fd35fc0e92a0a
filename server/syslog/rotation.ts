const dayMs = 86_400_000;
/** Second, third … file of one day, when a clock was set back over midnight. */
export const sameDayMax = 99;

/** Days since 1970 in UTC: the day whose file a line belongs to. */
export function dayOf(unixMs: number): number {
  return Math.floor(unixMs / dayMs);
}

/** `dhcp.log-20261124`, and `.1` to `.99` behind it when the day has a file already. */
export function rotatedName(file: string, day: number, copy: number): string {
  const date = new Date(day * dayMs).toISOString().slice(0, 10).replaceAll("-", "");
  return `${file}-${date}${copy === 0 ? "" : `.${copy}`}`;
}

/**
 * Which of a directory's entries are rotated files of `file` beyond the newest `daysKept` days that
 * have one (LOG-4, PERF-2). Days are counted in files, as logrotate does: a clock that jumps a year
 * ahead must not erase the logs. Entries with any other name are never among them.
 */
export function outdatedFiles(
  entries: readonly string[],
  file: string,
  daysKept: number,
): readonly string[] {
  const byDate = new Map<string, string[]>();
  for (const entry of entries) {
    const date = rotatedDate(entry, file);
    if (date === undefined) continue;
    const names = byDate.get(date);
    if (names === undefined) byDate.set(date, [entry]);
    else names.push(entry);
  }
  const newestFirst = [...byDate.keys()].toSorted().toReversed();
  return newestFirst.slice(daysKept).flatMap((date) => byDate.get(date) ?? []);
}

/** The day of a rotated file of `file`, as `20261124`; undefined for any other entry. */
export function rotatedDate(entry: string, file: string): string | undefined {
  if (!entry.startsWith(`${file}-`)) return undefined;
  return /^([0-9]{8})(?:\.[1-9][0-9]?)?$/.exec(entry.slice(file.length + 1))?.[1];
}

export interface RotatedFile {
  readonly path: string;
  /** `20261124`. */
  readonly date: string;
  readonly bytes: number;
}

/**
 * The files in the order in which they make room: the oldest day first, and of one day the longest,
 * for that is where the flood was.
 */
export function removalOrder(files: readonly RotatedFile[]): RotatedFile[] {
  return files.toSorted((a, b) => Number(a.date) - Number(b.date) || b.bytes - a.bytes);
}
