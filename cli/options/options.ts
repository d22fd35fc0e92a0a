import { parseDurationMs } from "../../scenarios/yaml/duration.ts";
import { UsageError } from "./usage-error.ts";

/** How the value of an option is written. */
export interface OptionValue<T> {
  /** Undefined for a text that is no such value. */
  readonly parse: (text: string) => T | undefined;
  /** What the user should write, for the error message. */
  readonly how: string;
}

/** A parser for commander. Throws UsageError with `how` the value is written. */
export function parserOf<T>(option: string, { parse, how }: OptionValue<T>): (text: string) => T {
  return (text) => {
    const value = parse(text);
    if (value !== undefined) return value;
    throw new UsageError(`${option} ${text}: ${how}`);
  };
}

/** A whole number, both ends included. */
export function whole(low: number, high: number): OptionValue<number> {
  return { parse: wholeParser(low, high), how: `give a whole number from ${low} to ${high}` };
}

export function wholeParser(low: number, high: number): (text: string) => number | undefined {
  return (text) => {
    const value = Number(text);
    return /^\d+$/.test(text) && value >= low && value <= high ? value : undefined;
  };
}

/** A duration in ms, both ends included. */
export function durationParser(lowMs: number, highMs: number) {
  return (text: string): number | undefined => {
    const ms = parseDurationMs(text);
    return ms !== undefined && ms >= lowMs && ms <= highMs ? ms : undefined;
  };
}

/** For an option that may be given several times: adds a value to the ones before it. */
export function collect(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}

/** `--set path=value`: overrides of the scenario, in their order. */
export const setFlags = [
  "--set <path=value>",
  "replaces a value of the scenario; again for more",
] as const;
