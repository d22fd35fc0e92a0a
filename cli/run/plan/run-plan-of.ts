import { availableParallelism } from "node:os";
import type { PhasePlan } from "../../../scenarios/language/phase-plan.ts";
import type { Scenario } from "../../../scenarios/language/scenario.ts";
import type { RunPlan } from "../../../simulator/plan/run-plan.ts";
import { type BootServers, bootPlanOf } from "./boot-plan-of.ts";

export interface RunChoices
  extends Pick<RunPlan, "workers" | "servers" | "segmentation" | "capture"> {
  /** The services beside DHCP, for the devices that boot. */
  readonly bootServers: BootServers;
}

/** What the simulator is told to do: the scenario, aimed at servers that all listen on one port. */
export function runPlanOf(scenario: Scenario, choices: RunChoices): RunPlan {
  const { bootServers, ...chosen } = choices;
  const { port } = choices.servers[0];
  const boot = bootPlanOf(scenario, bootServers);
  const { population, seed, clients, network, personas, generator } = scenario;
  return {
    ...{ population, seed, clients, network, personas, generator },
    ...chosen,
    // As with dhcpd's -p: relays listen on the server's port, clients on the next one.
    ports: { relay: port, client: port + 1 },
    // With one server the run need not keep who answered when.
    outages: choices.servers.length > 1,
    ...(boot === undefined ? {} : { boot }),
    phases: scenario.phases.map((phase) => ({ ...phase, isWatched: isWatched(scenario, phase) })),
  };
}

/** Worker threads of a run: the wanted number, else the scenario's, else one less than the cores. */
export function workersOf(wanted: number | undefined, { workers }: Scenario): number {
  return wanted ?? workers ?? Math.max(1, availableParallelism() - 1);
}

/** Whether a measured value may end the phase. */
function isWatched({ thresholds }: Scenario, { name, streams }: PhasePlan): boolean {
  return (
    thresholds.some(({ metric, graceMs }) => metric[0] === name && graceMs !== undefined) ||
    streams.some((stream) => stream.kind === "profile" && stream.missedPercentMax !== undefined)
  );
}
