import { z } from "zod";
import { deviceKinds, type PopulationPlan } from "../population/population.ts";
import { UNEVEN_CMTS_MAX } from "../population/topology.ts";
import type { Report } from "./scenario.ts";

const VENDORS_MAX = 100;

/** `population.cmts`: instead of `cmtsCount` equal ones, what each has of the modems and meters. */
export const cmtsSection = z
  .array(
    z
      .strictObject({
        percent: z.number().positive().max(100).describe("Percentage of the modems and meters."),
      })
      .describe("One CMTS."),
  )
  .min(1)
  .max(UNEVEN_CMTS_MAX)
  .optional()
  .describe("Uneven CMTSs, instead of cmtsCount equal ones: the share of each, together 100 %.");

/** `population.macPlan`. */
export const macPlanSection = z
  .strictObject({
    vendors: z
      .array(
        z
          .strictObject({
            name: z.string().min(1).max(40).describe("What the reader calls the vendor."),
            oui: z
              .string()
              .regex(
                /^[0-9a-f]{2}:[0-9a-f]{2}:[0-9a-f]{2}$/i,
                "write three octets, such as 00:15:96",
              )
              .describe("The first three octets of the devices' hardware addresses."),
            percent: z.number().positive().max(100).describe("Percentage of the kind's devices."),
            of: z.enum(deviceKinds).default("cable-modem").describe("Of which kind of device."),
          })
          .describe("One vendor's share of the devices of a kind."),
      )
      .max(VENDORS_MAX)
      .describe("Vendors; who is left over has an address of the lab's own."),
  })
  .optional()
  .describe("Whose hardware addresses the devices have.");

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
