const dayMs = 86_400_000;
/** Past days whose logs are kept (PERF-2, LOG-4). */
export const daysKeptDefault = 90;
/** The least that the logs of one day may have. */
export const dayBytesMaxMin = 64 * 1024;
/** A day gets further files when a clock was set back over midnight; this is the last one's number. */
export const sameDayMax = 99;

/** Days since 1970 in UTC; it decides which day's file a line goes into. */
export function dayOf(unixMs: number): number {
  return Math.floor(unixMs / dayMs);
}

/** `dhcp.log-20261124`, followed by `.1` to `.99` when the day already has a file. */
export function rotatedName(file: string, day: number, copy: number): string {
  const date = new Date(day * dayMs).toISOString().slice(0, 10).replaceAll("-", "");
  return `${file}-${date}${copy === 0 ? "" : `.${copy}`}`;
}

/**
 * Which entries of a directory are rotated files of `file` beyond the newest `daysKept` days that have
 * one (LOG-4, PERF-2). Days are counted in files, as logrotate does, so that a clock that jumps a year
 * ahead does not erase the logs. Entries with other names are never among them.
 */
export function outdatedFiles(
  entries: readonly string[],
  file: string,
  daysKept: number,
): readonly string[] {
  const dates = new Set(entries.flatMap((entry) => rotatedDate(entry, file) ?? []));
  const outdated = new Set([...dates].toSorted().toReversed().slice(daysKept));
  return entries.filter((entry) => outdated.has(rotatedDate(entry, file) ?? ""));
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
 * The files in the order in which they are removed to make room: first days with more than `dayBytesMax`,
 * which the limits of today would not have let them have; among these the oldest day, and within a day the
 * longest file.
 */
export function removalOrder(files: readonly RotatedFile[], dayBytesMax: number): RotatedFile[] {
  const bytesOfDay = new Map<string, number>();
  for (const { date, bytes } of files) bytesOfDay.set(date, (bytesOfDay.get(date) ?? 0) + bytes);
  const isWithin = ({ date }: RotatedFile): number => (bytesOfDay.get(date)! > dayBytesMax ? 0 : 1);
  return files.toSorted(
    (a, b) => isWithin(a) - isWithin(b) || Number(a.date) - Number(b.date) || b.bytes - a.bytes,
  );
}
