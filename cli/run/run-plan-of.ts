import type { Scenario, ScenarioPhase } from "../../scenarios/scenario.ts";
import { rfc2131Retry } from "../../simulator/device/retry-policy.ts";
import type { ServerAddress } from "../../simulator/relay/cmts.ts";
import type { PhasePlan, RunPlan } from "../../simulator/run-plan.ts";
import { type BootServers, bootPlanOf } from "./boot-plan-of.ts";

export interface RunChoices {
  readonly seed: number;
  readonly workers: number;
  readonly servers: readonly ServerAddress[];
  /** See RunPlan. */
  readonly segmentation: boolean;
  /** What is beside DHCP, for the devices that boot. */
  readonly bootServers: BootServers;
}

/** What the simulator is told to do: the scenario, aimed at servers that all listen on one port. */
export function runPlanOf(scenario: Scenario, choices: RunChoices): RunPlan {
  const { port } = choices.servers[0]!;
  const boot = bootPlanOf(scenario, choices.bootServers);
  return {
    population: { ...scenario.population, seed: choices.seed },
    seed: choices.seed,
    workers: choices.workers,
    servers: choices.servers,
    // As with dhcpd's -p: relays listen on the server's port, clients on the next one.
    ports: { relay: port, client: port + 1 },
    segmentation: choices.segmentation,
    client: {
      retry: { ...rfc2131Retry, ...scenario.clients.retransmit },
      autonomous: scenario.clients.ownTimers,
    },
    ...(boot === undefined ? {} : { boot }),
    network: scenario.network,
    phases: scenario.phases.map(phasePlanOf),
    health: scenario.generator,
  };
}

function phasePlanOf(phase: ScenarioPhase): PhasePlan {
  const { name, until, timeLimitMs, drainMs, powerCycle } = phase;
  return {
    name,
    until,
    timeLimitMs,
    drainMs,
    reset: powerCycle,
    streams: phase.streams.map((stream) =>
      stream.kind === "all-at-once"
        ? { kind: "all-at-once", exchange: stream.exchange, desyncMsMax: stream.withinMs }
        : stream,
    ),
  };
}
