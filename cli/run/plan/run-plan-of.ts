import type { PhasePlan } from "../../../scenarios/language/phase-plan.ts";
import type { Scenario } from "../../../scenarios/language/scenario.ts";
import type { CapturePlan } from "../../../simulator/capture/pcap-recorder.ts";
import type { RunPlan } from "../../../simulator/plan/run-plan.ts";
import type { ServerAddress } from "../../../simulator/relay/cmts.ts";
import { type BootServers, bootPlanOf } from "./boot-plan-of.ts";

export interface RunChoices {
  readonly seed: number;
  readonly workers: number;
  readonly servers: readonly ServerAddress[];
  /** See RunPlan. */
  readonly segmentation: boolean;
  /** What is beside DHCP, for the devices that boot. */
  readonly bootServers: BootServers;
  readonly capture?: CapturePlan | undefined;
}

/** What the simulator is told to do: the scenario, aimed at servers that all listen on one port. */
export function runPlanOf(scenario: Scenario, choices: RunChoices): RunPlan {
  const { port } = choices.servers[0];
  const boot = bootPlanOf(scenario, choices.bootServers);
  const { clients, network, personas, generator } = scenario;
  return {
    population: { ...scenario.population, seed: choices.seed },
    seed: choices.seed,
    workers: choices.workers,
    servers: choices.servers,
    // As with dhcpd's -p: relays listen on the server's port, clients on the next one.
    ports: { relay: port, client: port + 1 },
    segmentation: choices.segmentation,
    // With several servers the run keeps who answered when; of one it is known what became of it.
    outages: choices.servers.length > 1,
    ...(boot === undefined ? {} : { boot }),
    ...(choices.capture && { capture: choices.capture }),
    ...{ clients, network, personas, generator },
    phases: scenario.phases.map((phase) => ({ ...phase, isWatched: isWatched(scenario, phase) })),
  };
}

/** Whether something that is measured in the phase may end it. */
function isWatched({ thresholds }: Scenario, { name, streams }: PhasePlan): boolean {
  return (
    thresholds.some(({ metric, graceMs }) => metric[0] === name && graceMs !== undefined) ||
    streams.some((stream) => stream.kind === "profile" && stream.missedPercentMax !== undefined)
  );
}
