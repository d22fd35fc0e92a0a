import { Lab, type PlayedDrill } from "../../lab/lab.ts";
import { LabError } from "../../lab/machine/lab-error.ts";
import { namespaceBlock } from "../../lab/machine/namespaces.ts";
import { missingFor, takesNamespaces } from "../../lab/needs.ts";
import type { PairSetUp } from "../../lab/pair-set-up.ts";
import { isLoopback } from "../../protocol/ipv4.ts";
import type { PairHistory } from "../../reports/failover/history.ts";
import type { RunResult } from "../../reports/result/run-result.ts";
import type { Scenario } from "../../scenarios/language/scenario.ts";
import type { Population } from "../../scenarios/population/population.ts";
import type { AcknowledgedLeases } from "../../simulator/run/edge/coordinator.ts";
import type { LoadedScenario } from "../options/scenario-input.ts";
import { UsageError } from "../options/usage-error.ts";
import { auditOnThreads } from "./result/audit-on-threads.ts";
import type { LeaseAudit } from "./result/lease-audit.ts";
import type { RunOptions } from "./run-options.ts";
import { BundledServerError } from "./server/bundled-server.ts";

/**
 * Adapts the scenario to its pair: in namespaces, devices need addresses outside of the loopback block. Throws
 * UsageError, before anything starts, when this machine or the options do not allow the pair.
 */
export function preparedForPair(loaded: LoadedScenario, options: RunOptions): LoadedScenario {
  const { scenario } = loaded;
  const { pair, events, population } = scenario;
  if (pair === undefined) return loaded;
  if (options.target.length > 0) {
    throw new UsageError("--target: the scenario has a pair of its own; take its pair section out");
  }
  if (options.agents !== undefined || options.segment !== undefined) {
    throw new UsageError("a run with a pair is played by one process: no --agents, no --segment");
  }
  const missing = missingFor(pair, events);
  if (missing !== undefined) throw new UsageError(missing);
  const block = population.addressBlock;
  const isOnLoopback = block === undefined || isLoopback(block.network);
  if (!takesNamespaces(pair)) {
    if (isOnLoopback) return loaded;
    throw new UsageError("population.addressBlock: on loopback, devices are inside 127.0.0.0/8");
  }
  if (!isOnLoopback) return loaded;
  const moved = { ...population, addressBlock: namespaceBlock };
  return { ...loaded, scenario: { ...scenario, population: moved } };
}

/** Starts the pair of a scenario. Rejects with BundledServerError. */
export async function startPair(
  folder: string,
  { pair, events, server }: Scenario,
  population: Population,
): Promise<Lab | undefined> {
  if (pair === undefined) return undefined;
  try {
    return await Lab.start({ folder, pair, events, population, server });
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    throw new BundledServerError(error.message, { cause: error });
  }
}

/**
 * Reads the lease file of every node that still runs, as a restart would, and the store. Leases missing on the
 * serving node or in the store are lost; what the other node lacks is only told. For a foreign pair, a lease is lost
 * if both files lack it. Undefined when no file can be read.
 */
export async function auditPair(
  lab: Pick<Lab, "leaseFiles" | "exportStore"> & {
    readonly setUp: Pick<PairSetUp, "controlSocket" | "leaseFile">;
  },
  leases: AcknowledgedLeases,
  population: Population,
): Promise<LeaseAudit | undefined> {
  const { leaseFiles, setUp } = lab;
  if (setUp.controlSocket === undefined) {
    const files = { paths: leaseFiles, format: setUp.leaseFile.format };
    const [together] = await auditOnThreads([files], leases, population);
    return together;
  }
  const store = exported(lab);
  const files = leaseFiles.map((path) => ({ path }));
  const ofStore = store.path === undefined ? [] : [{ path: store.path, place: "etcd" }];
  const audits = await auditOnThreads([...files, ...ofStore], leases, population);
  const [serving, ...others] = audits.slice(0, files.length);
  if (serving === undefined) return undefined;
  const stored = audits[files.length];
  const more = others.map(({ summary }) => `the other node's: ${summary}`);
  return {
    lost: Math.max(serving.lost, stored?.lost ?? 0),
    examples: [...serving.examples, ...(stored?.examples ?? [])],
    summary: [serving.summary, ...more, stored?.summary ?? store.problem ?? []].flat().join("; "),
  };
}

/** The leases of the store as a file; without a path when there is no store or it does not answer. */
function exported(lab: Pick<Lab, "exportStore">): { path?: string | undefined; problem?: string } {
  try {
    return { path: lab.exportStore() };
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    return { problem: `etcd was not read: ${error.message}` };
  }
}

/** The servers' side of a failover, for its report. */
export function historyOf({ servers, setUp }: Lab, { events, roles }: PlayedDrill): PairHistory {
  const [a, b] = servers;
  const { isLoadBalanced } = setUp;
  return { servers: [a.address, b.address], isLoadBalanced, events, roles };
}

/** Adds the problems of the drill to the verdict: a drill that was not played as written proves nothing. */
export function judgedWithDrill(result: RunResult, { problems, deaths }: PlayedDrill): RunResult {
  if (deaths.length > 0) {
    return { ...result, verdict: "fail", reasons: [...deaths, ...result.reasons] };
  }
  if (problems.length === 0 || result.verdict === "fail") {
    return { ...result, reasons: [...result.reasons, ...problems] };
  }
  return { ...result, verdict: "invalid", reasons: [...problems, ...result.reasons] };
}
