import { rmSync } from "node:fs";
import { join } from "node:path";
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
import {
  renderCapacityMarkdown,
  renderCapacityText,
  trialLine,
} from "../../reports/capacity/render-capacity.ts";
import { renderCapacityHtml } from "../../reports/capacity/render-capacity-html.ts";
import { formatCount, quoted } from "../../reports/text/format.ts";
import { pageAssets } from "../../reports/write-files.ts";
import type { Scenario } from "../../scenarios/language/scenario.ts";
import { Population } from "../../scenarios/population/population.ts";
import { REPEATS_MAX } from "../../simulator/capacity/repeat-interval.ts";
import { type TrialSettings, trialDefaults } from "../../simulator/capacity/trial.ts";
import type { ServerAddress } from "../../simulator/relay/cmts.ts";
import { SimulationError } from "../../simulator/run/edge/coordinator.ts";
import { exitStatus } from "../options/exit-status.ts";
import { setFlags, whole } from "../options/options.ts";
import { makeOutFolder } from "../options/out-folder.ts";
import { paintFor } from "../options/report-options.ts";
import { type LoadedScenario, loadScenario } from "../options/scenario-input.ts";
import { Subcommand } from "../options/subcommand.ts";
import { parseTarget } from "../options/target.ts";
import { untilInterrupted } from "../options/until-interrupted.ts";
import { UsageError } from "../options/usage-error.ts";
import { filesOf, foreignServers } from "../run/plan/boot-plan-of.ts";
import { readKnownFiles } from "../run/plan/known-files.ts";
import { workersOf } from "../run/plan/run-plan-of.ts";
import { BundledServerError, startScenarioServer } from "../run/server/bundled-server.ts";
import { findCapacity, type OpenServer, RATE_MIN } from "./capacity-run.ts";
import { percentage, span } from "./options.ts";
import { runOutage } from "./outage.ts";
import { SettleError, TrialPlayer } from "./trial-player.ts";
import { writeForms } from "./write-forms.ts";

const RATE_MAX = 200_000;
/** Leaves room for the trials: each takes one seed. */
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
  return new Subcommand("prov capacity")
    .description(
      "find the highest rate that a server keeps; 98 when it is only a bound, 99 when there is none " +
        "(prov capacity outage --help: plan a power cut)",
    )
    .argument("[scenario]", "whose devices and configuration (default: the guide's 80,000 devices)")
    .option("--target <address[:port]>", "a server that is already there", parseTarget)
    .option("--boot-files <folder>", "what the target's TFTP serves")
    .choice("--exchange <exchange>", "what each device does", capacityExchanges, "discover")
    .value("--missed <percent>", "may be unanswered", percentage(50), "2.5%")
    .value("--within <duration>", "an answer has", span(1, 60_000), "1 s")
    .value("--trial <duration>", "a trial measures for", span(500, 120_000), "4 s")
    .value("--repeats <number>", "searches", whole(1, REPEATS_MAX), "3")
    .value("--precision <percent>", "of a search", percentage(50), "3%")
    .value("--first-rate <rate>", "to begin with", whole(RATE_MIN, RATE_MAX), "1000")
    .value("--max-rate <rate>", "to try at most", whole(RATE_MIN, RATE_MAX), `${RATE_MAX}`)
    .value("--time-limit <duration>", "of all searches", span(1000, 86_400_000), "15 min")
    .option("--out <folder>", "where the results go (default: runs/capacity)")
    .value("--seed <number>", "replaces the scenario's seed", whole(0, SEED_MAX))
    .value("--workers <number>", "worker threads", whole(1, 64))
    .repeatable(...setFlags)
    .runs((file: string | undefined, options: CapacityOptions) =>
      run(loadScenario(file ?? defaultScenario, options.set, options.seed), options, args),
    )
    .examples(
      "prov capacity scenarios/cold-start-80k.yaml",
      "prov capacity lab.yaml --exchange renew --missed 1% --within 500ms",
      "prov capacity --target 10.99.0.1 --first-rate 500 --time-limit 5min",
    )
    .run(args);
}

/** The files of a result. A search first removes those of an earlier one, in case it fails. */
const forms = {
  "capacity.json": (result: CapacityResult) => `${JSON.stringify(result, null, 2)}\n`,
  "capacity.html": (result: CapacityResult) => renderCapacityHtml(result, pageAssets()),
  "capacity.md": renderCapacityMarkdown,
} as const;

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
  makeOutFolder(folder);
  for (const name of Object.keys(forms)) rmSync(join(folder, name), { force: true });
  const expected = [SimulationError, BundledServerError, SettleError];
  return untilInterrupted("prov capacity", expected, async (signal) => {
    const result = await measure(loaded, options, { folder, args, signal });
    const files = writeForms(folder, forms, result);
    process.stdout.write(renderCapacityText(result, files, paintFor(process.stdout)));
    return statusOf[result.verdict];
  });
}

/** The time that a device waits for its modem does not measure the server. */
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
  const workers = workersOf(options.workers, scenario);
  const settings: TrialSettings = {
    ...trialDefaults,
    slipMsP99Max: Math.max(trialDefaults.slipMsP99Max, scenario.generator.slipMsP99Max),
    // The warm-up of a short trial is no longer than the trial.
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
    seed: scenario.seed,
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
  scenario: Scenario,
  options: CapacityOptions,
  { folder, workers }: { readonly folder: string; readonly workers: number },
) {
  const { target, exchange, bootFiles } = options;
  const files = filesOf(scenario);
  const known = () => foreignServers(bootFiles === undefined ? files : readKnownFiles(bootFiles));
  const aim = { scenario, exchange, workers };
  const kind = target === undefined ? "bundled" : "external";
  const about: About = { durability: "unknown", target: { kind, address: "127.0.0.1", port: 0 } };
  const tell = ({ address, port }: ServerAddress): void => {
    about.target = { kind, address: formatIpv4(address), port };
  };
  let opened = 0;
  const open = async (): Promise<OpenServer> => {
    opened += 1;
    const firstSeed = scenario.seed + 1000 * opened;
    if (target !== undefined) {
      tell(target);
      const foreign = { ...aim, server: target, bootServers: known(), segmentation: false };
      return {
        isFresh: opened === 1,
        player: (settings, signal) => new TrialPlayer(foreign, settings, signal, firstSeed),
        close: async () => {},
      };
    }
    const population = new Population(scenario.population);
    const bundled = await startScenarioServer(join(folder, "server"), scenario, population, {
      files: exchange === "boot" ? files : undefined,
    });
    about.durability = bundled.durability;
    tell(bundled.address);
    const bootServers = bundled.bootServers ?? foreignServers(files);
    const own = { ...aim, server: bundled.address, bootServers, segmentation: true };
    return {
      isFresh: true,
      player: (settings, signal) => {
        // A search ends when its server dies.
        const either = AbortSignal.any([signal, abortWhen(bundled.died)]);
        return new TrialPlayer(own, settings, either, firstSeed);
      },
      close: () => bundled.stop(),
    };
  };
  return { open, about };
}

/** Facts about the server, which are complete once it is open. */
interface About {
  durability: string;
  target: CapacityResult["target"];
}

function abortWhen(died: Promise<never>): AbortSignal {
  const abort = new AbortController();
  died.catch((error: unknown) => abort.abort(error));
  return abort.signal;
}
