import { z } from "zod";
import { METER_IMAGE_BYTES_MAX, METER_IMAGE_BYTES_MIN } from "./boot-files.ts";
import { parseDurationMs } from "./duration.ts";
import { networkSection } from "./network-section.ts";
import { personasSection } from "./personas-section.ts";
import { CMTS_MAX, UNITS_MAX } from "./population.ts";
import { cmtsSection, macPlanSection } from "./topology-section.ts";

export const SCENARIO_SCHEMA = "provlab/scenario@1";

const PHASES_MAX = 100;
const STREAMS_MAX = 8;
const RATE_MAX = 1_000_000;
const OUTSTANDING_MAX = 65_536;
/** A DATA packet of this size fills an Ethernet frame: 1500 less 20 (IP), 8 (UDP) and 4 (TFTP). */
const BLOCK_BYTES_MAX = 1468;
const TRIES_MAX = 255;
const DAY_MS = 86_400_000;

const count = (max: number) => z.number().int().min(0).max(max);

const duration = z.string().transform((text, context) => {
  const durationMs = parseDurationMs(text);
  if (durationMs !== undefined && durationMs <= DAY_MS) return durationMs;
  context.addIssue({
    code: "custom",
    message: "write a duration of at most 24 h, such as 500 ms, 20 s, 2 min",
  });
  return z.NEVER;
});

const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, "use lower-case letters, digits and hyphens, at most 40");

const weight = z.number().min(0).max(1000).optional();

const population = z.strictObject({
  cableModems: count(UNITS_MAX).default(0),
  mtas: count(UNITS_MAX).default(0),
  cpes: count(UNITS_MAX).default(0),
  smartMeters: count(UNITS_MAX).default(0),
  cmtsCount: z.number().int().min(1).max(CMTS_MAX).default(16),
  cmts: cmtsSection,
  macPlan: macPlanSection,
  docsisVersions: z
    .strictObject({ "1.0": weight, "1.1": weight, "2.0": weight, "3.0": weight, "3.1": weight })
    .optional(),
  addressBlock: z.string().default("127.64.0.0/10"),
});

const clients = z.strictObject({
  retransmit: z
    .strictObject({
      firstDelay: duration.default(4000),
      maxDelay: duration.default(64_000),
      jitter: duration.default(1000),
      transmissionsMax: z.number().int().min(1).max(32).default(5),
      persistent: z.boolean().default(true),
    })
    .prefault({}),
  ownTimers: z.boolean().default(true),
});

const server = z.strictObject({
  leaseSeconds: z.number().int().min(60).max(31_536_000).default(604_800),
  registered: z.boolean().default(true),
});

const boot = z.strictObject({
  tftp: z
    .strictObject({
      blockBytes: z.number().int().min(8).max(BLOCK_BYTES_MAX).default(1428),
      windowBlocks: z.number().int().min(1).max(64).default(1),
      timeoutSeconds: z.number().int().min(1).max(255).optional(),
      firstRetry: duration.default(1000),
      maxRetry: duration.default(16_000),
      triesMax: z.number().int().min(1).max(TRIES_MAX).default(16),
      roundsMax: z.number().int().min(1).max(TRIES_MAX).default(3),
    })
    .prefault({}),
  cmts: z
    .strictObject({
      rangingPerSecond: z.number().positive().max(RATE_MAX).optional(),
      registrationPerSecond: z.number().positive().max(RATE_MAX).optional(),
    })
    .prefault({}),
  reboot: z
    .strictObject({
      firstDelay: duration.default(5000),
      maxDelay: duration.default(60_000),
      bootsMax: z.number().int().min(1).max(TRIES_MAX).default(5),
    })
    .prefault({}),
  files: z
    .strictObject({
      meterImageBytes: z
        .number()
        .int()
        .min(METER_IMAGE_BYTES_MIN)
        .max(METER_IMAGE_BYTES_MAX)
        .default(65_536),
    })
    .prefault({}),
});

const stream = z.strictObject({
  exchange: z.enum(["discover", "renew", "rebind", "reboot", "boot", "download"]),
  ratePerSecond: z.number().positive().max(RATE_MAX).optional(),
  allWithin: duration.optional(),
  outstanding: z.number().int().min(1).max(OUTSTANDING_MAX).optional(),
});

const phase = z.strictObject({
  name,
  streams: z.array(stream).min(1).max(STREAMS_MAX),
  duration: duration.optional(),
  until: z.enum(["all-bound", "all-online"]).optional(),
  timeLimit: duration.default(600_000),
  drain: duration.default(5000),
  powerCycle: z.boolean().default(false),
  network: networkSection.optional(),
});

const generator = z.strictObject({
  slipMsP99Max: z.number().positive().max(10_000).default(5),
  socketDropsMax: z.number().int().min(0).default(0),
  cpuPercentMax: z.number().min(1).max(100).default(95),
});

/** The shape of a scenario file. What it cannot say (one of two, unknown names) is in scenario.ts. */
export const scenarioSchema = z.strictObject({
  schema: z.literal(SCENARIO_SCHEMA),
  name,
  title: z.string().max(200).default(""),
  seed: z.number().int().min(0).max(0xffff_ffff).default(1),
  workers: z.number().int().min(1).max(64).optional(),
  population,
  clients: clients.prefault({}),
  server: server.prefault({}),
  boot: boot.prefault({}),
  network: networkSection.prefault({}),
  personas: personasSection,
  generator: generator.prefault({}),
  phases: z.array(phase).min(1).max(PHASES_MAX),
  thresholds: z.array(z.string()).max(1000).default([]),
});

export type ScenarioFile = z.infer<typeof scenarioSchema>;
export type PhaseFile = z.infer<typeof phase>;
export type BootSection = z.infer<typeof boot>;
