import { execFileSync } from "node:child_process";
import { environmentOf } from "../../lab/machine/environment.ts";
import { type CpuTimes, cpuTimesOf } from "../../lab/machine/process-usage.ts";
import { onProcessor, twoProcessors } from "../../lab/machine/processors.ts";
import { loopbackNetwork } from "../../lab/machine/server-network.ts";
import { formatIpv4 } from "../../protocol/ipv4.ts";
import type { StreamPlan } from "../../simulator/plan/run-plan.ts";
import { GeneratorProcess } from "../generators/generator-process.ts";
import { ResponderProcess } from "../responder/responder-process.ts";
import type { LoadResult } from "./generator.ts";
import { type GeneratorBenchPlan, loadPlan, population } from "./generator-bench-plan.ts";
import {
  type FixedSample,
  GENERATOR_BENCH_SCHEMA,
  type GeneratorBenchResult,
  type LoadSample,
  type MaximumSample,
} from "./generator-bench-result.ts";
import { type PerfdhcpLoad, perfdhcpCommand, runPerfdhcp } from "./peer.ts";

export interface GeneratorBenchRequest {
  readonly plan: GeneratorBenchPlan;
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

const GRACE_MS = 60_000;
const generatorProgram = new URL("./generator.js", import.meta.url);

/**
 * Our generator and perfdhcp in turns against the same stateless responder, at their maximum and at a
 * fixed rate. Rejects when either of our own processes fails; leaves none behind.
 */
export async function runGeneratorBench(
  request: GeneratorBenchRequest,
): Promise<GeneratorBenchResult> {
  const startedAtMs = Date.now();
  const processors = twoProcessors();
  const { serverAddress, ports } = loopbackNetwork();
  const responder = await ResponderProcess.start(serverAddress, ports.relay, processors?.server);
  try {
    const run = new GeneratorBenchRun(request, responder, {
      address: serverAddress,
      port: ports.relay,
      processor: processors?.generator,
    });
    for (let round = 1; round <= request.plan.rounds; round += 1) await run.round(round);
    return {
      schema: GENERATOR_BENCH_SCHEMA,
      startedAt: new Date(startedAtMs).toISOString(),
      durationMs: Date.now() - startedAtMs,
      environment: environmentOf({ durability: "none", socket: "batch", workers: 1 }),
      ...(processors === undefined ? {} : { processors }),
      seed: request.seed,
      plan: request.plan,
      ...run.result(),
    };
  } finally {
    responder.stop();
  }
}

interface Place {
  readonly address: number;
  readonly port: number;
  readonly processor: number | undefined;
}

class GeneratorBenchRun {
  readonly #request: GeneratorBenchRequest;
  readonly #responder: ResponderProcess;
  readonly #place: Place;
  readonly #peer = perfdhcpVersion();
  readonly #maximum: MaximumSample[] = [];
  readonly #fixed: FixedSample[] = [];

  constructor(request: GeneratorBenchRequest, responder: ResponderProcess, place: Place) {
    this.#request = request;
    this.#responder = responder;
    this.#place = place;
  }

  async round(round: number): Promise<void> {
    await this.#ourMaximum(round);
    if (this.#peer !== undefined) await this.#peerMaximum(round);
    await this.#ourFixed(round);
    if (this.#peer !== undefined) await this.#peerFixed(round);
  }

  result(): Pick<GeneratorBenchResult, "perfdhcp" | "maximum" | "fixed"> {
    return {
      perfdhcp: this.#peer ?? null,
      maximum: this.#maximum,
      fixed: this.#fixed,
    };
  }

  async #ourMaximum(round: number): Promise<void> {
    const { outstanding, maximumSeconds } = this.#request.plan;
    const stream = { kind: "outstanding", exchange: "discover", outstanding } as const;
    const { result, sample } = await this.#our(stream, maximumSeconds, round);
    this.#tell({
      ...{ generator: "provlab", round, mode: `${outstanding} under way`, ...sample },
      perSecond: result.achievedPerSecond,
    });
  }

