import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Command, Option } from "commander";
import { systemClock } from "../../base/clock.ts";
import { environmentOf } from "../../lab/machine/environment.ts";
import { packageRoot } from "../../lab/machine/package-root.ts";
import { formatIpv4 } from "../../protocol/ipv4.ts";
import {
  CAPACITY_SCHEMA,
  type CapacityExchange,
  type CapacityResult,
  type CapacityVerdict,
  capacityExchanges,
} from "../../reports/capacity/capacity-result.ts";
import { renderCapacityText, trialLine } from "../../reports/capacity/render-capacity.ts";
import { formatCount } from "../../reports/text/format.ts";
import { plainText, terminalColours } from "../../reports/text/text-lines.ts";
import type { Scenario } from "../../scenarios/language/scenario.ts";
import { Population } from "../../scenarios/population/population.ts";
import { dhcpdConf } from "../../scenarios/servers/dhcpd-conf.ts";
import { REPEATS_MAX } from "../../simulator/capacity/repeat-interval.ts";
import { type TrialSettings, trialDefaults } from "../../simulator/capacity/trial.ts";
import type { ServerAddress } from "../../simulator/relay/cmts.ts";
import { SimulationError } from "../../simulator/run/edge/coordinator.ts";
import { exitStatus } from "../options/exit-status.ts";
import { collect, wholeNumber } from "../options/options.ts";
import { hasColours, quoted } from "../options/report-options.ts";
import { runCommander } from "../options/run-commander.ts";
import { type LoadedScenario, loadScenario } from "../options/scenario-input.ts";
import { parseTarget } from "../options/target.ts";
import { untilInterrupted } from "../options/until-interrupted.ts";
import { UsageError } from "../options/usage-error.ts";
import { filesOf, foreignServers, ownServers } from "../run/plan/boot-plan-of.ts";
import { readKnownFiles } from "../run/plan/known-files.ts";
import { BundledServerError, startBundledServer } from "../run/server/bundled-server.ts";
import { findCapacity, type OpenServer, RATE_MIN } from "./capacity-run.ts";
import { percentage, span } from "./options.ts";
import { runOutage } from "./outage.ts";
import { SettleError, TrialPlayer } from "./trial-player.ts";
import { removeCapacityFiles, writeCapacityFiles } from "./write-capacity.ts";

const LOOPBACK = 0x7f00_0001;
const RATE_MAX = 200_000;
/** Leaves room for the trials, each of which takes one. */
const SEED_MAX = 0xffff_0000;
/** The scenario when none is given: the guide's 80,000 devices. */
const defaultScenario = join(packageRoot, "scenarios", "cold-start-80k.yaml");

interface CapacityOptions {
  readonly target?: ServerAddress;
  readonly bootFiles?: string;
  readonly exchange: CapacityExchange;
  readonly missed: number;
  readonly within: number;
  readonly trial: number;
  readonly repeats: number;
  readonly precision: number;
  readonly firstRate: number;
  readonly maxRate: number;
  readonly timeLimit: number;
  readonly out?: string;
  readonly seed?: number;
  readonly workers?: number;
  readonly set: readonly string[];
}

