import { packageVersion } from "../../lab/machine/package-root.ts";
import { firstLineOf } from "../../lab/machine/peer-program.ts";
import { type CpuTimes, cpuTimesOf } from "../../lab/machine/process-usage.ts";
import { onProcessor } from "../../lab/machine/processors.ts";
import { formatIpv4 } from "../../protocol/ipv4.ts";
import { doraPlan, trialDefaults } from "../../simulator/capacity/trial.ts";
import type { StreamPlan } from "../../simulator/plan/run-plan.ts";
import type { Contender } from "../contenders/contender.ts";
import { GeneratorProcess } from "../generators/generator-process.ts";
import { type PerfdhcpLoad, perfdhcpCommand, runPerfdhcp } from "../generators/perfdhcp.ts";
import { SimulatorProcess } from "../generators/simulator-process.ts";
import type { BenchPlan } from "../harness/bench-plan.ts";
import type { ContenderRun } from "../harness/contender-run.ts";
import { type Bench, onGeneratorSide } from "../harness/server-start.ts";
import type { Suite } from "../harness/suite.ts";
import type { ResponderReport, ResponderRequest } from "../responder/responder.ts";

const responderProgram = new URL("../responder/responder.js", import.meta.url);
const RESPONDER_MS_MAX = 20_000;
const WARM_UP_MS = 1500;
/** A responder that is this busy, or loses this share of its packets, is the limit. */
const RESPONDER_BUSY_PERCENT = 95;
const RESPONDER_LOST_SHARE = 0.001;
/** Above this the figures are those of a busy machine. */
const STARVED_PERCENT_MAX = 3;

/** One network, because the responder gives an address by the relay and the last octets of the MAC. */
const population = { cableModems: 200_000, mtas: 0, cpes: 0, smartMeters: 0, cmtsCount: 1 };

/** One measurement of a generator; undefined where the kernel, or the generator, does not say. */
interface Sample {
  readonly mode: string;
  readonly sentPerSecond: number;
  readonly perSecond: number;
  /** A share of the transactions that it began. */
  readonly completedShare: number;
  /** Replies to transactions that it had given up; our own counts them as lost. */
  readonly lateReplies?: number;
  /** How late it sent. */
  readonly slipMsP99?: number;
  /** 100 is one processor; perfdhcp keeps its own busy in any case. */
  readonly cpuPercent?: number;
  /** How much of its processor time the kernel took, for receiving and sending above all. */
  readonly kernelPercent?: number;
  /** How much of the time other programs had our generator's processor. */
  readonly starvedPercent?: number;
  /** 100 is one processor, while there was load. */
  readonly responderCpuPercent: number;
  readonly responderLostShare: number;
}

/** A generator plays a load, at a rate or as fast as it can, against the responder. */
interface Generator extends Contender {
  readonly atMaximum: (place: Place) => Promise<readonly Sample[]>;
  readonly atRate: (place: Place, perSecond: number, seconds: number) => Promise<Sample>;
}

interface Place {
  readonly bench: Bench;
  readonly seed: number;
  /** What the responder did since it was asked last. */
  readonly report: () => Promise<ResponderReport>;
}

const provlab: Generator = {
  ...{ id: "provlab", name: "provlab", settings: "1 worker", needsInterface: false },
  version: packageVersion,
  atMaximum: async (place) => {
    const { outstanding, maximumSeconds } = place.bench.plan.generators;
    const stream = { kind: "outstanding", exchange: "discover", outstanding } as const;
    return [await simulate(place, stream, maximumSeconds, `${outstanding} under way`)];
  },
  atRate: (place, ratePerSecond, seconds) =>
    simulate(place, { kind: "rate", exchange: "discover", ratePerSecond }, seconds, "fixed rate"),
};

const perfdhcp: Generator = {
  ...{ id: "perfdhcp", name: "perfdhcp", needsInterface: false },
  settings:
    "at its maximum the best of its modes in each round: as fast as it can, with one thread and with " +
    "several, and fixed rates",
  version: () => firstLineOf("perfdhcp", "-v"),
  atMaximum: async (place) => {
    const { maximumSeconds, peerRates } = place.bench.plan.generators;
    const samples: Sample[] = [];
    for (const [threads, ratePerSecond] of [
      ...(["single", "multi"] as const).map((each) => [each, undefined] as const),
      ...peerRates.map((each) => ["single", each] as const),
    ]) {
      samples.push(await flood(place, { threads, ratePerSecond, seconds: maximumSeconds }));
    }
    return samples;
  },
  atRate: (place, ratePerSecond, seconds) =>
    flood(place, { threads: "single", ratePerSecond, seconds }),
};

