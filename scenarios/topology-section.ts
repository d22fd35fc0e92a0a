import { z } from "zod";
import { deviceKinds, type PopulationPlan } from "./population.ts";
import type { Report } from "./scenario.ts";
import { UNEVEN_CMTS_MAX } from "./topology.ts";

const VENDORS_MAX = 100;

/** `population.cmts`: instead of `cmtsCount` equal ones, what each has of the modems and meters. */
export const cmtsSection = z
  .array(z.strictObject({ percent: z.number().positive().max(100) }))
  .min(1)
  .max(UNEVEN_CMTS_MAX)
  .optional();

/** `population.macPlan`. */
export const macPlanSection = z
  .strictObject({
    vendors: z
      .array(
        z.strictObject({
          name: z.string().min(1).max(40),
          oui: z
            .string()
            .regex(
              /^[0-9a-f]{2}:[0-9a-f]{2}:[0-9a-f]{2}$/i,
              "write three octets, such as 00:15:96",
            ),
          percent: z.number().positive().max(100),
          of: z.enum(deviceKinds).default("cable-modem"),
        }),
      )
      .max(VENDORS_MAX),
  })
  .optional();

/** What the two sections add to a population's plan, and nothing where they are not written. */
export function topologyOf(
  cmts: z.infer<typeof cmtsSection>,
  macPlan: z.infer<typeof macPlanSection>,
  report: Report,
): Partial<PopulationPlan> {
  const shares = cmts?.map(({ percent }) => percent);
  const total = shares?.reduce((sum, share) => sum + share, 0) ?? 100;
  if (Math.abs(total - 100) > 0.01) {
    report(["population", "cmts"], `adds up to ${total} %: the shares of all CMTSs are 100 %`);
  }
  return {
    ...(shares && { cmtsCount: shares.length, cmtsShares: shares }),
    ...(macPlan && {
      vendors: macPlan.vendors.map((vendor) => ({
        ...vendor,
        oui: Number.parseInt(vendor.oui.replaceAll(":", ""), 16),
      })),
    }),
  };
}
