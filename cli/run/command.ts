import { join } from "node:path";
import { Option } from "commander";
import { filedFormats } from "../../reports/formats.ts";
import { renderSummary } from "../../reports/text/render-summary.ts";
import { removeFiles, writeFiles } from "../../reports/write-files.ts";
import { Population } from "../../scenarios/population/population.ts";
import { SEGMENTS_MAX } from "../../simulator/plan/segment.ts";
import { SERVERS_MAX, type ServerAddress } from "../../simulator/relay/cmts.ts";
import { SimulationError } from "../../simulator/run/edge/coordinator.ts";
import { RunPace } from "../../simulator/run/run-pace.ts";
import { exitStatus, statusOfVerdict } from "../options/exit-status.ts";
import { setFlags, whole } from "../options/options.ts";
import { makeOutFolder } from "../options/out-folder.ts";
import { commandLine, paintFor, reportOption } from "../options/report-options.ts";
import { type LoadedScenario, loadScenario } from "../options/scenario-input.ts";
import { Subcommand } from "../options/subcommand.ts";
import { parseTarget } from "../options/target.ts";
import { UsageError } from "../options/usage-error.ts";
import { addAgentsOptions, agentsAccessOf } from "./agents/agents-access.ts";
import { clearTextWarning, etcdOption } from "./agents/etcd-options.ts";
import {
  CAPTURE_MIB_DEFAULT,
  CAPTURE_MIB_MAX,
  captureFilter,
  capturePlanOf,
  finishCapture,
  WORKERS_MAX,
} from "./capture-file.ts";
import { measure } from "./measure.ts";
import { preparedForPair } from "./pair-lab.ts";
import { removeSegment } from "./result/merged-result.ts";
import type { RunOptions } from "./run-options.ts";
import { parseStartAt, refuseWatched, segmentShare } from "./segment-options.ts";
import { BundledServerError } from "./server/bundled-server.ts";
import { watchedBy } from "./watch/run-watch.ts";
import { addWatchOptions, openWatchers } from "./watch-options.ts";

/** `prov run SCENARIO.yaml`: loads a server with a population and judges what it did. */
export async function runRun(args: readonly string[]): Promise<number> {
  return addRunOptions(
    new Subcommand("prov run")
      .description("run a scenario against the bundled server, or against --target")
      .argument("<scenario>", "the scenario file"),
  )
    .runs((file: string, options: RunOptions) =>
      play(loadScenario(file, options.set, options.seed), options, ["prov", "run", ...args]),
    )
    .examples(
      "prov run scenarios/quick.yaml",
      "prov run lab.yaml --set population.cableModems=500 --seed 7 --out runs/seven",
      "prov run lab.yaml --target 10.99.0.1 --report html,junit",
    )
    .run(args);
}

/** The options of every command that plays a scenario. */
export function addRunOptions(command: Subcommand): Subcommand {
  command
    .addOption(
      new Option(
        "--target <address[:port]>",
        "aim at a server that is already there; again for more, on the same port",
      )
        .argParser(addTarget)
        .default([], "the bundled server"),
    )
    .option(
      "--boot-files <folder>",
      "what the target's TFTP serves (default: what prov config --boot-files writes)",
    )
    .option("--out <folder>", "where the results go (default: runs/NAME)")
    .addOption(
      reportOption(
        `what to write besides result.json: all, none or some of ${filedFormats.join(",")}`,
      ),
    )
    .value("--seed <number>", "replaces the scenario's seed", whole(0, 0xffff_ffff))
    .value("--workers <number>", "worker threads (default: cores - 1)", whole(1, WORKERS_MAX))
    .option("--pcap <file>", "write the packets of the run there, as pcapng")
    .value(
      "--pcap-max <MiB>",
      "how large that file may get; later packets are left out",
      whole(1, CAPTURE_MIB_MAX),
      `${CAPTURE_MIB_DEFAULT}`,
    )
    .value("--pcap-filter <which>", "only these: device=12, cmts=3 or errors", captureFilter)
    .repeatable(...setFlags)
    .value("--segment <number/count>", "play one of equal parts; see prov merge", segmentShare)
    .option("--start-at <time>", "when a segment begins, in ISO 8601", parseStartAt)
    .value("--agents <number>", "let prov agents play it", whole(1, SEGMENTS_MAX))
    .addOption(etcdOption("where agents meet: http://host:2379[,...]"))
    .option("--history <file>", "write what each device was asked for, and when");
  addAgentsOptions(command);
  addWatchOptions(command);
  return command;
}

