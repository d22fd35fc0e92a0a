import { z } from "zod";
import { atLeastOne, count, duration, inMs, leaseSeconds, name } from "../yaml/schema-parts.ts";
import { bootSection } from "./boot-section.ts";
import { eventsSection } from "./events-section.ts";
import { networkSection } from "./network-section.ts";
import { pairSection } from "./pair-section.ts";
import { personasSection } from "./personas-section.ts";
import { phaseSection } from "./phases-section.ts";
import { populationSection } from "./population-section.ts";
import { thresholdShape } from "./thresholds-section.ts";

export const SCENARIO_SCHEMA = "provlab/scenario@1";

const PHASES_MAX = 100;

const retransmit = inMs(
  z
    .strictObject({
      firstDelay: duration.prefault("4 s").describe("Wait before the second transmission."),
      maxDelay: duration
        .prefault("64 s")
        .describe("Each wait is twice the one before, up to this."),
      jitter: duration.prefault("1 s").describe("Each wait is drawn from plus or minus this much."),
      transmissionsMax: atLeastOne(32)
        .default(5)
        .describe("Transmissions of one message, the first included."),
      persistent: z
        .boolean()
        .default(true)
        .describe("Whether a device that found no answer starts over instead of giving up."),
    })
    .describe("How a message is repeated (RFC 2131, section 4.1)."),
  ...(["firstDelay", "maxDelay", "jitter"] as const),
);

const clients = z
  .strictObject({
    retransmit: retransmit.prefault({}),
    ownTimers: z
      .boolean()
      .default(true)
      .describe("Whether bound devices also renew by themselves, at T1 and T2."),
  })
  .describe("How devices behave as DHCP clients.");

const server = z
  .strictObject({
    leaseSeconds: leaseSeconds
      .default(604_800)
      .describe("Lease time in seconds, of the bundled server and of what prov config prints."),
    registered: z
      .boolean()
      .default(true)
      .describe("Whether the server knows every device beforehand; else it serves by class alone."),
  })
  .describe("The configuration of the server that the population is for.");

const generator = z
  .strictObject({
    slipMsP99Max: z
      .number()
      .positive()
      .max(10_000)
      .default(5)
      .describe("How late, in milliseconds, the generator may send: the 99th percentile."),
    socketDropsMax: z
      .number()
      .int()
      .min(0)
      .default(0)
      .describe("Datagrams that may be lost in the generator's own receive buffers."),
    cpuPercentMax: z
      .number()
      .min(1)
      .max(100)
      .default(95)
      .describe("Percentage of one core that a worker may use over a whole phase."),
    starvedPercentMax: z
      .number()
      .min(0)
      .max(100)
      .default(10)
      .describe("Percentage of a phase in which other programs may have a closed loop's core."),
  })
  .describe("Beyond these the generator may have been the limit (docs/results.md).");

const fileName = z.string().min(1).max(1000).describe("Relative to the folder of this file.");

/** The shape of a scenario file. The sections and scenario.ts check what it cannot say (one of two, unknown names). */
export const scenarioSchema = z
  .strictObject({
    schema: z.literal(SCENARIO_SCHEMA).describe("The version of the language."),
    include: z
      .union([fileName, z.array(fileName).describe("Files; a later one wins over an earlier one.")])
      .optional()
      .describe("Files that are merged under this one: maps key by key, lists as a whole."),
    name: name.describe("Names the scenario, and the folder of its result."),
    title: z.string().max(200).default("").describe("What the report is headed with."),
    seed: count(0xffff_ffff)
      .default(1)
      .describe("The same seed gives the same devices and the same schedule."),
    workers: atLeastOne(64)
      .optional()
      .describe("Worker threads; left out: the cores, less one for the server."),
    population: populationSection,
    clients: clients.prefault({}),
    server: server.prefault({}),
    boot: bootSection.prefault({}),
    network: networkSection.prefault({}),
    personas: personasSection,
    pair: pairSection,
    events: eventsSection,
    generator: generator.prefault({}),
    phases: z
      .array(phaseSection)
      .min(1)
      .max(PHASES_MAX)
      .describe("What happens, one after the other."),
    thresholds: z
      .array(thresholdShape)
      .max(1000)
      .default([])
      .describe("What must hold; one that fails makes the exit status 99."),
  })
  .meta({ title: "Provlab scenario" })
  .describe("Who the devices are, what they do, and what must hold.");

export type ScenarioFile = z.output<typeof scenarioSchema>;
