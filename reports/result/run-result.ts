import { z } from "zod";
import { amount, type Contract, count, counts, text } from "./contract.ts";
import { distribution, distributions } from "./distribution.ts";
import { failover } from "./failover-result.ts";
import { serverStages, slowTransaction } from "./tail.ts";

/**
 * `result.json`: the contract between a run and its readers. Latencies are in milliseconds; a
 * *discover* transaction is Discover, Offer, Request, Ack, a *renew* transaction is Request, Ack
 * (GAP-4: the guide does not say, so every result does). A field that not every run has is optional.
 * Objects may hold fields that are not here: a later minor version may have added them.
 */
export const RESULT_SCHEMA = "provlab/result@1";

/** One of the processes that played a run together. */
export const segmentSummary = z.object({
  /** From 1. */
  segment: count,
  /** The machine. */
  host: text,
  /** Only of an agent: its name. */
  agent: text.exactOptional(),
  cpu: text,
  workers: count,
  /** When its run began, after the first one's. */
  startedAfterMs: z.number(),
  /** Only of an agent: its clock minus the coordinator's, and how long the question took. */
  clockOffsetMs: z.number().exactOptional(),
  clockRoundTripMs: amount.exactOptional(),
});
export type SegmentSummary = Contract<typeof segmentSummary>;

export const environment = z.object({
  cpu: text,
  cores: count,
  memoryMiB: z.number(),
  kernel: text,
  node: text,
  provlab: text,
  commit: text,
  /** `fsync`, `os` or `none` for the bundled server; `unknown` for somebody else's. */
  durability: text,
  socket: text,
  workers: count,
});
export type Environment = Contract<typeof environment>;

const target = z.object({
  kind: z.enum(["bundled", "external"]),
  /** Only of a pair that the run started itself: `Kea 2.6.3 hot-standby`. */
  product: text.exactOptional(),
  address: text,
  port: count,
  /** The other servers to which every relay forwarded, on the same port. */
  others: z.array(text).exactOptional(),
});
export type Target = Contract<typeof target>;

/**
 * A straight stretch of a rate, and what became of the arrivals that were intended in it, at any
 * later time: the points of a curve of latency over load.
 */
const stage = z.object({
  fromPerSecond: amount,
  toPerSecond: amount,
  /** Since the phase began. A stage that the end of the phase cut short ends there. */
  startMs: amount,
  endMs: amount,
  offered: count,
  completed: count,
  offeredPerSecond: amount,
  /** Transactions that were complete within a second of their intended start. */
  achievedPerSecond: amount,
  /** The share of the offered transactions that were not: 0 to 100. */
  missedPercent: amount,
  notEligible: count,
  /** Sent more than 2 ms late by the generator itself. */
  late: count,
  latencyMs: distribution,
});
export type StageResult = Contract<typeof stage>;

const breakage = z.object({
  /** The highest rate whose stage kept the limit; null when the first one missed it. */
  lastKeptPerSecond: z.number().nullable(),
  /** Null when every stage kept it. */
  firstMissedPerSecond: z.number().nullable(),
  reason: text,
});
export type BreakageResult = Contract<typeof breakage>;

/**
 * A transaction of a *boot* stream is the whole chain from power-on to on line; one of a *download*
 * stream is one file. Their latency counts to its end, their time-outs are devices that
 * gave up, and their retransmissions are datagrams that were sent again.
 */
const stream = z.object({
  exchange: text,
  /** Only of a stream that is not called by its exchange. */
  name: text.exactOptional(),
  /** The mean of a rate that changes. Null for `allWithin`, bursts and a closed loop. */
  offeredPerSecond: amount.nullable(),
  /** Only of a closed loop: transactions under way at most. Its latency is service time. */
  outstanding: count.exactOptional(),
  /** Only of `allWithin`: each device starts once, at random in this time. */
  allWithinMs: amount.exactOptional(),
  achievedPerSecond: amount,
  /** Achieved over offered; null where no rate was offered. */
  achievedRatio: amount.nullable(),
  /** Transactions that the schedule asked for. */
  offered: count,
  sent: count,
  completed: count,
  timeouts: count,
  retransmissions: count,
  naks: count,
  /** Arrivals that found no device in the right state: nothing was sent for them. */
  notEligible: count,
  /** From the intended send time to the ACK. */
  latencyMs: distribution,
  /** From the moment the packet really left to the kernel's receive timestamp of the ACK. */
  serviceMs: distribution,
  /** How late the generator itself sent. */
  slipMs: distribution,
  /** Only of a rate that changes: its straight stretches in order, as far as the phase came. */
  stages: z.array(stage).exactOptional(),
  /** Only of a stream that looks for the rate at which the server breaks. */
  breakage: breakage.exactOptional(),
});
export type StreamResult = Contract<typeof stream>;

