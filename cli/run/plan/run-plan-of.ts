import type {
  Scenario,
  ScenarioPhase,
  ScenarioStream,
} from "../../../scenarios/language/scenario.ts";
import type { CapturePlan } from "../../../simulator/capture/pcap-recorder.ts";
import { rfc2131Retry } from "../../../simulator/device/retry-policy.ts";
import type { PhasePlan, RunPlan, StreamPlan } from "../../../simulator/plan/run-plan.ts";
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
    // Of one server it is known what became of it; of several, who answered when.
    outages: choices.servers.length > 1,
    client: {
      retry: { ...rfc2131Retry, ...scenario.clients.retransmit },
      autonomous: scenario.clients.ownTimers,
    },
    ...(boot === undefined ? {} : { boot }),
    ...(choices.capture && { capture: choices.capture }),
    network: scenario.network,
    personas: scenario.personas,
    phases: scenario.phases.map((phase) => phasePlanOf(phase, isWatched(scenario, phase))),
    health: scenario.generator,
  };
}

/** What the simulator is told of one phase; `watched`: what is measured in it may end it. */
export function phasePlanOf(phase: ScenarioPhase, watched = false): PhasePlan {
  const { name, until, timeLimitMs, drainMs, powerCycle, network } = phase;
  return {
    name,
    until,
    timeLimitMs,
    drainMs,
    reset: powerCycle,
    ...(network && { network }),
    streams: phase.streams.map(streamPlanOf),
    ...(watched ? { isWatched: true } : {}),
  };
}

function streamPlanOf(stream: ScenarioStream): StreamPlan {
  if (stream.kind !== "all-at-once") return stream;
  const { withinMs, ...rest } = stream;
  return { ...rest, desyncMsMax: withinMs };
}

/** Whether something that is measured in the phase may end it. */
function isWatched({ thresholds }: Scenario, { name, streams }: ScenarioPhase): boolean {
  return (
    thresholds.some(
      ({ metric, abortAfterMs }) => metric[0] === name && abortAfterMs !== undefined,
    ) ||
    streams.some((stream) => stream.kind === "profile" && stream.missedPercentMax !== undefined)
  );
}
