import { join } from "node:path";
import { environmentOf } from "../../lab/machine/environment.ts";
import { packageRoot } from "../../lab/machine/package-root.ts";
import {
  type OnlineMs,
  OUTAGE_SCHEMA,
  type OutageCell,
  type OutageResult,
} from "../../reports/capacity/outage-result.ts";
import { renderOutageMarkdown, renderOutageText } from "../../reports/capacity/render-outage.ts";
import { quoted } from "../../reports/text/format.ts";
import { Population } from "../../scenarios/population/population.ts";
import {
  type OutagePrediction,
  predictOutage,
} from "../../simulator/capacity/outage-prediction.ts";
import { SimulationError } from "../../simulator/run/edge/coordinator.ts";
import { exitStatus } from "../options/exit-status.ts";
import { type OptionValue, setFlags, whole, wholeParser } from "../options/options.ts";
import { makeOutFolder } from "../options/out-folder.ts";
import { type LoadedScenario, loadScenario } from "../options/scenario-input.ts";
import { Subcommand } from "../options/subcommand.ts";
import { untilInterrupted } from "../options/until-interrupted.ts";
import { UsageError } from "../options/usage-error.ts";
import { filesOf } from "../run/plan/boot-plan-of.ts";
import { workersOf } from "../run/plan/run-plan-of.ts";
import { BundledServerError } from "../run/server/bundled-server.ts";
import { span } from "./options.ts";
import {
  type OutageLimits,
  outagePhase,
  outagePlanOf,
  outageScenario,
  roundTripMsOf,
} from "./outage-plan-of.ts";
import { measureOutage } from "./outage-run.ts";
import { writeForms } from "./write-forms.ts";

const CELLS_MAX = 100;
const PREDICTION_MS_MAX = 3_600_000;
/** The bundled server's default. */
const TFTP_SESSIONS = 10_000;
const defaultScenario = join(packageRoot, "scenarios", "power-restoration.yaml");

interface OutageOptions {
  readonly tftpLimit: readonly number[];
  readonly ranging?: readonly number[];
  readonly roundTrip?: number;
  readonly measure?: boolean;
  readonly out?: string;
  readonly seed?: number;
  readonly workers?: number;
  readonly set: readonly string[];
}

/** `prov capacity outage`: how long a plant takes to come back, by the limits of its servers and CMTSs. */
export async function runOutage(args: readonly string[]): Promise<number> {
  return new Subcommand("prov capacity outage")
    .description("predict when 99 % are on line after a power cut; --measure runs it as well")
    .argument("[scenario]", "with a phase in which power comes back (default: power-restoration)")
    .value(
      "--tftp-limit <sessions,...>",
      "transfers at once",
      numbers(1_000_000),
      `${TFTP_SESSIONS}`,
    )
    .value(
      "--ranging <rate,...>",
      "modems a second and CMTS (default: the scenario's)",
      numbers(1_000_000),
    )
    .value(
      "--round-trip <duration>",
      "there and back, instead of the scenario's network",
      span(0, 10_000),
    )
    .option("--measure", "also run every cell, each for as long as the outage takes")
    .option("--out <folder>", "where the results go (default: runs/outage)")
    .value("--seed <number>", "replaces the scenario's seed", whole(0, 0xffff_ffff))
    .value("--workers <number>", "worker threads", whole(1, 64))
    .repeatable(...setFlags)
    .runs((file: string | undefined, options: OutageOptions) =>
      run(loadScenario(file ?? defaultScenario, options.set, options.seed), options, args),
    )
    .examples(
      "prov capacity outage",
      "prov capacity outage --tftp-limit 500,1000,2000 --ranging 10,20",
      "prov capacity outage lab.yaml --round-trip 5ms --measure",
    )
    .run(args);
}

const forms = {
  "outage.json": (result: OutageResult) => `${JSON.stringify(result, null, 2)}\n`,
  "outage.md": renderOutageMarkdown,
} as const;

function run(
  loaded: LoadedScenario,
  options: OutageOptions,
  args: readonly string[],
): Promise<number> {
  const folder = options.out ?? join("runs", "outage");
  makeOutFolder(folder);
  const expected = [SimulationError, BundledServerError];
  return untilInterrupted("prov capacity outage", expected, async (signal) => {
    const result = await outage(loaded, options, { folder, args, signal });
    process.stdout.write(renderOutageText(result, writeForms(folder, forms, result)));
    const isInvalid = result.cells.some(({ problems = [] }) => problems.length > 0);
    return isInvalid ? exitStatus.invalid : exitStatus.pass;
  });
}

interface Place {
  readonly folder: string;
  readonly args: readonly string[];
  readonly signal: AbortSignal;
}

async function outage(
  { scenario, sha256 }: LoadedScenario,
  options: OutageOptions,
  { folder, args, signal }: Place,
): Promise<OutageResult> {
  const { withinMs } = outagePhase(scenario);
  const workers = workersOf(options.workers, scenario);
  const files = filesOf(scenario);
  const cells: OutageCell[] = [];
  let durability = "none: predicted";
  for (const limits of gridOf(scenario.boot.cmts.rangingPerSecond, options)) {
    const { tftpSessionsMax, rangingPerSecond } = limits;
    const changed = outageScenario(scenario, limits, options.roundTrip);
    const prediction = predictOutage(outagePlanOf(changed, files, limits, PREDICTION_MS_MAX));
    const cell = {
      tftpSessionsMax,
      rangingPerSecond: rangingPerSecond === Number.POSITIVE_INFINITY ? null : rangingPerSecond,
      predicted: onlineMsOf(prediction),
    };
    if (options.measure !== true) {
      cells.push(cell);
      continue;
    }
    process.stderr.write(`running ${tftpSessionsMax} sessions, ${rangingPerSecond}/s a CMTS\n`);
    const server = join(folder, "server");
    const ran = await measureOutage(changed, tftpSessionsMax, server, workers, signal);
    durability = ran.durability;
    cells.push({ ...cell, measured: ran.onlineMs, problems: ran.problems });
  }
  return {
    schema: OUTAGE_SCHEMA,
    scenario: { name: scenario.name, title: scenario.title, sha256 },
    command: ["prov", "capacity", "outage", ...args].map(quoted).join(" "),
    seed: scenario.seed,
    environment: environmentOf({ durability, socket: "batch", workers }),
    devices: new Population(scenario.population).size,
    withinMs,
    roundTripMs: options.roundTrip ?? roundTripMsOf(scenario.network),
    cells,
  };
}

function gridOf(
  own: number | undefined,
  { tftpLimit, ranging }: OutageOptions,
): readonly OutageLimits[] {
  const paces = ranging ?? [own ?? Number.POSITIVE_INFINITY];
  if (tftpLimit.length * paces.length > CELLS_MAX) {
    throw new UsageError(`${tftpLimit.length * paces.length} cells; ${CELLS_MAX} at most`);
  }
  return tftpLimit.flatMap((tftpSessionsMax) =>
    paces.map((rangingPerSecond) => ({ tftpSessionsMax, rangingPerSecond })),
  );
}

function onlineMsOf({ onlineMs }: OutagePrediction): OnlineMs {
  return { 50: onlineMs[50] ?? null, 90: onlineMs[90] ?? null, 99: onlineMs[99] ?? null };
}

function numbers(max: number): OptionValue<readonly number[]> {
  const parse = wholeParser(1, max);
  return {
    parse: (text) => {
      const values = text.split(",").flatMap((part) => parse(part) ?? []);
      return values.length === text.split(",").length ? values : undefined;
    },
    how: `give whole numbers from 1 to ${max}, such as 10,20`,
  };
}
