const DAY_SECONDS = 86_400;
const DAY_MS = 86_400_000;
const ZERO = 0x30;

/** Days since 1970-01-01 of a date in the Gregorian calendar; `month` is 1 to 12. */
export function daysOf(year: number, month: number, day: number): number {
  // Counting years from March puts the leap day at the end of the year.
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

export function daysInMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Number of recent days whose text is kept, indexed by the day modulo four: leases share few days. */
const DAYS_KEPT = 4;
const DAY_BYTES = 13;
const keptDays = new Int32Array(DAYS_KEPT).fill(-1);
const keptTexts = new Uint8Array(DAYS_KEPT * DAY_BYTES);

/**
 * Writes `W YYYY/MM/DD HH:MM:SS` in UTC (LEASE-4), without the semicolon; returns the end offset.
 * `seconds` is a whole number up to 2^32 - 1, so the year has four digits and the text 21 bytes.
 */
export function formatDate(seconds: number, target: Uint8Array, start: number): number {
  const days = Math.floor(seconds / DAY_SECONDS);
  const place = days % DAYS_KEPT;
  const text = place * DAY_BYTES;
  if (keptDays[place] !== days) {
    formatDay(days, keptTexts, text);
    keptDays[place] = days;
  }
  for (let at = 0; at < DAY_BYTES; at += 1) target[start + at] = keptTexts[text + at];
  const rest = (seconds - days * DAY_SECONDS) | 0;
  const minutes = (rest / 60) | 0;
  const hours = (minutes / 60) | 0;
  twoDigits(target, start + 13, hours);
  target[start + 15] = 0x3a;
  twoDigits(target, start + 16, minutes - hours * 60);
  target[start + 18] = 0x3a;
  twoDigits(target, start + 19, rest - minutes * 60);
  return start + 21;
}

/** `W YYYY/MM/DD ` of a day since 1970-01-01. */
function formatDay(days: number, target: Uint8Array, start: number): void {
  const date = new Date(days * DAY_MS);
  const year = date.getUTCFullYear();
  target[start] = ZERO + date.getUTCDay();
  target[start + 1] = 0x20;
  twoDigits(target, start + 2, (year / 100) | 0);
  twoDigits(target, start + 4, year % 100);
  target[start + 6] = 0x2f;
  twoDigits(target, start + 7, date.getUTCMonth() + 1);
  target[start + 9] = 0x2f;
  twoDigits(target, start + 10, date.getUTCDate());
  target[start + 12] = 0x20;
}

/**
 * Writes `epoch SECONDS; # TEXT` (`db-time-format local`), at most 48 bytes. The comment shows the local
 * time, so no semicolon may follow.
 */
export function formatEpoch(seconds: number, target: Uint8Array, start: number): number {
  const [weekday, month, day, year, time] = new Date(seconds * 1000).toString().split(" ");
  // JavaScript gives "Tue Nov 24 2026 06:36:09 GMT+0100 (…)"; the file wants the order of asctime.
  const text = `epoch ${seconds}; # ${weekday} ${month} ${day} ${time} ${year}`;
  for (let at = 0; at < text.length; at += 1) target[start + at] = text.charCodeAt(at);
  return start + text.length;
}

function twoDigits(target: Uint8Array, at: number, value: number): void {
  const tens = (value / 10) | 0;
  target[at] = ZERO + tens;
  target[at + 1] = ZERO + value - tens * 10;
}
