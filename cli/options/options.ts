import { Option } from "commander";
import { UsageError } from "./usage-error.ts";

/** `--set path=value`, as often as wanted: the overrides of a scenario, in their order. */
export function setOption(): Option {
  return new Option("--set <path=value>", "replaces a value of the scenario; again for more")
    .argParser(collect)
    .default([], "none");
}

/** Of an option that may be given several times: each value after those before it. */
export function collect(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}

/** Parses the option's whole number, both ends included; UsageError says what it should be. */
export function wholeNumber(option: string, low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= low && value <= high) return value;
    throw new UsageError(`${option} ${text}: give a whole number from ${low} to ${high}`);
  };
}
