import { mkdirSync } from "node:fs";
import { systemClock } from "../../base/clock.ts";
import { environmentOf } from "../../lab/machine/environment.ts";
import { formatIpv4 } from "../../protocol/ipv4.ts";
import type { RunResult, Target } from "../../reports/result/run-result.ts";
import { scenarioBoots } from "../../scenarios/language/scenario.ts";
import type { Population } from "../../scenarios/population/population.ts";
import type { EtcdUserAccess } from "../../server/etcd/edge/etcd-access.ts";
import type { CapturePlan } from "../../simulator/capture/pcap-recorder.ts";
import type { RunPlan } from "../../simulator/plan/run-plan.ts";
import type { SegmentPlacement } from "../../simulator/plan/segment.ts";
import type { ServerAddress } from "../../simulator/relay/cmts.ts";
import {
  type PlayedSegment,
  runSimulation,
  type SimulationProgress,
} from "../../simulator/run/edge/coordinator.ts";
import type { SegmentRecord } from "../../simulator/run/segment-record.ts";
import type { LoadedScenario } from "../options/scenario-input.ts";
import { abortable } from "../options/until-interrupted.ts";
import { abortJudge } from "./abort-judge.ts";
import { measureOnAgents } from "./agents/measure-on-agents.ts";
import { auditPair, historyOf, judgedWithDrill, startPair } from "./pair-lab.ts";
import { filesOf, foreignServers } from "./plan/boot-plan-of.ts";
import { readKnownFiles } from "./plan/known-files.ts";
import { runPlanOf, workersOf } from "./plan/run-plan-of.ts";
import { auditFile } from "./result/audit-on-threads.ts";
import type { LeaseAudit } from "./result/lease-audit.ts";
import { keepSegment, writeHistory } from "./result/merged-result.ts";
import { memoryMiBMax, playLoneSegment, summaryOf } from "./result/play-segment.ts";
import { rowOf, runResultOf } from "./result/run-result-of.ts";
import type { RunOptions } from "./run-options.ts";
import { startScenarioServer } from "./server/bundled-server.ts";
import { ServerSampler } from "./server/server-sampler.ts";
import type { RunWatcher, Steering } from "./watch/run-watch.ts";

/** Everything beside the scenario and the options that a run needs. */
export interface Surroundings {
  readonly folder: string;
  readonly population: Population;
  readonly capture: CapturePlan | undefined;
  readonly steering: Steering;
  readonly watch: RunWatcher;
  /** Where the agents meet; undefined when this process plays the run. */
  readonly etcd: EtcdUserAccess | undefined;
}

/**
 * Starts what is missing, runs the scenario, audits the lease file, and stops what it started. Rejects
 * with SimulationError or BundledServerError.
 */
export async function measure(
  { scenario, sha256 }: LoadedScenario,
  options: RunOptions,
  { folder, population, capture, steering, watch, etcd }: Surroundings,
): Promise<RunResult> {
  const files = filesOf(scenario);
  const known = options.bootFiles === undefined ? undefined : readKnownFiles(options.bootFiles);
  const lab = await startPair(`${folder}/server`, scenario, population);
  const bundled =
    lab === undefined && options.target.length === 0
      ? await startScenarioServer(`${folder}/server`, scenario, population, {
          files: scenarioBoots(scenario) ? files : undefined,
        })
      : undefined;
  const servers = lab?.servers ?? (bundled && [bundled.address]) ?? options.target;
  const [first, ...others] = servers;
  try {
    const workers = workersOf(options.workers, scenario);
    const bootServers = bundled?.bootServers ?? foreignServers(known ?? files);
    // Our own servers receive by UDP sockets; another server may have raw ones.
    const segmentation = bundled !== undefined || scenario.pair?.kind === "provlab";
    const networkNamespace = lab?.network.plantNamespace;
    const plan: RunPlan = {
      ...runPlanOf(scenario, { workers, servers, bootServers, segmentation }),
      ...(capture && { capture }),
      ...(options.history === undefined ? {} : { history: true }),
      ...(lab === undefined ? {} : { outages: true, sharedIdentifier: lab.setUp.sharedIdentifier }),
      ...(networkNamespace === undefined ? {} : { networkNamespace }),
      ...(options.segment && { segment: { ...options.segment, placement: placementOf(servers) } }),
    };
    const isOurs = bundled !== undefined || lab?.setUp.controlSocket !== undefined;
    const target: Target = {
      kind: isOurs ? "bundled" : "external",
      ...(lab && { product: lab.setUp.product }),
      address: formatIpv4(first!.address),
      port: first!.port,
      ...(others.length === 0 ? {} : { others: others.map(({ address }) => formatIpv4(address)) }),
    };
    if (etcd !== undefined) {
      const wanted = options.workers ?? scenario.workers;
      return await measureOnAgents({
        ...{ loaded: { scenario, sha256 }, plan, workers: wanted, target, bundled },
        ...{ agents: options.agents!, etcd, history: options.history },
      });
    }
    const sampler = new ServerSampler();
    const onSecond = (progress: SimulationProgress): void => {
      const { row } = progress;
      const columns = sampler.take(row.second, systemClock.monotonicMs(), bundled?.usage());
      watch.second(progress, { ...rowOf(row), ...columns });
    };
    const judge = abortJudge(scenario.thresholds);
    const { abort, pace } = steering;
    const run = (): Promise<Played> =>
      plan.segment === undefined
        ? runSimulation(plan, onSecond, abort.signal, judge, pace, (phase) =>
            lab?.phaseStarts(phase.name, phase.startAtMs, phase.runStartMs),
          ).then((ended) => ({ outcome: ended }))
        : playLoneSegment(plan, options.startAt, onSecond, abort.signal);
    const { outcome, record } = await abortable(abort, bundled?.died, run);
    const drill = await lab?.finish();
    if (options.history !== undefined) writeHistory(options.history, plan, outcome);
    // The server still runs: a lease that is not in the file now would not survive a power cut.
    const server = bundled?.usage();
    const audit: LeaseAudit | undefined =
      (lab && (await auditPair(lab, outcome.leases, population))) ??
      (bundled && (await auditFile(bundled.leaseFile, outcome.leases, population)));
    const measured = runResultOf({
      // Thresholds are about the whole run, not about a segment of it.
      scenario: record === undefined ? scenario : { ...scenario, thresholds: [] },
      sha256,
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
      server,
      memoryMiB: memoryMiBMax(),
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

interface Played extends Pick<PlayedSegment, "outcome"> {
  /** Only when the run is a segment. */
  readonly record?: SegmentRecord;
}

/** No other machine reaches a server on the loopback network. */
function placementOf(servers: readonly ServerAddress[]): SegmentPlacement {
  return servers.every(({ address }) => address >>> 24 === 127) ? "by-turns" : "machines";
}