  async #peerMaximum(round: number): Promise<void> {
    const { maximumSeconds, peerRates } = this.#request.plan;
    const loads: readonly Pick<PerfdhcpLoad, "threads" | "ratePerSecond">[] = [
      { threads: "single", ratePerSecond: undefined },
      { threads: "multi", ratePerSecond: undefined },
      ...peerRates.map((ratePerSecond) => ({ threads: "single" as const, ratePerSecond })),
    ];
    for (const load of loads) {
      const { acks, sample } = await this.#perfdhcp(load, maximumSeconds, round);
      const offered =
        load.ratePerSecond === undefined ? "as fast as it can" : `-r ${load.ratePerSecond}`;
      this.#tell({
        ...{ generator: "perfdhcp", round, mode: `${offered}, -g ${load.threads}` },
        ...{ perSecond: acks / maximumSeconds, ...sample },
      });
    }
  }

  async #ourFixed(round: number): Promise<void> {
    const { fixedPerSecond, fixedSeconds } = this.#request.plan;
    const stream = { kind: "rate", exchange: "discover", ratePerSecond: fixedPerSecond } as const;
    const { result, sample } = await this.#our(stream, fixedSeconds, round);
    this.#tellFixed({
      ...{ generator: "provlab", round, ...sample },
      sentPerSecond: result.offered / fixedSeconds,
      slipMsP99: result.slipMsP99,
    });
  }

  async #peerFixed(round: number): Promise<void> {
    const { fixedPerSecond, fixedSeconds } = this.#request.plan;
    const load = { threads: "single", ratePerSecond: fixedPerSecond } as const;
    const { discovers, sample } = await this.#perfdhcp(load, fixedSeconds, round);
    this.#tellFixed({
      ...{ generator: "perfdhcp", round, ...sample },
      sentPerSecond: discovers / fixedSeconds,
    });
  }

  async #our(
    stream: StreamPlan,
    seconds: number,
    round: number,
  ): Promise<{ readonly result: LoadResult; readonly sample: LoadSample }> {
    const { seed, signal } = this.#request;
    const { address, port, processor } = this.#place;
    const plan = loadPlan(stream, seconds, { address, port, seed: seed + round });
    const runMs = plan.phases.reduce((sum, phase) => sum + phase.timeLimitMs + phase.drainMs, 0);
    const generator = new GeneratorProcess<object, LoadResult>(generatorProgram, (command) =>
      onProcessor(processor, command),
    );
    try {
      await this.#responder.report();
      const before = cpuTimesOf(generator.pid);
      const result = await generator.run({ plan }, runMs + GRACE_MS, signal);
      const after = cpuTimesOf(generator.pid);
      if (result.violations > 0) throw new Error("the responder gave an address twice");
      const sample = {
        completedShare: result.completed / result.offered,
        cpuPercent: result.cpuPercent,
        starvedPercent: result.starvedPercent,
        ...kernelPercentOf(after, before),
        ...(await this.#responderShare(runMs)),
      };
      return { result, sample };
    } finally {
      generator.stop();
    }
  }

  async #perfdhcp(
    load: Pick<PerfdhcpLoad, "threads" | "ratePerSecond">,
    seconds: number,
    round: number,
  ): Promise<Awaited<ReturnType<typeof runPerfdhcp>> & { readonly sample: LoadSample }> {
    const { seed, signal } = this.#request;
    const { address, port, processor } = this.#place;
    const clients = population.cableModems;
    const whole = { ...load, seconds, clients, seed: seed + round };
    const command = onProcessor(processor, perfdhcpCommand(whole, formatIpv4(address), port));
    await this.#responder.report();
    const outcome = await runPerfdhcp(command, seconds, signal);
    const { discovers, acks, late, cpu } = outcome;
    const sample = {
      completedShare: discovers === 0 ? 0 : acks / discovers,
      lateReplies: late,
      ...(cpu && { cpuPercent: (100 * (cpu.userMs + cpu.systemMs)) / cpu.elapsedMs }),
      ...kernelPercentOf(cpu),
      ...(await this.#responderShare(seconds * 1000)),
    };
    return { ...outcome, sample };
  }

  /** Its processor by the time in which there was load, its losses by what was sent to it. */
  async #responderShare(
    loadMs: number,
  ): Promise<Pick<LoadSample, "responderCpuPercent" | "responderLostShare">> {
    const { cpuMs, received, lost } = await this.#responder.report();
    const total = received + lost;
    return {
      responderCpuPercent: (100 * cpuMs) / loadMs,
      responderLostShare: total === 0 ? 0 : lost / total,
    };
  }

  #tell(sample: MaximumSample): void {
    this.#maximum.push(sample);
    const { generator, round, mode, perSecond, responderCpuPercent } = sample;
    this.#request.onProgress(
      `round ${round}: ${generator} (${mode}): ${Math.round(perSecond)} DORA/s, ` +
        `responder ${responderCpuPercent.toFixed(0)} %`,
    );
  }

  #tellFixed(sample: FixedSample): void {
    this.#fixed.push(sample);
    const { generator, round, sentPerSecond, completedShare } = sample;
    this.#request.onProgress(
      `round ${round}: ${generator} at a fixed rate: ${sentPerSecond.toFixed(1)}/s sent, ` +
        `${(100 * completedShare).toFixed(2)} % completed`,
    );
  }
}

function kernelPercentOf(
  after: CpuTimes | undefined,
  before: CpuTimes | undefined = { userMs: 0, systemMs: 0 },
): Pick<LoadSample, "kernelPercent"> {
  if (after === undefined) return {};
  const systemMs = after.systemMs - before.systemMs;
  const wholeMs = after.userMs - before.userMs + systemMs;
  return wholeMs > 0 ? { kernelPercent: (100 * systemMs) / wholeMs } : {};
}

/** Undefined when it is not installed. */
function perfdhcpVersion(): string | undefined {
  try {
    return execFileSync("perfdhcp", ["-v"], { encoding: "utf8" }).trim();
  } catch {
    return undefined;
  }
}
