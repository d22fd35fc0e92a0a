import { z } from "zod";
import type { CapturedPersona } from "../population/captured-persona.ts";
import { PersonaRoll, type PersonaShare, personaKinds } from "../population/personas.ts";
import {
  deviceKinds,
  Population,
  type PopulationPlan,
  UNITS_MAX,
} from "../population/population.ts";
import type { Report } from "../yaml/problems.ts";
import { atLeastOne } from "../yaml/schema-parts.ts";

const SHARES_MAX = 50;

/** `personas:` of a scenario. */
export const personasSection = z
  .array(
    z
      .strictObject({
        kind: z
          .enum([...personaKinds, "captured"])
          .describe(
            "What is wrong with these devices; captured: they are those of a persona file.",
          ),
        file: z
          .string()
          .min(1)
          .max(1000)
          .optional()
          .describe("Of kind captured: the persona file, relative to the folder of this file."),
        percent: z.number().positive().max(100).optional().describe("Percentage of the devices."),
        count: atLeastOne(UNITS_MAX)
          .optional()
          .describe("So many devices of the kind in of, instead of a percentage."),
        of: z.enum(deviceKinds).optional().describe("Of which kind of device; default: of all."),
      })
      .describe("One persona's share of the devices."),
  )
  .max(SHARES_MAX)
  .default([])
  .describe("Devices with something wrong with them.");

/** Reports shares that are more than all devices of a kind, and what the population cannot have. */
export function personasOf(
  section: z.infer<typeof personasSection>,
  captured: ReadonlyMap<string, CapturedPersona>,
  plan: PopulationPlan,
  report: Report,
): readonly PersonaShare[] {
  const shares = section.map((entry, index) => shareOf(entry, index, captured, report));
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
    // The population section has reported what is wrong with the population itself.
    if (error.message.startsWith("personas")) report(["personas"], error.message);
  }
  return shares;
}

function shareOf(
  { kind, file, percent, count, of }: z.infer<typeof personasSection>[number],
  index: number,
  captured: ReadonlyMap<string, CapturedPersona>,
  report: Report,
): PersonaShare {
  const isCaptured = kind === "captured";
  if (isCaptured !== (file !== undefined)) {
    const message = isCaptured ? "needs a file" : "has a file, which only captured devices have";
    report(
      ["personas", index],
      message,
      "`{ kind: captured, file: modem.persona.yaml, percent: 5 }`",
    );
  }
  if ((percent === undefined) === (count === undefined)) {
    report(["personas", index], "needs either percent or count");
  }
  if (count !== undefined && of === undefined) {
    report(["personas", index], "has a count and no kind of device", "`of: cable-modem`");
  }
  const persona = file === undefined ? undefined : captured.get(file);
  return { kind, percent: percent ?? 0, of, count, captured: persona };
}
