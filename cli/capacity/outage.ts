import { mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { environmentOf } from "../../lab/machine/environment.ts";
import { packageRoot } from "../../lab/machine/package-root.ts";
import {
  type OnlineMs,
  OUTAGE_SCHEMA,
  type OutageCell,
  type OutageResult,
} from "../../reports/capacity/outage-result.ts";
import { renderOutageMarkdown, renderOutageText } from "../../reports/capacity/render-outage.ts";
import { writeWhole } from "../../reports/write-files.ts";
import { Population } from "../../scenarios/population/population.ts";
import {
  type OutagePrediction,
  predictOutage,
} from "../../simulator/capacity/outage-prediction.ts";
import { SimulationError } from "../../simulator/run/edge/coordinator.ts";
import { exitStatus } from "../options/exit-status.ts";
import { collect, wholeNumber } from "../options/options.ts";
import { quoted } from "../options/report-options.ts";
import { runCommander } from "../options/run-commander.ts";
import { type LoadedScenario, loadScenario } from "../options/scenario-input.ts";
import { untilInterrupted } from "../options/until-interrupted.ts";
import { UsageError } from "../options/usage-error.ts";
import { filesOf } from "../run/plan/boot-plan-of.ts";
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

const CELLS_MAX = 100;
const PREDICTION_MS_MAX = 3_600_000;
/** The bundled server's limit, unless its prov.yaml has another. */
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

/** `prov capacity outage`: how long a plant takes to come back, by limit of its servers and CMTSs. */
export async function runOutage(args: readonly string[]): Promise<number> {
  let status: number = exitStatus.pass;
  const command = new Command("prov capacity outage")
    .description("predict when 99 % are on line after a power cut; --measure runs it as well")
    .argument("[scenario]", "with a phase in which power comes back (default: power-restoration)")
    .option(
      "--tftp-limit <sessions,...>",
      "transfers at once",
      numbers("--tftp-limit", 1_000_000),
      [TFTP_SESSIONS],
    )
    .option(
      "--ranging <rate,...>",
      "modems a second and CMTS (default: the scenario's)",
      numbers("--ranging", 1_000_000),
    )
    .option(
      "--round-trip <duration>",
      "there and back, instead of the scenario's network",
      span("--round-trip", 0, 10_000),
    )
    .option("--measure", "also run every cell, each for as long as the outage takes")
    .option("--out <folder>", "where the results go (default: runs/outage)")
    .option(
      "--seed <number>",
      "replaces the scenario's seed",
      wholeNumber("--seed", 0, 0xffff_ffff),
    )
    .option("--workers <number>", "worker threads", wholeNumber("--workers", 1, 64))
    .option("--set <path=value>", "replaces a value of the scenario; again for more", collect, [])
    .action(async (file: string | undefined, options: OutageOptions) => {
      status = await run(loadScenario(file ?? defaultScenario, options.set), options, args);
    });
  return (await runCommander(command, args)) ?? status;
}

async function run(
  loaded: LoadedScenario,
  options: OutageOptions,
  args: readonly string[],
): Promise<number> {
  const folder = options.out ?? join("runs", "outage");
  return untilInterrupted("prov capacity outage", statusOfError, async (signal) => {
    const result = await outage(loaded, options, { folder, args, signal });
    mkdirSync(folder, { recursive: true });
    const files = [join(folder, "outage.json"), join(folder, "outage.md")] as const;
    writeWhole(files[0], `${JSON.stringify(result, null, 2)}\n`);
    writeWhole(files[1], renderOutageMarkdown(result));
    process.stdout.write(renderOutageText(result, files));
    const isInvalid = result.cells.some(({ problems = [] }) => problems.length > 0);
    return isInvalid ? exitStatus.invalid : exitStatus.pass;
  });
}

function statusOfError(error: unknown): number | undefined {
  const isExpected = error instanceof SimulationError || error instanceof BundledServerError;
  return isExpected ? exitStatus.internalError : undefined;
}

interface Place {
  readonly folder: string;
  readonly args: readonly string[];
  readonly signal: AbortSignal;
}

async function outage(
  { scenario: written, sha256 }: LoadedScenario,
  options: OutageOptions,
  { folder, args, signal }: Place,
): Promise<OutageResult> {
  const seed = options.seed ?? written.seed;
  const scenario = { ...written, seed, population: { ...written.population, seed } };
  const { withinMs } = outagePhase(scenario);
  const workers = options.workers ?? scenario.workers ?? Math.max(1, availableParallelism() - 1);
  const files = filesOf(scenario, seed);
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
    const {
      measured,
      problems,
      durability: promised,
    } = await measureOutage({
      ...{ scenario: changed, tftpSessionsMax, workers, signal },
      folder: join(folder, "server"),
    });
    durability = promised;
    cells.push({ ...cell, measured, problems });
  }
  return {
    schema: OUTAGE_SCHEMA,
    scenario: { name: scenario.name, title: scenario.title, sha256 },
    command: ["prov", "capacity", "outage", ...args].map(quoted).join(" "),
    seed,
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

function numbers(option: string, max: number): (text: string) => readonly number[] {
  return (text) =>
    text.split(",").map((part) => {
      const value = Number(part);
      if (/^\d+$/.test(part) && value >= 1 && value <= max) return value;
      throw new UsageError(`${option} ${text}: give whole numbers from 1 to ${max}, such as 10,20`);
    });
}
