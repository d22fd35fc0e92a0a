import { environmentOf } from "../../../lab/machine/environment.ts";
import type { RunResult } from "../../../reports/result/run-result.ts";
import { Population } from "../../../scenarios/population/population.ts";
import { EtcdError } from "../../../server/etcd/etcd-error.ts";
import { newSafetyCounters } from "../../../simulator/measure/safety-checker.ts";
import { runOutcomeOf } from "../../../simulator/run/run-outcome.ts";
import { abortable } from "../../options/until-interrupted.ts";
import type { OrderedRun, RunOrder } from "../plan/run-order.ts";
import { mergedResultOf, writeHistory } from "../result/merged-result.ts";
import { runResultOf } from "../result/run-result-of.ts";
import { SegmentFileError } from "../result/segment-file.ts";
import type { BundledServer } from "../server/bundled-server.ts";
import type { AgentsAccess } from "./agents-access.ts";
import { connect } from "./etcd.ts";
import { RendezvousError } from "./rendezvous-error.ts";
import { runOnAgents } from "./run-on-agents.ts";

/** How far the clocks of the agents' machines may be apart. */
const CLOCK_MARGIN_MS = 50;

export interface AgentsMeasurement {
  readonly order: RunOrder;
  /** What the order says. */
  readonly run: OrderedRun;
  /** Undefined: as many as the weakest agent has cores to spare. */
  readonly workers: number | undefined;
  readonly agents: number;
  readonly access: AgentsAccess;
  readonly bundled: BundledServer | undefined;
  readonly history: string | undefined;
}

/**
 * The result of a run that agents play. When the rendezvous breaks, for instance because an agent dies, the result
 * is invalid and says why.
 */
export async function measureOnAgents(wanted: AgentsMeasurement): Promise<RunResult> {
  const { order, run, workers, agents, access, bundled } = wanted;
  const abort = new AbortController();
  const etcd = connect(access.etcd);
  try {
    const say = (text: string): void => {
      process.stderr.write(`${text}\n`);
    };
    const play = { order, plan: run.plan, workers, agents, signal: abort.signal };
    const measured = await abortable(abort, bundled?.died, () =>
      runOnAgents({ etcd, key: access.key, say }, play),
    );
    const segments = measured.map((each) => ({ ...run, ...each }));
    const { result, outcome } = await mergedResultOf(segments, CLOCK_MARGIN_MS, bundled);
    if (wanted.history !== undefined) writeHistory(wanted.history, run.plan, outcome);
    return result;
  } catch (error) {
    if (error instanceof EtcdError) return brokenResult(wanted, `etcd: ${error.message}`);
    if (error instanceof RendezvousError || error instanceof SegmentFileError) {
      return brokenResult(wanted, error.message);
    }
    throw error;
  } finally {
    etcd.close();
  }
}

/** The result of a run that measured nothing. */
function brokenResult(
  { run: { scenario, sha256, plan, target }, bundled }: AgentsMeasurement,
  why: string,
): RunResult {
  const population = new Population(plan.population);
  const nowMs = Date.now();
  const none = new Uint32Array(0);
  const result = runResultOf({
    ...{ scenario, sha256, population, target },
    environment: environmentOf({
      durability: bundled?.durability ?? "unknown",
      socket: "none",
      workers: 0,
    }),
    outcome: runOutcomeOf(plan, {
      ...{ startedAtMs: nowMs, endedAtMs: nowMs, devices: population.size, backend: "batch" },
      ...{ pace: undefined, phases: [], timeSeries: [], personas: undefined, stopped: [] },
      addressesMoved: 0,
      safety: {
        acknowledged: 0,
        counters: newSafetyCounters(),
        expected: newSafetyCounters(),
        violations: [],
      },
      leases: { count: 0, device: none, address: none, expiresAtSeconds: new Float64Array(0) },
    }),
    audit: undefined,
    server: bundled?.usage(),
    memoryMiB: 0,
  });
  return { ...result, verdict: "invalid", reasons: [why] };
}
