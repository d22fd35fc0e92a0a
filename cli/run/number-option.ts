import { UsageError } from "../usage-error.ts";

/** What an option takes that is a whole number from `low` to `high`; throws UsageError. */
export function wholeNumber(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= low && value <= high) return value;
    throw new UsageError(`"${text}" is not a whole number from ${low} to ${high}`);
  };
}
