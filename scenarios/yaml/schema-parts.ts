import { z } from "zod";
import { DURATION_PATTERN, parseDurationMs } from "./duration.ts";

const DAY_MS = 86_400_000;

/** The highest rate of anything, a second. */
export const RATE_MAX = 1_000_000;

/** A whole number. */
export const whole = (min: number, max: number) => z.number().int().min(min).max(max);
export const count = (max: number) => whole(0, max);
export const atLeastOne = (max: number) => whole(1, max);

/** A lease time in seconds: a minute to a year. */
export const leaseSeconds = whole(60, 31_536_000);

/** A name that people and thresholds call something by. */
export const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, "use lower-case letters, digits and hyphens, at most 40");

/**
 * The file has text and the scenario milliseconds: a default is given with `prefault`, as a file would
 * write it.
 */
export const durationUpTo = (msMax: number, most: string, examples: readonly string[]) =>
  z
    .string({
      error: ({ input }) =>
        typeof input === "number" ? `it needs a unit, such as ${input} s` : undefined,
    })
    .meta({ pattern: DURATION_PATTERN.source, examples })
    .transform((text, context) => {
      const durationMs = parseDurationMs(text);
      if (durationMs !== undefined && durationMs <= msMax) return durationMs;
      context.addIssue({
        code: "custom",
        message: `write a duration of at most ${most}, such as ${examples.slice(0, 3).join(", ")}`,
      });
      return z.NEVER;
    });

export const duration = durationUpTo(DAY_MS, "24 h", ["500 ms", "20 s", "2 min", "1.5 h"]);

/** A section in which the durations `Names` say their unit. */
type InMs<Section, Names extends string> = Section extends unknown
  ? { readonly [Key in keyof Section as Key extends Names ? `${Key}Ms` : Key]: Section[Key] }
  : never;

/** A word of the file is the word of the code, with its unit: `firstRetry` is `firstRetryMs`. */
export const inMs = <Schema extends z.ZodType<object>, Name extends string>(
  schema: Schema,
  ...names: readonly Name[]
) =>
  schema.transform((section) => {
    const entries = Object.entries(section);
    return Object.fromEntries(
      entries.map(([key, value]) => [names.includes(key as Name) ? `${key}Ms` : key, value]),
    ) as InMs<z.output<Schema>, Name>;
  });