/** `prov capacity`: finds the highest rate that a server keeps. */
export async function runCapacity(args: readonly string[]): Promise<number> {
  if (args[0] === "outage") return runOutage(args.slice(1));
  let status: number = exitStatus.pass;
  const command = new Command("prov capacity")
    .description(
      "find the highest rate that a server keeps; 98 when it is only a bound, 99 when there is none " +
        "(prov capacity outage --help: plan a power cut)",
    )
    .argument("[scenario]", "whose devices and configuration (default: the guide's 80,000 devices)")
    .option("--target <address[:port]>", "a server that is already there", parseTarget)
    .option("--boot-files <folder>", "what the target's TFTP serves")
    .addOption(
      new Option("--exchange <exchange>", "what each device does")
        .choices(capacityExchanges)
        .default("discover"),
    )
    .option("--missed <percent>", "may be unanswered", percentage("--missed", 50), 0.025)
    .option("--within <duration>", "an answer has", span("--within", 1, 60_000), 1000)
    .option("--trial <duration>", "a trial measures for", span("--trial", 500, 120_000), 4000)
    .option("--repeats <number>", "searches", wholeNumber("--repeats", 1, REPEATS_MAX), 3)
    .option("--precision <percent>", "of a search", percentage("--precision", 50), 0.03)
    .option(
      "--first-rate <rate>",
      "to begin with",
      wholeNumber("--first-rate", RATE_MIN, RATE_MAX),
      1000,
    )
    .option(
      "--max-rate <rate>",
      "to try at most",
      wholeNumber("--max-rate", RATE_MIN, RATE_MAX),
      RATE_MAX,
    )
    .option(
      "--time-limit <duration>",
      "of all searches",
      span("--time-limit", 1000, 86_400_000),
      900_000,
    )
    .option("--out <folder>", "where the results go (default: runs/capacity)")
    .option("--seed <number>", "replaces the scenario's seed", wholeNumber("--seed", 0, SEED_MAX))
    .option("--workers <number>", "worker threads", wholeNumber("--workers", 1, 64))
    .option("--set <path=value>", "replaces a value of the scenario; again for more", collect, [])
    .action(async (file: string | undefined, options: CapacityOptions) => {
      status = await run(loadScenario(file ?? defaultScenario, options.set), options, args);
    });
  return (await runCommander(command, args)) ?? status;
}

const statusOf: Readonly<Record<CapacityVerdict, number>> = {
  found: exitStatus.pass,
  bound: exitStatus.invalid,
  none: exitStatus.thresholdFailed,
  unsafe: exitStatus.thresholdFailed,
};

async function run(
  loaded: LoadedScenario,
  options: CapacityOptions,
  args: readonly string[],
): Promise<number> {
  refuseWaiting(loaded.scenario, options);
  const folder = options.out ?? join("runs", "capacity");
  removeCapacityFiles(folder);
  return untilInterrupted("prov capacity", statusOfError, async (signal) => {
    const result = await measure(loaded, options, { folder, args, signal });
    const files = writeCapacityFiles(folder, result);
    const paint = hasColours(process.stdout, process.env) ? terminalColours : plainText;
    process.stdout.write(renderCapacityText(result, files, paint));
    return statusOf[result.verdict];
  });
}

function statusOfError(error: unknown): number | undefined {
  const isExpected =
    error instanceof SimulationError ||
    error instanceof BundledServerError ||
    error instanceof SettleError;
  return isExpected ? exitStatus.internalError : undefined;
}

/** How long a device waits for its modem is no measure of the server. */
function refuseWaiting({ population }: Scenario, { exchange }: CapacityOptions): void {
  if (exchange !== "boot" || population.mtas + population.cpes === 0) return;
  throw new UsageError(
    "--exchange boot: MTAs and CPEs wait for their modems; add --set population.mtas=0 --set population.cpes=0",
  );
}

interface Place {
  readonly folder: string;
  readonly args: readonly string[];
  readonly signal: AbortSignal;
}