/** One step of one kind of device, over the boots that came to the end of that step. */
const bootStep = z.object({
  kind: text,
  /** ranging, modem, dhcp, time, ntp, tftp, check, registration or syslog. */
  step: text,
  durationMs: distribution,
  /** Mean time from the intended power-on to the start of the step. */
  startMeanMs: z.number(),
  /** Optional steps that went wrong and were passed over (TIME-5). */
  passedOver: count,
});
export type BootStepResult = Contract<typeof bootStep>;

/** What kept devices of one kind from getting on, by step and problem. */
const bootFailure = z.object({
  kind: text,
  step: text,
  problem: text,
  /** Boots that ended there; the device tried again. */
  boots: count,
  /** Devices that gave up there. */
  devices: count,
});
export type BootFailureResult = Contract<typeof bootFailure>;

/** The files that devices fetched by TFTP, on their way to on line or afterwards. */
const downloads = z.object({
  files: count,
  bytes: count,
  /** Files whose length and hash were known and right. */
  verified: count,
  /** Files whose MICs or format were looked at and right. */
  contentsChecked: count,
  /** Files from the second or a later server of the device's list (TFTP-2). */
  fromSecondary: count,
  /** Attempts at one server that failed, by problem. */
  failedAttempts: counts,
  /** Copies of a datagram that was sent before, by service. */
  retransmissions: counts,
});
export type DownloadsResult = Contract<typeof downloads>;

/** How devices came on line in a phase, and what kept others from it. */
const boot = z.object({
  /** From the start of the phase to a device's being on line. */
  onlineAfterMs: distribution,
  /** As `RunResult.timeToOnlineMs`, of this phase. */
  timeToOnlineMs: distributions,
  /** By kind, in the order of the kind's chain. */
  steps: z.array(bootStep),
  failures: z.array(bootFailure),
  downloads,
});
export type BootResult = Contract<typeof boot>;

const phase = z.object({
  name: text,
  startedAtMs: amount,
  durationMs: amount,
  /**
   * Its duration, everything bound or on line, the time limit, the breakage that was looked for,
   * a threshold that ends the run, or silence.
   */
  endedBy: text,
  streams: z.array(stream),
  /** Only of a phase in which devices booted or fetched files. */
  boot: boot.exactOptional(),
  /** Only with the bundled server: where the time of its answers went. */
  server: serverStages.exactOptional(),
  /** At most twenty, the slowest first. */
  slowest: z.array(slowTransaction).exactOptional(),
});
export type PhaseResult = Contract<typeof phase>;

const threshold = z.object({
  text,
  /** Null when the run never got as far as measuring it, which fails the threshold. */
  actual: z.number().nullable(),
  holds: z.boolean(),
});
export type ThresholdResult = Contract<typeof threshold>;

const safety = z.object({
  /** ACKs that the checker followed. */
  acknowledged: count,
  doubleAllocations: count,
  /** Acknowledged leases that the server denied in the run, or that its lease file does not hold. */
  acknowledgedLeasesLost: count,
  addressesChangedOnRenewal: count,
  addressesNeverOffered: count,
  /** Addresses outside the network of the device's CMTS. */
  addressesOutsideNetwork: count,
  /** Replies without what a client needs, or that do not echo option 82. */
  malformedReplies: count,
  /** Only of a pair: ACKs by a node while the other one led. */
  acknowledgedWithoutLeadership: count.exactOptional(),
  /** Only of a pair: devices that got another address while their lease ran on (LEASE-7, HA-5). */
  addressesChangedAfterFailover: count.exactOptional(),
  /** Findings that a device's persona makes inevitable, by name; not counted above. */
  expected: counts.exactOptional(),
  /** The first few violations in words. */
  examples: z.array(text),
  /** Where lost leases were looked for. */
  audit: text,
});
export type SafetyResult = Contract<typeof safety>;

const generator = z.object({
  slipMsP99: amount,
  socketDrops: count,
  sendErrors: count,
  /** The busiest worker's share of a core. */
  cpuPercentMax: amount,
  /** The worst worker's share of time in which it was ready while other programs had the cores. */
  starvedPercentMax: amount.exactOptional(),
  memoryMiB: amount,
  /** Empty when the generator was not the limit. */
  problems: z.array(text),
  /** Datagrams dropped on purpose, in both directions, where the scenario asks for it. */
  simulatedLoss: z.object({ percent: z.number(), dropped: count }).exactOptional(),
});
export type GeneratorResult = Contract<typeof generator>;

const networkDirection = z.object({
  lost: count,
  /** Arrived later than they were sent, for any reason below or the delay. */
  delayed: count,
  duplicated: count,
  /** Held back so that others passed. */
  reordered: count,
  /** Waited in the queue of a CMTS. */
  throttled: count,
  /** Found the queue of a CMTS full. */
  dropped: count,
});
export type NetworkDirectionResult = Contract<typeof networkDirection>;

