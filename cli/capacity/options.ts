import { parseDurationMs } from "../../scenarios/yaml/duration.ts";
import { UsageError } from "../options/usage-error.ts";

/** A percentage above 0, with or without its sign; the value is a share of 1. */
export function percentage(option: string, max: number): (text: string) => number {
  return (text) => {
    const match = /^(\d+(?:\.\d+)?)\s*%?$/.exec(text);
    const percent = Number(match?.[1]);
    if (match !== null && percent > 0 && percent <= max) return percent / 100;
    throw new UsageError(`${option} ${text}: write a percentage up to ${max}, such as 2.5%`);
  };
}

export function span(option: string, minMs: number, maxMs: number): (text: string) => number {
  return (text) => {
    const durationMs = parseDurationMs(text);
    if (durationMs !== undefined && durationMs >= minMs && durationMs <= maxMs) return durationMs;
    throw new UsageError(
      `${option} ${text}: write a duration from ${minMs} ms to ${maxMs / 1000} s, such as 4 s`,
    );
  };
}
