import { z } from "zod";
import { PersonaRoll, type PersonaShare, personaKinds } from "./personas.ts";
import { deviceKinds, Population, type PopulationPlan } from "./population.ts";
import type { Report } from "./scenario.ts";

const SHARES_MAX = 50;

/** `personas:` of a scenario. */
export const personasSection = z
  .array(
    z
      .strictObject({
        kind: z.enum(personaKinds).describe("What is wrong with these devices."),
        percent: z.number().positive().max(100).describe("Percentage of the devices."),
        of: z.enum(deviceKinds).optional().describe("Of which kind of device; default: of all."),
      })
      .describe("One persona's share of the devices."),
  )
  .max(SHARES_MAX)
  .default([])
  .describe("Devices with something wrong with them.");

/** Tells shares that are more than all devices of a kind, and what the population cannot have. */
export function personasOf(
  shares: z.infer<typeof personasSection>,
  plan: PopulationPlan,
  report: Report,
): readonly PersonaShare[] {
  const twin = shares.findIndex(({ kind }) => kind === "duplicate-mac");
  if (twin >= 0 && plan.cmtsCount < 2) {
    report(
      ["personas", twin, "kind"],
      "has its twin on another CMTS, and there is one only",
      "`cmtsCount: 2` or more in population",
    );
  }
  try {
    new PersonaRoll(shares, new Population(plan), plan.seed ?? 1);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    // What is wrong with the population itself was told with the population.
    if (error.message.startsWith("personas")) report(["personas"], error.message);
  }
  return shares;
}
