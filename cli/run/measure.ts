import { mkdirSync } from "node:fs";
import { systemClock } from "../../base/clock.ts";
import { environmentOf } from "../../lab/machine/environment.ts";
import { isLoopback } from "../../protocol/ipv4.ts";
import type { RunResult, Target } from "../../reports/result/run-result.ts";
import { scenarioBoots } from "../../scenarios/language/scenario.ts";
import type { Population } from "../../scenarios/population/population.ts";
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
import type { AgentsAccess } from "./agents/agents-access.ts";
import { measureOnAgents } from "./agents/measure-on-agents.ts";
import { auditPair, historyOf, judgedWithDrill, startPair } from "./pair-lab.ts";
import { filesOf } from "./plan/boot-plan-of.ts";
import { readKnownFiles } from "./plan/known-files.ts";
import { planOf, type RunOrder, targetOf } from "./plan/run-order.ts";
import { workersOf } from "./plan/run-plan-of.ts";
import { preflight } from "./preflight.ts";
import { auditFile } from "./result/audit-on-threads.ts";
import type { LeaseAudit } from "./result/lease-audit.ts";
import { keepSegment, writeHistory } from "./result/merged-result.ts";
import { memoryMiBMax, playLoneSegment, summaryOf } from "./result/play-segment.ts";
import { rowOf, runResultOf } from "./result/run-result-of.ts";
import type { RunOptions } from "./run-options.ts";
import { startScenarioServer } from "./server/bundled-server.ts";
import { ServerSampler } from "./server/server-sampler.ts";
import { StageCollector } from "./server/stage-collector.ts";
import type { RunWatcher, Steering } from "./watch/run-watch.ts";

/** Everything beside the scenario and the options that a run needs. */
export interface Surroundings {
  readonly folder: string;
  readonly population: Population;
  readonly capture: CapturePlan | undefined;
  readonly steering: Steering;
  readonly watch: RunWatcher;
  /** How to reach the agents; undefined when this process plays the run. */
  readonly access: AgentsAccess | undefined;
}

/**
 * Starts what is missing, runs the scenario, audits the lease file, and stops what it started. Rejects
 * with SimulationError or BundledServerError.
 */
export async function measure(
  { scenario, whole, sha256 }: LoadedScenario,
  options: RunOptions,
  { folder, population, capture, steering, watch, access }: Surroundings,
): Promise<RunResult> {
  const known = options.bootFiles === undefined ? undefined : readKnownFiles(options.bootFiles);
  const lab = await startPair(`${folder}/server`, scenario, population);
  const bundled =
    lab === undefined && options.target.length === 0
      ? await startScenarioServer(`${folder}/server`, scenario, population, {
          files: scenarioBoots(scenario) ? filesOf(scenario) : undefined,
        })
      : undefined;
  const servers = lab?.servers ?? (bundled && [bundled.address]) ?? options.target;
  try {
    const isOurs = bundled !== undefined || lab?.setUp.controlSocket !== undefined;
    const ports = bundled?.bootServers?.ports;
    const order: RunOrder = {
      ...{ whole, sha256, kind: isOurs ? "bundled" : "external", servers },
      ...{ workers: workersOf(options.workers, scenario), history: options.history !== undefined },
      ...(ports && { ports }),
      ...(known && bundled === undefined && { files: known }),
    };
    const networkNamespace = lab?.network.plantNamespace;
    const plan: RunPlan = {
      ...planOf(scenario, order),
      ...(capture && { capture }),
      ...(lab === undefined ? {} : { outages: true, sharedIdentifier: lab.setUp.sharedIdentifier }),
      ...(networkNamespace === undefined ? {} : { networkNamespace }),
      ...(options.segment && { segment: { ...options.segment, placement: placementOf(servers) } }),
    };
    const target: Target = {
      ...targetOf(order),
      ...(lab && { product: lab.setUp.product }),
    };
    if (access !== undefined) {
      const wanted = options.workers ?? scenario.workers;
      return await measureOnAgents({
        ...{ order, run: { scenario, sha256, plan, target }, workers: wanted, bundled },
        ...{ agents: options.agents!, access, history: options.history },
      });
    }
    // Each segment would get the answers of the others: they share a port.
    if (options.target.length > 0 && options.segment === undefined) {
      for (const warning of await preflight(plan)) process.stderr.write(`prov run: ${warning}\n`);
    }
    const sampler = new ServerSampler();
    const onSecond = (progress: SimulationProgress): void => {
      const { row } = progress;
      const columns = sampler.take(row.second, systemClock.monotonicMs(), bundled?.usage());
      watch.second(progress, { ...rowOf(row), ...columns });
    };
    const judge = abortJudge(scenario.thresholds);
    const { abort, pace } = steering;
    const stages = bundled && new StageCollector(bundled);
    const run = (): Promise<Played> =>
      plan.segment === undefined
        ? runSimulation(plan, onSecond, abort.signal, judge, pace, (phase) => {
            lab?.phaseStarts(phase.name, phase.startAtMs, phase.runStartMs);
            stages?.phaseStarts(phase.runStartMs);
          }).then((ended) => ({ outcome: ended }))
        : playLoneSegment(plan, options.startAt, onSecond, abort.signal);
    const { outcome, record } = await abortable(abort, bundled?.died, run);
    const stagesOfPhases = await stages?.finish();
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
      ...(stagesOfPhases && { stages: stagesOfPhases }),
      audit,
      server,
      memoryMiB: memoryMiBMax(),
    });
    const result = drill === undefined ? measured : judgedWithDrill(measured, drill);
    if (record === undefined) return { ...result, timeSeries: sampler.addTo(result.timeSeries) };
    const { environment, generator } = result;
    const { memoryMiB } = generator;
    mkdirSync(folder, { recursive: true });
    keepSegment(folder, order, { environment, memoryMiB, summary: summaryOf(record), record });
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
  return servers.every(({ address }) => isLoopback(address)) ? "by-turns" : "machines";
}
