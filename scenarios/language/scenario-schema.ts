import { z } from "zod";
import { CMTS_MAX, UNITS_MAX } from "../population/population.ts";
import { METER_IMAGE_BYTES_MAX, METER_IMAGE_BYTES_MIN } from "../servers/boot-files.ts";
import { eventsSection } from "./events-section.ts";
import { executorShapes, placeShapes } from "./executors-section.ts";
import { leaseWishSection } from "./lease-wish-section.ts";
import { networkSection } from "./network-section.ts";
import { pairSection } from "./pair-section.ts";
import { personasSection } from "./personas-section.ts";
import { atLeastOne, count, duration, leaseSeconds, RATE_MAX } from "./schema-parts.ts";
import { thresholdShape } from "./thresholds-section.ts";
import { cmtsSection, macPlanSection } from "./topology-section.ts";

export const SCENARIO_SCHEMA = "provlab/scenario@1";

const PHASES_MAX = 100;
const STREAMS_MAX = 8;
/** A DATA packet of this size fills an Ethernet frame: 1500 less 20 (IP), 8 (UDP) and 4 (TFTP). */
const BLOCK_BYTES_MAX = 1468;
const TRIES_MAX = 255;

const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, "use lower-case letters, digits and hyphens, at most 40");

const share = (version: string) =>
  z.number().min(0).max(1000).optional().describe(`Relative share of DOCSIS ${version} modems.`);

const population = z
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

const retransmit = z
  .strictObject({
    firstDelay: duration.prefault("4 s").describe("Wait before the second transmission."),
    maxDelay: duration.prefault("64 s").describe("Each wait is twice the one before, up to this."),
    jitter: duration.prefault("1 s").describe("Each wait is drawn from plus or minus this much."),
    transmissionsMax: atLeastOne(32)
      .default(5)
      .describe("Transmissions of one message, the first included."),
    persistent: z
      .boolean()
      .default(true)
      .describe("Whether a device that found no answer starts over instead of giving up."),
  })
  .describe("How a message is repeated (RFC 2131, section 4.1).");

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

const tftp = z
  .strictObject({
    blockBytes: z
      .number()
      .int()
      .min(8)
      .max(BLOCK_BYTES_MAX)
      .default(1428)
      .describe("Block size in bytes (RFC 2348)."),
    windowBlocks: atLeastOne(64)
      .default(1)
      .describe("Blocks for one ACK (RFC 7440); 1 asks for no window."),
    timeoutSeconds: atLeastOne(255)
      .optional()
      .describe("What the server is asked to wait, in seconds (RFC 2349); left out: not asked."),
    firstRetry: duration.prefault("1 s").describe("Wait before the device repeats a packet."),
    maxRetry: duration.prefault("16 s").describe("Each wait is twice the one before, up to this."),
    triesMax: atLeastOne(TRIES_MAX)
      .default(16)
      .describe("Transmissions of one packet to one server, the first included."),
    roundsMax: atLeastOne(TRIES_MAX)
      .default(3)
      .describe("How often the list of servers is gone through in one boot."),
  })
  .describe("How devices fetch their files.");

const modemsPerSecond = z.number().positive().max(RATE_MAX).optional();

const boot = z
  .strictObject({
    tftp: tftp.prefault({}),
    cmts: z
      .strictObject({
        rangingPerSecond: modemsPerSecond.describe(
          "Modems a second that each CMTS ranges; left out: never the limit.",
        ),
        registrationPerSecond: modemsPerSecond.describe(
          "Modems a second that each CMTS registers; left out: never the limit.",
        ),
      })
      .prefault({})
      .describe("The pace of the CMTSs."),
    reboot: z
      .strictObject({
        firstDelay: duration.prefault("5 s").describe("Wait before the second boot."),
        maxDelay: duration
          .prefault("60 s")
          .describe("Each wait is twice the one before, up to this."),
        bootsMax: atLeastOne(TRIES_MAX)
          .default(5)
          .describe("Boots after which the device gives up."),
      })
      .prefault({})
      .describe("What follows a boot that failed."),
    files: z
      .strictObject({
        meterImageBytes: z
          .number()
          .int()
          .min(METER_IMAGE_BYTES_MIN)
          .max(METER_IMAGE_BYTES_MAX)
          .default(65_536)
          .describe("Size in bytes of the image in a smart meter's archive."),
      })
      .prefault({})
      .describe("The files that devices fetch."),
  })
  .describe("How devices come on line once they hold a lease.");

const stream = z
  .strictObject({
    exchange: z
      .enum(["discover", "renew", "rebind", "reboot", "release", "boot", "download"])
      .describe("What each device does when its turn comes."),
    name: name.optional().describe("How thresholds and reports call it; default: its exchange."),
    ...executorShapes,
    ...placeShapes,
  })
  .describe("One kind of load, with exactly one key that says how its arrivals come.");

const phase = z
  .strictObject({
    name: name.describe("How thresholds and reports call the phase."),
    streams: z
      .array(stream)
      .min(1)
      .max(STREAMS_MAX)
      .describe("Loads at the same time, on disjoint devices; each with an exchange of its own."),
    duration: duration.optional().describe("How long the phase lasts; or give until."),
    until: z
      .enum(["all-bound", "all-online"])
      .optional()
      .describe("The goal that ends the phase; or give duration."),
    timeLimit: duration
      .prefault("10 min")
      .describe("When a phase with a goal ends at the latest, which fails the run."),
    drain: duration
      .prefault("5 s")
      .describe("How long the phase then waits for what is still on its way."),
    powerCycle: z
      .boolean()
      .default(false)
      .describe(
        "Whether devices of discover and boot streams lose power, and their leases, first.",
      ),
    network: networkSection.optional().describe("Instead of the scenario's own, in this phase."),
  })
  .describe("One part of the run; phases follow one another.");

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
  })
  .describe("Beyond these the generator was the limit, and the run is invalid.");

const fileName = z.string().min(1).max(1000).describe("Relative to the folder of this file.");

/** The shape of a scenario file. What it cannot say (one of two, unknown names) is in scenario.ts. */
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
    population,
    clients: clients.prefault({}),
    server: server.prefault({}),
    boot: boot.prefault({}),
    network: networkSection.prefault({}),
    personas: personasSection,
    pair: pairSection,
    events: eventsSection,
    generator: generator.prefault({}),
    phases: z.array(phase).min(1).max(PHASES_MAX).describe("What happens, one after the other."),
    thresholds: z
      .array(thresholdShape)
      .max(1000)
      .default([])
      .describe("What must hold; one that fails makes the exit status 99."),
  })
  .meta({ title: "Provlab scenario" })
  .describe("Who the devices are, what they do, and what must hold.");

export type ScenarioFile = z.infer<typeof scenarioSchema>;
export type PhaseFile = z.infer<typeof phase>;
export type BootSection = z.infer<typeof boot>;
