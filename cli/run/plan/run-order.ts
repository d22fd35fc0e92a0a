import { z } from "zod";
import { formatIpv4 } from "../../../protocol/ipv4.ts";
import type { Target } from "../../../reports/result/run-result.ts";
import type { Scenario } from "../../../scenarios/language/scenario.ts";
import {
  readWholeScenario,
  type WholeScenario,
} from "../../../scenarios/language/scenario-file.ts";
import type { BootFile } from "../../../scenarios/servers/boot-files.ts";
import { formatFileProblem } from "../../../scenarios/yaml/problems.ts";
import type { RunPlan } from "../../../simulator/plan/run-plan.ts";
import { SERVERS_MAX, type ServerAddress } from "../../../simulator/relay/cmts.ts";
import { WORKERS_MAX } from "../capture-file.ts";
import { filesOf, foreignServers, ownServers, type ServicePorts } from "./boot-plan-of.ts";
import { runPlanOf } from "./run-plan-of.ts";

/**
 * A run for another process, in plain data: the scenario, and what the command line made of it. It can ask for nothing
 * that a scenario cannot, and names no file and no network namespace.
 */
export interface RunOrder {
  readonly whole: WholeScenario;
  readonly sha256: string;
  readonly kind: Target["kind"];
  readonly servers: readonly ServerAddress[];
  readonly workers: number;
  /** As RunPlan.history. */
  readonly history: boolean;
  /** The ports of the bundled server's boot services; the well-known ones when left out. */
  readonly ports?: ServicePorts;
  /** What the servers' TFTP serves; what `prov config --boot-files` writes when left out. */
  readonly files?: readonly BootFile[];
}

/** What a RunOrder says. */
export interface OrderedRun {
  readonly scenario: Scenario;
  readonly sha256: string;
  readonly plan: RunPlan;
  readonly target: Target;
}

/** The message says what is wrong with the order of a run. */
export class RunOrderError extends Error {
  override readonly name = "RunOrderError";
}

const FILES_MAX = 10_000;
const NAME_LENGTH_MAX = 1000;
const TEXT_LENGTH_MAX = 1_000_000;

const portUpTo = (max: number) => z.int().min(1).max(max);
const port = portUpTo(65_535);

const runOrder: z.ZodType<RunOrder> = z.strictObject({
  whole: z.strictObject({
    data: z.unknown(),
    personas: z.record(z.string().max(NAME_LENGTH_MAX), z.string().max(TEXT_LENGTH_MAX)),
  }),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  kind: z.enum(["bundled", "external"]),
  servers: z
    .array(
      // Clients listen on the next port.
      z.strictObject({ address: z.int().min(1).max(0xffff_ffff), port: portUpTo(65_534) }),
    )
    .min(1)
    .max(SERVERS_MAX),
  workers: z.int().min(1).max(WORKERS_MAX),
  history: z.boolean(),
  ports: z.strictObject({ tftp: port, time: port, ntp: port, syslog: port }).exactOptional(),
  files: z
    .array(
      z.strictObject({ name: z.string().max(NAME_LENGTH_MAX), bytes: z.instanceof(Uint8Array) }),
    )
    .max(FILES_MAX)
    .exactOptional(),
});

/** Checks an order that came from elsewhere. Throws RunOrderError with all that is wrong with it. */
export function readRunOrder(value: unknown): OrderedRun {
  const parsed = runOrder.safeParse(value);
  if (!parsed.success) throw new RunOrderError(z.prettifyError(parsed.error));
  const order = parsed.data;
  const reading = readWholeScenario("the scenario", order.whole);
  if (reading.kind === "failed") {
    throw new RunOrderError(reading.problems.map(formatFileProblem).join("\n"));
  }
  const { scenario } = reading;
  const { sha256 } = order;
  return { scenario, sha256, plan: planOf(scenario, order), target: targetOf(order) };
}

/** What the simulator is told to do. */
export function planOf(scenario: Scenario, order: RunOrder): RunPlan {
  const { kind, servers, workers, history, ports, files = filesOf(scenario) } = order;
  const bootServers = ports === undefined ? foreignServers(files) : ownServers(files, ports);
  // Our own servers receive by UDP sockets; another server may have raw ones.
  const segmentation = kind === "bundled";
  const plan = runPlanOf(scenario, { workers, servers, bootServers, segmentation });
  return history ? { ...plan, history } : plan;
}

export function targetOf({ kind, servers }: RunOrder): Target {
  const [{ address, port: serverPort }, ...others] = servers;
  return {
    kind,
    address: formatIpv4(address),
    port: serverPort,
    ...(others.length === 0 ? {} : { others: others.map((server) => formatIpv4(server.address)) }),
  };
}
