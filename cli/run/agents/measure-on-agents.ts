import { environmentOf } from "../../../lab/machine/environment.ts";
import type { RunResult, Target } from "../../../reports/result/run-result.ts";
import { Population } from "../../../scenarios/population/population.ts";
import type { EtcdUserAccess } from "../../../server/etcd/edge/etcd-access.ts";
import { EtcdError } from "../../../server/etcd/edge/etcd-client.ts";
import { newSafetyCounters } from "../../../simulator/measure/safety-checker.ts";
import type { RunPlan } from "../../../simulator/plan/run-plan.ts";
import { runOutcomeOf } from "../../../simulator/run/run-outcome.ts";
import type { LoadedScenario } from "../../options/scenario-input.ts";
import { abortable } from "../../options/until-interrupted.ts";
import { mergedResultOf, writeHistory } from "../result/merged-result.ts";
import { runResultOf } from "../result/run-result-of.ts";
import { SegmentFileError } from "../result/segment-file.ts";
import type { BundledServer } from "../server/bundled-server.ts";
import { RendezvousError } from "./board.ts";
import { connect } from "./etcd.ts";
import { runOnAgents } from "./run-on-agents.ts";

/** How far the clocks of the agents' machines may be apart. */
const CLOCK_MARGIN_MS = 50;

export interface AgentsMeasurement {
  readonly loaded: LoadedScenario;
  readonly plan: RunPlan;
  readonly workers: number | undefined;
  readonly agents: number;
  readonly etcd: EtcdUserAccess;
  readonly target: Target;
  readonly bundled: BundledServer | undefined;
  readonly history: string | undefined;
}

/**
 * The result of a run that agents play. When the rendezvous breaks, for instance because an agent dies, the result
 * is invalid and says why.
 */
export async function measureOnAgents(wanted: AgentsMeasurement): Promise<RunResult> {
  const { loaded, plan, workers, agents, target, bundled } = wanted;
  const { scenario, sha256 } = loaded;
  const abort = new AbortController();
  const etcd = connect(wanted.etcd);
  try {
    const play = {
      order: { scenario, sha256, target },
      ...{ plan, workers, agents, signal: abort.signal },
      say: (text: string) => process.stderr.write(`${text}\n`),
    };
    const segments = await abortable(abort, bundled?.died, () => runOnAgents(etcd, play));
    const { result, outcome } = await mergedResultOf(segments, CLOCK_MARGIN_MS, bundled);
    if (wanted.history !== undefined) writeHistory(wanted.history, plan, outcome);
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
  { loaded, plan, target, bundled }: AgentsMeasurement,
  why: string,
): RunResult {
  const population = new Population(plan.population);
  const nowMs = Date.now();
  const none = new Uint32Array(0);
  const result = runResultOf({
    ...{ ...loaded, population, target },
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