/** Plays a scenario and returns the exit status; `words` are the command as it was typed. */
export function play(
  loaded: LoadedScenario,
  options: RunOptions,
  words: readonly string[],
): Promise<number> {
  return run(preparedForPair(checkParts(loaded, options), options), options, words);
}

/** Throws UsageError for options of a divided run that do not go together. */
function checkParts(loaded: LoadedScenario, options: RunOptions): LoadedScenario {
  if ((options.agents === undefined) !== (options.etcd === undefined)) {
    throw new UsageError("--agents and --etcd go together");
  }
  const { agents, segment } = options;
  if (agents !== undefined && segment !== undefined) {
    throw new UsageError("--agents have segments of their own");
  }
  if (agents !== undefined && options.pcap !== undefined) {
    throw new UsageError("--pcap: agents write no files; play the run in segments (--segment)");
  }
  if (agents !== undefined || segment !== undefined) refuseWatched(loaded.scenario);
  if (segment === undefined && options.startAt !== undefined) {
    throw new UsageError("--start-at goes with --segment");
  }
  if (segment !== undefined && options.target.length === 0) {
    throw new UsageError("--segment needs --target: all segments load one server");
  }
  return loaded;
}

async function run(
  loaded: LoadedScenario,
  options: RunOptions,
  words: readonly string[],
): Promise<number> {
  const access = options.agents === undefined ? undefined : agentsAccessOf(options);
  const warning = access && clearTextWarning(access.etcd);
  if (warning !== undefined) process.stderr.write(`prov run: ${warning}\n`);
  const folder = options.out ?? join("runs", loaded.scenario.name);
  makeOutFolder(folder);
  removeFiles(folder);
  removeSegment(folder);
  const population = new Population(loaded.scenario.population);
  const capture = capturePlanOf(options, population);
  const steering = { abort: new AbortController(), pace: new RunPace() };
  const watch = watchedBy(await openWatchers(loaded.scenario, options, folder, steering));
  try {
    const surroundings = { folder, population, capture, steering, watch, access };
    const measured = await measure(loaded, options, surroundings);
    const result = { ...measured, command: commandLine(words, measured.seed) };
    const files = writeFiles(folder, result, options.report);
    watch.end(result);
    process.stdout.write(renderSummary(result, files, paintFor(process.stdout)));
    return statusOfVerdict[result.verdict];
  } catch (error) {
    if (!(error instanceof SimulationError || error instanceof BundledServerError)) throw error;
    process.stderr.write(`${words.slice(0, 2).join(" ")}: ${error.message}\n`);
    return exitStatus.internalError;
  } finally {
    await watch.close();
    if (capture !== undefined) process.stdout.write(finishCapture(capture));
  }
}

/** Adds a target. All have one port, because a relay listens on the port of its servers. */
function addTarget(text: string, before: readonly ServerAddress[]): readonly ServerAddress[] {
  const target = parseTarget(text);
  if (before.some(({ port }) => port !== target.port)) {
    throw new UsageError(`--target ${text}: all targets have one port, that of the relays`);
  }
  if (before.some(({ address }) => address === target.address)) {
    throw new UsageError(`--target ${text}: is given twice`);
  }
  if (before.length >= SERVERS_MAX) {
    throw new UsageError(`--target ${text}: a relay forwards to ${SERVERS_MAX} servers at most`);
  }
  return [...before, target];
}
