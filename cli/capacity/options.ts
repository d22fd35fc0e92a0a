import { durationParser, type OptionValue } from "../options/options.ts";

/** A percentage above 0, with or without its sign; the value is a share of 1. */
export function percentage(max: number): OptionValue<number> {
  return {
    parse: (text) => {
      const percent = Number(/^(\d+(?:\.\d+)?)\s*%?$/.exec(text)?.[1]);
      return percent > 0 && percent <= max ? percent / 100 : undefined;
    },
    how: `write a percentage up to ${max}, such as 2.5%`,
  };
}

/** A duration in ms. */
export function span(minMs: number, maxMs: number): OptionValue<number> {
  return {
    parse: durationParser(minMs, maxMs),
    how: `write a duration from ${minMs} ms to ${maxMs / 1000} s, such as 4 s`,
  };
}
