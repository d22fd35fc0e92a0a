import type { OnlineMs } from "../../reports/capacity/outage-result.ts";
import type { Scenario } from "../../scenarios/language/scenario.ts";
import { Population } from "../../scenarios/population/population.ts";
import { outageShares } from "../../simulator/capacity/outage-prediction.ts";
import { problemSentence } from "../../simulator/measure/generator-health.ts";
import { runSimulation } from "../../simulator/run/edge/coordinator.ts";
import type { PhaseOutcome } from "../../simulator/run/outcome.ts";
import { filesOf } from "../run/plan/boot-plan-of.ts";
import { runPlanOf } from "../run/plan/run-plan-of.ts";
import { startScenarioServer } from "../run/server/bundled-server.ts";
import { outagePhase } from "./outage-plan-of.ts";

export interface MeasuredOutage {
  readonly onlineMs: OnlineMs;
  readonly durability: string;
  /** Why the generator was the limit. */
  readonly problems: readonly string[];
}

/** Runs the scenario against the bundled server with limited TFTP. The phases limit how long it takes. */
export async function measureOutage(
  scenario: Scenario,
  tftpSessionsMax: number,
  folder: string,
  workers: number,
  signal: AbortSignal,
): Promise<MeasuredOutage> {
  const population = new Population(scenario.population);
  const bundled = await startScenarioServer(folder, scenario, population, {
    files: filesOf(scenario),
    tftpLimits: { sessionsMax: tftpSessionsMax },
  });
  const abort = new AbortController();
  try {
    const plan = runPlanOf(scenario, {
      ...{ workers, segmentation: true },
      servers: [bundled.address],
      bootServers: bundled.bootServers!,
    });
    const simulation = runSimulation(plan, () => {}, AbortSignal.any([signal, abort.signal]));
    const outcome = await Promise.race([simulation, bundled.died]);
    signal.throwIfAborted();
    const name = outagePhase(scenario).phase.name;
    const phase = outcome.phases.find((played) => played.name === name)!;
    return {
      onlineMs: onlineMsOf(phase, population.size),
      durability: bundled.durability,
      // The measured time is the answer, and a late generator makes it longer.
      problems: outcome.health.problems.map(problemSentence),
    };
  } finally {
    abort.abort();
    await bundled.stop();
  }
}

/** Percentiles over all devices, including those that did not come on line. */
function onlineMsOf({ boot }: PhaseOutcome, devices: number): OnlineMs {
  const histogram = boot.onlineAfter;
  const entries = outageShares.map((share) => {
    const percentile = (share * devices) / (histogram?.count ?? 0);
    return [share, percentile <= 100 ? histogram!.percentileMs(percentile) : null];
  });
  return Object.fromEntries(entries) as OnlineMs;
}