const percent = { digits: 0, better: "less", hasRatio: false } as const;

/** Our generator beside perfdhcp, against a responder that keeps no state. */
export const generators: Suite<Generator> = {
  id: "generator",
  title: "Generators, against a stateless responder",
  contenders: [provlab, perfdhcp],
  columns: [
    { id: "dora", title: "DORA/s", digits: 0, better: "more", hasRatio: true },
    { id: "sent", title: "sent/s", digits: 0, better: "more", hasRatio: false },
    { id: "error", title: "rate error %", digits: 3, better: "less", hasRatio: false },
    { ...percent, id: "slip", title: "slip p99 µs" },
    { id: "completed", title: "completed %", digits: 2, better: "more", hasRatio: false },
    { ...percent, id: "late", title: "late replies" },
    { ...percent, id: "cpu", title: "CPU %" },
    { ...percent, id: "kernel", title: "in the kernel %" },
    { ...percent, id: "responder", title: "responder's CPU %" },
    { ...percent, id: "starved", title: "starved %", summary: "most" },
  ],
  method: () => [
    "The responder keeps no state and answers in batches; it is a process of its own. ≥: it was busy all the " +
      "time or lost packets, so that the generator may be faster.",
    "Late replies: to exchanges that perfdhcp had given up after a second. In the kernel: a share of the " +
      "generator's own processor time from its start, above all for receiving and sending.",
    "Starved: how much of the time other programs had our generator's processor, at most. Above " +
      `${STARVED_PERCENT_MAX} % the figures are NOT VALID: stop those programs and measure again.`,
  ],
  turnMs: ({ generators: plan }, { id }) => {
    const runs = id === "perfdhcp" ? 2 + plan.peerRates.length : 1;
    return 1000 * (runs * plan.maximumSeconds + plan.fixedSeconds) + 2 * WARM_UP_MS;
  },
  measure,
};

async function measure(run: ContenderRun<Generator>): Promise<void> {
  const { bench, contender, round } = run;
  const { network, processors, plan, seed } = bench;
  const { fixedPerSecond, fixedSeconds } = plan.generators;
  const { serverAddress, ports } = network;
  const responder = new GeneratorProcess<ResponderRequest, ResponderReport>(
    responderProgram,
    (command) => onProcessor(processors?.server, command),
  );
  const asked = { address: serverAddress, port: ports.relay };
  const report = (): Promise<ResponderReport> =>
    responder.run(asked, RESPONDER_MS_MAX, bench.signal);
  try {
    await report();
    const place = { bench, report, seed: seed + round };
    const samples = await contender.atMaximum(place);
    const best = samples.reduce((one, other) => (other.perSecond > one.perSecond ? other : one));
    run.keep("maximum", samples);
    const isBound =
      best.responderCpuPercent >= RESPONDER_BUSY_PERCENT ||
      best.responderLostShare >= RESPONDER_LOST_SHARE;
    run.score("maximum", "dora", best.perSecond, isBound);
    score(run, "maximum", best);
    const fixed = await contender.atRate(place, fixedPerSecond, fixedSeconds);
    const subject = fixedSubject(plan);
    run.keep(subject, fixed);
    run.score(subject, "sent", fixed.sentPerSecond);
    run.score(subject, "error", (100 * (fixed.sentPerSecond - fixedPerSecond)) / fixedPerSecond);
    run.score(subject, "slip", fixed.slipMsP99 && 1000 * fixed.slipMsP99);
    score(run, subject, fixed);
  } finally {
    responder.stop();
  }
}

function fixedSubject({ generators: { fixedPerSecond, fixedSeconds } }: BenchPlan): string {
  return `${fixedPerSecond.toLocaleString("en-US")}/s for ${fixedSeconds} s`;
}

function score(run: ContenderRun<Generator>, subject: string, sample: Sample): void {
  run.score(subject, "completed", 100 * sample.completedShare);
  run.score(subject, "late", sample.lateReplies);
  run.score(subject, "cpu", sample.cpuPercent);
  run.score(subject, "kernel", sample.kernelPercent);
  run.score(subject, "responder", sample.responderCpuPercent);
  run.score(subject, "starved", sample.starvedPercent);
}

