import { z } from "zod";
import { DURATION_PATTERN, parseDurationMs } from "./duration.ts";

const DAY_MS = 86_400_000;

/** A whole number from 0 on. */
export const count = (max: number) => z.number().int().min(0).max(max);

/** A whole number from 1 on. */
export const atLeastOne = (max: number) => z.number().int().min(1).max(max);

/**
 * The file has text and the scenario milliseconds: a default is given with `prefault`, as a file would
 * write it.
 */
export const duration = z
  .string()
  .meta({ pattern: DURATION_PATTERN.source, examples: ["500 ms", "20 s", "2 min", "1.5 h"] })
  .transform((text, context) => {
    const durationMs = parseDurationMs(text);
    if (durationMs !== undefined && durationMs <= DAY_MS) return durationMs;
    context.addIssue({
      code: "custom",
      message: "write a duration of at most 24 h, such as 500 ms, 20 s, 2 min",
    });
    return z.NEVER;
  });
