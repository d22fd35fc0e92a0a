import { z } from "zod";
import type { LeaseWish } from "../population/lease-wish.ts";
import type { Report } from "./scenario.ts";
import { leaseSeconds } from "./schema-parts.ts";

const TIMES_MAX = 20;
const WEIGHT_MAX = 1000;

/** `population.leaseSeconds`. */
export const leaseWishSection = z
  .union(
    [
      leaseSeconds.describe("The same time for all devices."),
      z
        .strictObject({
          min: leaseSeconds.describe("The shortest time."),
          max: leaseSeconds.describe("The longest time."),
        })
        .describe("Each device its own time, uniform between these."),
      z
        .array(
          z
            .strictObject({
              seconds: leaseSeconds.describe("The time."),
              weight: z
                .number()
                .positive()
                .max(WEIGHT_MAX)
                .describe("Relative share of the devices."),
            })
            .describe("One time, and how many devices ask for it."),
        )
        .min(1)
        .max(TIMES_MAX)
        .describe("Several times, by relative weight."),
    ],
    {
      error:
        "write whole seconds from 60 on: a number, { min: 600, max: 3600 }, or a list of " +
        "{ seconds: 600, weight: 70 }",
    },
  )
  .optional()
  .describe("The lease time in seconds that devices ask for (option 51); left out: for none.");

/** What the section adds to a population's plan, and nothing where it is not written. */
export function leaseWishOf(
  written: z.infer<typeof leaseWishSection>,
  report: Report,
): { readonly leaseSeconds?: LeaseWish } {
  if (written === undefined) return {};
  if (typeof written === "object" && "min" in written && written.min > written.max) {
    report(["population", "leaseSeconds"], "has a min that is above its max");
  }
  return { leaseSeconds: written };
}