async function simulate(
  { bench, seed, report }: Place,
  stream: StreamPlan,
  seconds: number,
  mode: string,
): Promise<Sample> {
  const { serverAddress: address, ports } = bench.network;
  const settings = {
    ...{ ...trialDefaults, warmUpMs: WARM_UP_MS, warmUpShare: 1, measureMs: 1000 * seconds },
  };
  const target = { population, server: { address, port: ports.relay }, ports, seed };
  const plan = doraPlan(target, settings, 1);
  const phases = plan.phases.map((phase) => ({ ...phase, streams: [stream] }));
  const generator = new SimulatorProcess((command) => onGeneratorSide(bench, command));
  try {
    await report();
    const before = cpuTimesOf(generator.pid);
    // The responder has UDP sockets and nothing else, so segments reach it whole.
    const load = { ...plan, phases, segmentation: true };
    const { trials, lastPhase, violations } = await generator.play(load, settings, bench.signal);
    const after = cpuTimesOf(generator.pid);
    if (violations > 0) throw new Error("the responder gave an address twice");
    const { offered, slipMsP99, generatorCpuPercent, generatorStarvedPercent } = trials[0];
    const loadMs = phases.reduce(
      (total, { timeLimitMs, drainMs }) => total + timeLimitMs + drainMs,
      0,
    );
    return tell(bench, "provlab", {
      mode,
      sentPerSecond: offered / seconds,
      perSecond: trials[0].ratePerSecond,
      completedShare: lastPhase.completed / offered,
      slipMsP99,
      cpuPercent: generatorCpuPercent,
      starvedPercent: generatorStarvedPercent,
      ...kernelPercentOf(after, before),
      ...(await responderShare(report, loadMs)),
    });
  } finally {
    generator.stop();
  }
}

async function flood(
  { bench, seed, report }: Place,
  load: Pick<PerfdhcpLoad, "threads" | "ratePerSecond" | "seconds">,
): Promise<Sample> {
  const { network, signal } = bench;
  const { threads, ratePerSecond, seconds } = load;
  const command = perfdhcpCommand({
    ...{ ...load, seed, clients: population.cableModems, relay: "lo" },
    ...{ server: formatIpv4(network.serverAddress), port: network.ports.relay },
  });
  await report();
  const outcome = await runPerfdhcp(onGeneratorSide(bench, command), seconds, signal);
  const { discovers, acks, late, cpu } = outcome;
  const offered = ratePerSecond === undefined ? "as fast as it can" : `-r ${ratePerSecond}`;
  return tell(bench, "perfdhcp", {
    mode: `${offered}, -g ${threads}`,
    sentPerSecond: discovers / seconds,
    perSecond: acks / seconds,
    completedShare: discovers === 0 ? 0 : acks / discovers,
    lateReplies: late,
    ...(cpu && { cpuPercent: (100 * (cpu.userMs + cpu.systemMs)) / cpu.elapsedMs }),
    ...kernelPercentOf(cpu),
    ...(await responderShare(report, 1000 * seconds)),
  });
}

function tell({ onProgress }: Bench, name: string, sample: Sample): Sample {
  const { mode, sentPerSecond, perSecond, completedShare, responderCpuPercent } = sample;
  onProgress(
    `${name} (${mode}): ${sentPerSecond.toFixed(1)}/s sent, ${Math.round(perSecond)} DORA/s, ` +
      `${(100 * completedShare).toFixed(2)} % completed, responder ${responderCpuPercent.toFixed(0)} %`,
  );
  return sample;
}

/** The responder's processor time by the time in which there was load, its losses by what was sent to it. */
async function responderShare(
  report: Place["report"],
  loadMs: number,
): Promise<Pick<Sample, "responderCpuPercent" | "responderLostShare">> {
  const { cpuMs, received, lost } = await report();
  const total = received + lost;
  return {
    responderCpuPercent: (100 * cpuMs) / loadMs,
    responderLostShare: total === 0 ? 0 : lost / total,
  };
}

function kernelPercentOf(
  after: CpuTimes | undefined,
  before: CpuTimes | undefined = { userMs: 0, systemMs: 0 },
): Pick<Sample, "kernelPercent"> {
  if (after === undefined) return {};
  const systemMs = after.systemMs - before.systemMs;
  const wholeMs = after.userMs - before.userMs + systemMs;
  return wholeMs > 0 ? { kernelPercent: (100 * systemMs) / wholeMs } : {};
}
