import { mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { systemClock } from "../../base/clock.ts";
import { environmentOf } from "../../lab/machine/environment.ts";
import { formatIpv4 } from "../../protocol/ipv4.ts";
import type { RunResult, ServerUsage, Target } from "../../reports/result/run-result.ts";
import { scenarioBoots } from "../../scenarios/language/scenario.ts";
import type { Population } from "../../scenarios/population/population.ts";
import { dhcpdConf } from "../../scenarios/servers/dhcpd-conf.ts";
import type { EtcdUserAccess } from "../../server/etcd/edge/etcd-access.ts";
import type { CapturePlan } from "../../simulator/capture/pcap-recorder.ts";
import type { RunPlan } from "../../simulator/plan/run-plan.ts";
import type { SegmentPlacement } from "../../simulator/plan/segment.ts";
import type { ServerAddress } from "../../simulator/relay/cmts.ts";
import {
  type PhaseStart,
  runSimulation,
  type SimulationOutcome,
  type SimulationProgress,
} from "../../simulator/run/edge/coordinator.ts";
import type { SegmentRecord } from "../../simulator/run/segment-record.ts";
import type { LoadedScenario } from "../options/scenario-input.ts";
import { abortJudge } from "./abort-judge.ts";
import { measureOnAgents } from "./agents/measure-on-agents.ts";
import { auditPair, historyOf, judgedWithDrill, pairTarget, startPair } from "./pair-lab.ts";
import { filesOf, foreignServers, ownServers } from "./plan/boot-plan-of.ts";
import { readKnownFiles } from "./plan/known-files.ts";
import { runPlanOf } from "./plan/run-plan-of.ts";
import { auditFile } from "./result/audit-on-threads.ts";
import type { LeaseAudit } from "./result/lease-audit.ts";
import { keepSegment, writeHistory } from "./result/merged-result.ts";
import { playLoneSegment, summaryOf } from "./result/play-segment.ts";
import { rowOf, runResultOf } from "./result/run-result-of.ts";
import type { RunOptions } from "./run-options.ts";
import { withoutThresholds } from "./segment-options.ts";
import { startBundledServer } from "./server/bundled-server.ts";
import { ServerSampler } from "./server/server-sampler.ts";
import type { RunWatcher } from "./watch/run-watch.ts";
import type { Steering } from "./watch-options.ts";

const LOOPBACK = 0x7f00_0001;
const BYTES_A_MIB = 1024 * 1024;

/** What a run has around it. */
export interface Surroundings {
  readonly folder: string;
  readonly population: Population;
  readonly capture: CapturePlan | undefined;
  readonly steering: Steering;
  readonly watch: RunWatcher;
  /** How many play the run, and where they meet; undefined: this process plays it. */
  readonly agents: { readonly count: number; readonly etcd: EtcdUserAccess } | undefined;
}

/**
 * Starts what is missing, runs the scenario, audits the lease file, and stops what it started. Rejects
 * with SimulationError or BundledServerError.
 */
export async function measure(
  { scenario, sha256 }: LoadedScenario,
  options: RunOptions,
  { folder, population, capture, steering, watch, agents }: Surroundings,
): Promise<RunResult> {
  const seed = options.seed ?? scenario.seed;
  const files = filesOf(scenario, seed);
  const known = options.bootFiles === undefined ? undefined : readKnownFiles(options.bootFiles);
  const lab = await startPair(`${folder}/server`, scenario, population);
  const bundled =
    lab === undefined && options.target.length === 0
      ? await startBundledServer(`${folder}/server`, {
          config: dhcpdConf(population, { ...scenario.server, localAddress: LOOPBACK }),
          files: scenarioBoots(scenario) ? files : undefined,
        })
      : undefined;
  const own = bundled && [{ address: LOOPBACK, port: bundled.port }];
  const servers = lab?.servers ?? own ?? options.target;
  const [server, ...others] = servers;
  try {
    const workers = options.workers ?? scenario.workers ?? Math.max(1, availableParallelism() - 1);
    const bootServers =
      bundled?.bootPorts === undefined
        ? foreignServers(known ?? files)
        : ownServers(files, bundled.bootPorts);
    // Of our own servers it is known that they receive by UDP sockets; another may have raw ones.
    const segmentation = bundled !== undefined || scenario.pair?.kind === "provlab";
    const networkNamespace = lab?.network.plantNamespace;
    const plan: RunPlan = {
      ...runPlanOf(scenario, { seed, workers, servers, bootServers, segmentation, capture }),
      ...(options.history === undefined ? {} : { history: true }),
      ...(lab === undefined ? {} : { outages: true, sharedIdentifier: lab.setUp.sharedIdentifier }),
      ...(networkNamespace === undefined ? {} : { networkNamespace }),
      ...(options.segment && { segment: { ...options.segment, placement: placementOf(servers) } }),
    };
    const target: Target = (lab && pairTarget(lab)) ?? {
      kind: bundled === undefined ? "external" : "bundled",
      address: formatIpv4(server!.address),
      port: server!.port,
      ...(others.length === 0 ? {} : { others: others.map(({ address }) => formatIpv4(address)) }),
    };
    if (agents !== undefined) {
      const wanted = options.workers ?? scenario.workers;
      return await measureOnAgents({
        ...{ loaded: { scenario, sha256 }, plan, workers: wanted, target, bundled },
        ...{ agents: agents.count, etcd: agents.etcd, history: options.history },
      });
    }
    const sampler = new ServerSampler();
    const onSecond = (progress: SimulationProgress): void => {
      const { row } = progress;
      const columns = sampler.take(row.second, systemClock.monotonicMs(), bundled?.usageNow());
      watch.second(progress, { ...rowOf(row), ...columns });
    };
    const judge = abortJudge(scenario.thresholds);
    const onPhase = ({ name, startAtMs, runStartMs }: PhaseStart): void =>
      lab?.phaseStarts(name, startAtMs, runStartMs);
    const playing = { plan, judge, startAtMs: options.startAt, steering, onSecond, onPhase };
    const { outcome, record } = await play(playing, bundled?.died);
    const drill = await lab?.finish();
    if (options.history !== undefined) writeHistory(options.history, plan, outcome);
    // Read while the server still runs: what is not in the file now would not survive a power cut.
    const usage: ServerUsage | undefined = bundled?.usage();
    const audit: LeaseAudit | undefined =
      (lab && (await auditPair(lab, outcome.leases, population))) ??
      (bundled && (await auditFile(bundled.leaseFile, outcome.leases, population)));
    const measured = runResultOf({
      scenario: record === undefined ? scenario : withoutThresholds(scenario),
      sha256,
      seed,
      population,
      environment: environmentOf({
        durability: lab?.setUp.durability ?? bundled?.durability ?? "unknown",
        socket: outcome.backend,
        workers: outcome.workers,
      }),
      target,
      outcome,
      ...(lab && drill && { pair: historyOf(lab, drill) }),
      audit,
      server: usage,
      memoryMiB: Math.round((process.resourceUsage().maxRSS * 1024) / BYTES_A_MIB),
    });
    const result = drill === undefined ? measured : judgedWithDrill(measured, drill);
    if (record === undefined) return { ...result, timeSeries: sampler.addTo(result.timeSeries) };
    const { boot: _, ...kept } = plan;
    const { environment, generator } = result;
    const { memoryMiB } = generator;
    mkdirSync(folder, { recursive: true });
    keepSegment(folder, {
      ...{ plan: kept, scenario, sha256, target, environment, memoryMiB },
      ...{ summary: summaryOf(record), record },
    });
    return { ...result, segment: { number: record.index + 1, count: record.count } };
  } finally {
    await bundled?.stop();
    await lab?.stop();
  }
}

interface Playing {
  readonly plan: RunPlan;
  readonly judge: ReturnType<typeof abortJudge>;
  /** Of a segment, in Unix ms. */
  readonly startAtMs: number | undefined;
  readonly steering: Steering;
  readonly onSecond: (progress: SimulationProgress) => void;
  readonly onPhase: (start: PhaseStart) => void;
}

/** Ctrl-C ends the run early, with the results so far; a second one ends the program. */
async function play(
  { plan, judge, startAtMs, steering, onSecond, onPhase }: Playing,
  serverDied: Promise<never> | undefined,
): Promise<{ readonly outcome: SimulationOutcome; readonly record?: SegmentRecord }> {
  const { abort, pace } = steering;
  const interrupt = (): void => abort.abort();
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  try {
    const run =
      plan.segment === undefined
        ? runSimulation(plan, onSecond, abort.signal, judge, pace, onPhase).then((outcome) => ({
            outcome,
          }))
        : playLoneSegment(plan, startAtMs, onSecond, abort.signal);
    return await (serverDied === undefined ? run : Promise.race([run, serverDied]));
  } finally {
    // A run whose server died has nobody to talk to.
    abort.abort();
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}

/** A server on the loopback network has no other machine's relays. */
function placementOf(servers: readonly ServerAddress[]): SegmentPlacement {
  return servers.every(({ address }) => address >>> 24 === 127) ? "by-turns" : "machines";
}
