import { z } from "zod";
import { formatDurationMs, parseDurationMs } from "./duration.ts";

/** A duration of a scenario file, such as `20 s`: milliseconds, at most `max`. */
export function durationMs(max: number, example: string) {
  return z.string().transform((text, context) => {
    const ms = parseDurationMs(text);
    if (ms !== undefined && ms <= max) return ms;
    context.addIssue({
      code: "custom",
      message: `write a duration of at most ${formatDurationMs(max)}, such as ${example}`,
    });
    return z.NEVER;
  });
}