async function measure(
  { scenario, sha256 }: LoadedScenario,
  options: CapacityOptions,
  { folder, args, signal }: Place,
): Promise<CapacityResult> {
  const startedAtMs = systemClock.wallMs();
  const workers = options.workers ?? scenario.workers ?? Math.max(1, availableParallelism() - 1);
  const settings: TrialSettings = {
    ...trialDefaults,
    slipMsP99Max: Math.max(trialDefaults.slipMsP99Max, scenario.generator.slipMsP99Max),
    // A short trial is warmed up for no longer than it measures.
    warmUpMs: Math.min(trialDefaults.warmUpMs, options.trial),
    measureMs: options.trial,
    answerMsMax: options.within,
    unansweredShareMax: options.missed,
  };
  const { open, about } = serversOf(scenario, options, { folder, workers });
  const findings = await findCapacity({
    ...{ settings, signal, repeats: options.repeats, precision: 1 + options.precision },
    ...{ firstRate: Math.min(options.firstRate, options.maxRate), rateMax: options.maxRate },
    timeLimitMs: options.timeLimit,
    nowMs: () => systemClock.monotonicMs(),
    open,
    onFilled: (devices, search) =>
      void process.stderr.write(`${search}: ${formatCount(devices)} devices bound beforehand\n`),
    onTrial: (trial, search) => void process.stderr.write(`${search}: ${trialLine(trial)}\n`),
  });
  return {
    ...findings,
    schema: CAPACITY_SCHEMA,
    scenario: { name: scenario.name, title: scenario.title, sha256 },
    command: ["prov", "capacity", ...args].map(quoted).join(" "),
    seed: options.seed ?? scenario.seed,
    startedAt: new Date(startedAtMs).toISOString(),
    durationMs: Math.round(systemClock.wallMs() - startedAtMs),
    environment: environmentOf({ durability: about.durability, socket: "batch", workers }),
    target: about.target,
    devices: new Population(scenario.population).size,
    exchange: options.exchange,
    rule: {
      unansweredPercentMax: 100 * options.missed,
      withinMs: options.within,
      trialMs: options.trial,
      precisionPercent: 100 * options.precision,
      repeats: options.repeats,
    },
  };
}

/** Opens the bundled server, fresh and with an empty lease file each time, or the target as it is. */
function serversOf(
  written: Scenario,
  options: CapacityOptions,
  { folder, workers }: { readonly folder: string; readonly workers: number },
) {
  const { target, exchange, bootFiles } = options;
  const seed = options.seed ?? written.seed;
  const scenario = { ...written, seed, population: { ...written.population, seed } };
  const files = filesOf(scenario, seed);
  const aim = { scenario, exchange, workers };
  const { address, port } = target ?? { address: LOOPBACK, port: 0 };
  const about: { durability: string; target: CapacityResult["target"] } = {
    durability: "unknown",
    target: {
      kind: target === undefined ? "bundled" : "external",
      ...{ address: formatIpv4(address), port },
    },
  };
  let opened = 0;
  const open = async (): Promise<OpenServer> => {
    opened += 1;
    const firstSeed = seed + 1000 * opened;
    if (target !== undefined) {
      const known = bootFiles === undefined ? files : readKnownFiles(bootFiles);
      const foreign = { server: target, bootServers: foreignServers(known), segmentation: false };
      return {
        isFresh: opened === 1,
        player: (settings, signal) =>
          new TrialPlayer({ ...aim, ...foreign }, settings, signal, firstSeed),
        close: async () => {},
      };
    }
    const bundled = await startBundledServer(join(folder, "server"), {
      config: dhcpdConf(new Population(scenario.population), {
        ...scenario.server,
        localAddress: LOOPBACK,
      }),
      files: exchange === "boot" ? files : undefined,
    });
    about.durability = bundled.durability;
    about.target = { ...about.target, port: bundled.port };
    const { bootPorts } = bundled;
    const own = {
      server: { address: LOOPBACK, port: bundled.port },
      bootServers: bootPorts === undefined ? foreignServers(files) : ownServers(files, bootPorts),
      segmentation: true,
    };
    return {
      isFresh: true,
      player: (settings, signal) => {
        // A search ends when its server dies.
        const either = AbortSignal.any([signal, abortWhen(bundled.died)]);
        return new TrialPlayer({ ...aim, ...own }, settings, either, firstSeed);
      },
      close: () => bundled.stop(),
    };
  };
  return { open, about };
}

function abortWhen(died: Promise<never>): AbortSignal {
  const abort = new AbortController();
  died.catch((error: unknown) => abort.abort(error));
  return abort.signal;
}
