import { z } from "zod";
import { type Ipv4Network, parseIpv4Network } from "../../protocol/ipv4.ts";
import {
  CMTS_MAX,
  deviceKinds,
  Population,
  type PopulationPlan,
  UNITS_MAX,
} from "../population/population.ts";
import { UNEVEN_CMTS_MAX } from "../population/topology.ts";
import type { Report } from "../yaml/problems.ts";
import { atLeastOne, count, leaseSeconds } from "../yaml/schema-parts.ts";

const TIMES_MAX = 20;
const WEIGHT_MAX = 1000;
const VENDORS_MAX = 100;

/** `population.leaseSeconds`. */
const leaseWishSection = z
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

/** `population.cmts`: instead of `cmtsCount` equal ones, what each has of the modems and meters. */
const cmtsSection = z
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
const macPlanSection = z
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
              .transform((text) => Number.parseInt(text.replaceAll(":", ""), 16))
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

const share = (version: string) =>
  z.number().min(0).max(1000).optional().describe(`Relative share of DOCSIS ${version} modems.`);

/** `population:` of a scenario. */
export const populationSection = z
  .strictObject({
    cableModems: count(UNITS_MAX).default(0).describe("Number of cable modems."),
    mtas: count(UNITS_MAX)
      .default(0)
      .describe("Number of MTAs (telephone adapters), each behind a modem."),
    cpes: count(UNITS_MAX)
      .default(0)
      .describe("Number of CPEs (subscribers' devices), each behind a modem."),
    smartMeters: count(UNITS_MAX).default(0).describe("Number of smart meters."),
    cmtsCount: atLeastOne(CMTS_MAX)
      .default(16)
      .describe("Number of emulated CMTSs; modems and meters are spread over them evenly."),
    cmts: cmtsSection,
    macPlan: macPlanSection,
    leaseSeconds: leaseWishSection,
    docsisVersions: z
      .strictObject({
        "1.0": share("1.0"),
        "1.1": share("1.1"),
        "2.0": share("2.0"),
        "3.0": share("3.0"),
        "3.1": share("3.1"),
      })
      .optional()
      .describe("Relative shares of the modems; a version left out has none."),
    addressBlock: z
      .string()
      .default("127.64.0.0/10")
      .describe("The network, with its prefix length, that all giaddrs and leases are in.")
      .meta({ examples: ["127.64.0.0/10", "10.64.0.0/10"] }),
  })
  .describe("Who the devices are.");

/** Who the devices are; reports what no population can be. */
export function populationOf(
  section: z.output<typeof populationSection>,
  seed: number,
  report: Report,
): PopulationPlan {
  const { cmts, leaseSeconds: wish } = section;
  const addressBlock = parseBlock(section.addressBlock);
  if (addressBlock === undefined) {
    report(
      ["population", "addressBlock"],
      `is "${section.addressBlock}": write a network and its prefix length`,
      "127.64.0.0/10 needs no set-up: all of 127/8 is local",
    );
  }
  const total = cmts?.reduce((sum, { percent }) => sum + percent, 0) ?? 100;
  if (Math.abs(total - 100) > 0.01) {
    report(["population", "cmts"], `adds up to ${total} %: the shares of all CMTSs are 100 %`);
  }
  if (typeof wish === "object" && "min" in wish && wish.min > wish.max) {
    report(["population", "leaseSeconds"], "has a min that is above its max");
  }
  const cmtsCount = cmts?.length ?? section.cmtsCount;
  const plan: PopulationPlan = { ...section, cmtsCount, addressBlock, seed };
  try {
    new Population(plan);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    report(["population"], `cannot be built: ${error.message}`);
  }
  return plan;
}

/** `A.B.C.D/N` without host bits, N from 1 to 24; undefined for anything else. */
export function parseBlock(text: string): Ipv4Network | undefined {
  const block = parseIpv4Network(text);
  if (block === undefined || block.prefixLength < 1 || block.prefixLength > 24) return undefined;
  return block;
}
