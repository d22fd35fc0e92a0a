import { join } from "node:path";
import { Command, Option } from "commander";
import { filedFormats } from "../../reports/formats.ts";
import { renderSummary } from "../../reports/text/render-summary.ts";
import { plainText, terminalColours } from "../../reports/text/text-lines.ts";
import { removeFiles, writeFiles } from "../../reports/write-files.ts";
import { Population } from "../../scenarios/population/population.ts";
import { SEGMENTS_MAX } from "../../simulator/plan/segment.ts";
import { SERVERS_MAX, type ServerAddress } from "../../simulator/relay/cmts.ts";
import { SimulationError } from "../../simulator/run/edge/coordinator.ts";
import { RunPace } from "../../simulator/run/run-pace.ts";
import { addExamples } from "../options/examples.ts";
import { exitStatus, statusOfVerdict } from "../options/exit-status.ts";
import { setOption, wholeNumber } from "../options/options.ts";
import { commandLine, hasColours, parseFormats } from "../options/report-options.ts";
import { runCommander } from "../options/run-commander.ts";
import type { LoadedScenario } from "../options/scenario-input.ts";
import { loadScenario } from "../options/scenario-input.ts";
import { parseTarget } from "../options/target.ts";
import { UsageError } from "../options/usage-error.ts";
import { addEtcdOptions, etcdAccessOf, etcdOption } from "./agents/etcd-options.ts";
import {
  CAPTURE_MIB_DEFAULT,
  CAPTURE_MIB_MAX,
  capturePlanOf,
  finishCapture,
  parseCaptureFilter,
  WORKERS_MAX,
} from "./capture-file.ts";
import { measure } from "./measure.ts";
import { preparedForPair } from "./pair-lab.ts";
import { keepSegment } from "./result/merged-result.ts";
import type { RunOptions } from "./run-options.ts";
import { parseSegment, parseStartAt, refuseWatched } from "./segment-options.ts";
import { BundledServerError } from "./server/bundled-server.ts";
import { watchedBy } from "./watch/run-watch.ts";
import { addWatchOptions, openWatchers } from "./watch-options.ts";

/** `prov run SCENARIO.yaml`: load a server with a population and judge what it did. */
export async function runRun(args: readonly string[]): Promise<number> {
  let status: number = exitStatus.pass;
  const command = new Command("prov run")
    .description("run a scenario against the bundled server, or against --target")
    .argument("<scenario>", "the scenario file")
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
      new Option(
        "--report <formats>",
        `what to write besides result.json: all, none or some of ${filedFormats.join(",")}`,
      )
        .argParser(parseFormats)
        .default(filedFormats, "all"),
    )
    .option(
      "--seed <number>",
      "replaces the scenario's seed",
      wholeNumber("--seed", 0, 0xffff_ffff),
    )
    .option(
      "--workers <number>",
      "worker threads (default: cores - 1)",
      wholeNumber("--workers", 1, WORKERS_MAX),
    )
    .option("--pcap <file>", "write the packets of the run there, as pcapng")
    .option(
      "--pcap-max <MiB>",
      "how large that file may get; later packets are left out",
      wholeNumber("--pcap-max", 1, CAPTURE_MIB_MAX),
      CAPTURE_MIB_DEFAULT,
    )
    .option("--pcap-filter <which>", "only these: device=12, cmts=3 or errors", parseCaptureFilter)
    .addOption(setOption())
    .option("--segment <number/count>", "play one of equal parts; see prov merge", parseSegment)
    .option("--start-at <time>", "when a segment begins, in ISO 8601", parseStartAt)
    .option(
      "--agents <number>",
      "let prov agents play it",
      wholeNumber("--agents", 1, SEGMENTS_MAX),
    )
    .addOption(etcdOption("where agents meet: http://host:2379[,...]"))
    .option("--history <file>", "write what each device was asked for, and when")
    .action(async (file: string, options: RunOptions) => {
      const loaded = checkParts(loadScenario(file, options.set), options);
      status = await run(preparedForPair(loaded, options), options, args);
    });
  addEtcdOptions(command);
  addExamples(
    command,
    "prov run scenarios/quick.yaml",
    "prov run lab.yaml --set population.cableModems=500 --seed 7 --out runs/seven",
    "prov run lab.yaml --target 10.99.0.1 --report html,junit",
  );
  addWatchOptions(command);
  return (await runCommander(command, args)) ?? status;
}

/** Throws UsageError for options of a divided run that do not go together. */
function checkParts(loaded: LoadedScenario, options: RunOptions): LoadedScenario {
  if ((options.agents === undefined) !== (options.etcd === undefined)) {
    throw new UsageError("--agents and --etcd go together");
  }
  if (options.agents !== undefined) {
    if (options.segment !== undefined) throw new UsageError("--agents have segments of their own");
    refuseWatched(loaded.scenario);
  }
  if (options.segment === undefined) {
    if (options.startAt !== undefined) throw new UsageError("--start-at goes with --segment");
    return loaded;
  }
  if (options.target.length === 0) {
    throw new UsageError("--segment needs --target: all segments load one server");
  }
  refuseWatched(loaded.scenario);
  return loaded;
}

async function run(
  loaded: LoadedScenario,
  options: RunOptions,
  args: readonly string[],
): Promise<number> {
  const agents =
    options.agents === undefined
      ? undefined
      : { count: options.agents, etcd: etcdAccessOf(options) };
  const folder = options.out ?? join("runs", loaded.scenario.name);
  removeFiles(folder);
  keepSegment(folder, undefined);
  const seed = options.seed ?? loaded.scenario.seed;
  const population = new Population({ ...loaded.scenario.population, seed });
  const capture = capturePlanOf(options, population);
  const steering = { abort: new AbortController(), pace: new RunPace() };
  const watch = watchedBy(await openWatchers(loaded.scenario, options, folder, steering));
  try {
    const surroundings = { folder, population, capture, steering, watch, agents };
    const measured = await measure(loaded, options, surroundings);
    const result = { ...measured, command: commandLine(args, measured.seed) };
    const files = writeFiles(folder, result, options.report);
    watch.end(result);
    const paint = hasColours(process.stdout, process.env) ? terminalColours : plainText;
    process.stdout.write(renderSummary(result, files, paint));
    return statusOfVerdict[result.verdict];
  } catch (error) {
    if (!(error instanceof SimulationError || error instanceof BundledServerError)) throw error;
    process.stderr.write(`prov run: ${error.message}\n`);
    return exitStatus.internalError;
  } finally {
    await watch.close();
    if (capture !== undefined) process.stdout.write(finishCapture(capture));
  }
}

/** One more target: relays listen on the port of their servers, so it is the same for all of them. */
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