/** What happened to the devices of one persona of the scenario. */
const persona = z.object({
  kind: text,
  /** Only of captured devices: the name of their persona. */
  name: text.exactOptional(),
  /** The kind of device of which it is a share; absent for a share of all. */
  of: text.exactOptional(),
  /** 0 where the scenario gives their count. */
  percent: amount,
  devices: count,
  /** How many of these hold a lease at the end of the run. */
  bound: count,
  /** Exchanges that ended with an ACK. */
  completed: count,
  naks: count,
  declines: count,
  timeouts: count,
  retransmissions: count,
  /** Leases acknowledged to the other device with the same MAC. */
  twinLeases: count,
});
export type PersonaResult = Contract<typeof persona>;

/** The bundled server's own use of the machine, read from /proc. */
const serverUsage = z.object({ cpuSeconds: z.number(), residentMiBMax: z.number() });
export type ServerUsage = Contract<typeof serverUsage>;

/** The ACKs of one server. Every target has an entry, and every other server that answered. */
const answeredBy = z.object({
  /** The server identifier (option 54) of its ACKs. */
  server: text,
  acknowledged: count,
});
export type AnsweredBy = Contract<typeof answeredBy>;

const timeSeriesRow = z.object({
  /** Seconds since the run began. */
  second: count,
  phase: text,
  /** Sent counts what a stream began; completed also what devices began by themselves. */
  discoverSent: count,
  discoverCompleted: count,
  renewSent: count,
  renewCompleted: count,
  timeouts: count,
  retransmissions: count,
  latencyMsP50: amount.nullable(),
  latencyMsP99: amount.nullable(),
  latencyMsMax: amount.nullable(),
  bound: count,
  /** Devices by state, in the order of their names. */
  devices: counts,
  /** Only of a run in which such an exchange occurs. */
  rebindSent: count.exactOptional(),
  rebindCompleted: count.exactOptional(),
  rebootSent: count.exactOptional(),
  rebootCompleted: count.exactOptional(),
  releaseSent: count.exactOptional(),
  bootsSent: count.exactOptional(),
  downloadsSent: count.exactOptional(),
  /** Devices on line at the end of the second. */
  online: count.exactOptional(),
  /** Devices by boot state at the end of the second: off, the steps, pausing, online, failed. */
  bootStates: counts.exactOptional(),
  bootsCompleted: count.exactOptional(),
  downloadsCompleted: count.exactOptional(),
  /** Percent of one core, by all threads of the bundled server, since the row before. */
  serverCpuPercent: amount.exactOptional(),
  /** Resident memory of the bundled server at the end of the second. */
  serverResidentMiB: amount.exactOptional(),
});
export type TimeSeriesRow = Contract<typeof timeSeriesRow>;

const verdict = z.enum(["pass", "fail", "invalid"]);
export type Verdict = Contract<typeof verdict>;

export const runResult = z.object({
  schema: z.literal(RESULT_SCHEMA),
  scenario: z.object({ name: text, title: text, sha256: text }),
  /** What was typed, quoted for a shell and with its seed: it asks for the same load again. */
  command: text.exactOptional(),
  seed: count,
  /** UTC. */
  startedAt: text.refine((value) => !Number.isNaN(Date.parse(value)), "is no ISO 8601 time"),
  durationMs: amount,
  verdict,
  /** Why the verdict is what it is: one sentence each, empty for a pass. */
  reasons: z.array(text),
  environment,
  target,
  population: z.object({ devices: count, byKind: counts, cmts: count }),
  /** What counts as one transaction, by exchange. */
  transactions: z.record(text, text),
  phases: z.array(phase),
  /** From a device's intended start to its ACK, for every device that was bound in the run. */
  timeToBoundMs: distributions,
  /**
   * From the intended power-on to on line, failed boots in between included. A device that never
   * came on line is in none of them; see `BootFailureResult.devices`.
   */
  timeToOnlineMs: distributions.exactOptional(),
  thresholds: z.array(threshold),
  safety,
  generator,
  server: serverUsage.exactOptional(),
  /** Only where some devices have something wrong with them. */
  personas: z.array(persona).exactOptional(),
  /** Only where the scenario makes the network worse than it is. All protocols together. */
  network: z.object({ toServer: networkDirection, toDevices: networkDirection }).exactOptional(),
  /** Only of a run with several targets. */
  answeredBy: z.array(answeredBy).exactOptional(),
  /** Only of a run with several targets to which something happened. */
  failover: failover.exactOptional(),
  /** Only of a part of a run: its figures are those of its own devices. */
  segment: z.object({ number: count, count }).exactOptional(),
  /** Only of a run that several processes played. */
  segments: z.array(segmentSummary).exactOptional(),
  timeSeries: z.array(timeSeriesRow),
});
export type RunResult = Contract<typeof runResult>;
