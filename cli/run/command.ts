import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Command, Option } from "commander";
import { systemClock } from "../../base/clock.ts";
import { formatIpv4 } from "../../protocol/ipv4.ts";
import { type FormatName, filedFormats } from "../../reports/formats.ts";
import { renderSummary } from "../../reports/render-summary.ts";
import type { RunResult, ServerUsage } from "../../reports/run-result.ts";
import { plainText, terminalColours } from "../../reports/text-lines.ts";
import { removeFiles, writeFiles } from "../../reports/write-files.ts";
import { dhcpdConf } from "../../scenarios/dhcpd-conf.ts";
import { Population } from "../../scenarios/population.ts";
import { scenarioBoots } from "../../scenarios/scenario.ts";
import {
  runSimulation,
  SimulationError,
  type SimulationProgress,
} from "../../simulator/coordinator.ts";
import type { CapturePlan } from "../../simulator/pcap-recorder.ts";
import { SERVERS_MAX, type ServerAddress } from "../../simulator/relay/cmts.ts";
import { RunPace } from "../../simulator/run-pace.ts";
import { addExamples } from "../examples.ts";
import { exitStatus, statusOfVerdict } from "../exit-status.ts";
import { setOption, wholeNumber } from "../options.ts";
import { runCommander } from "../run-commander.ts";
import { type LoadedScenario, loadScenario } from "../scenario-input.ts";
import { parseTarget } from "../target.ts";
import { UsageError } from "../usage-error.ts";
import { abortJudge } from "./abort-judge.ts";
import { filesOf, foreignServers, ownServers } from "./boot-plan-of.ts";
import { BundledServerError, startBundledServer } from "./bundled-server.ts";
import {
  CAPTURE_MIB_DEFAULT,
  CAPTURE_MIB_MAX,
  type CaptureOptions,
  capturePlanOf,
  finishCapture,
  parseCaptureFilter,
  WORKERS_MAX,
} from "./capture-file.ts";
import { environmentOf } from "./environment.ts";
import { readKnownFiles } from "./known-files.ts";
import { auditLeaseFile, type LeaseAudit } from "./lease-audit.ts";
import { commandLine, hasColours, parseFormats } from "./report-options.ts";
import { runPlanOf } from "./run-plan-of.ts";
import { rowOf, runResultOf } from "./run-result-of.ts";
import { type RunWatcher, watchedBy } from "./run-watch.ts";
import { ServerSampler } from "./server-sampler.ts";
import {
  addWatchOptions,
  openWatchers,
  type Steering,
  type WatchOptions,
} from "./watch-options.ts";

const LOOPBACK = 0x7f00_0001;
const BYTES_A_MIB = 1024 * 1024;

interface RunOptions extends WatchOptions, CaptureOptions {
  /** As they were given; none: the bundled server. */
  readonly target: readonly ServerAddress[];
  readonly bootFiles?: string;
  readonly out?: string;
  readonly seed?: number;
  readonly workers?: number;
  readonly report: readonly FormatName[];
  readonly set: readonly string[];
}

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
    .action(async (file: string, options: RunOptions) => {
      status = await run(loadScenario(file, options.set), options, args);
    });
  addExamples(
    command,
    "prov run scenarios/quick.yaml",
    "prov run lab.yaml --set population.cableModems=500 --seed 7 --out runs/seven",
    "prov run lab.yaml --target 10.99.0.1 --report html,junit",
  );
  addWatchOptions(command);
  return (await runCommander(command, args)) ?? status;
}

async function run(
  loaded: LoadedScenario,
  options: RunOptions,
  args: readonly string[],
): Promise<number> {
  const folder = options.out ?? join("runs", loaded.scenario.name);
  removeFiles(folder);
  const seed = options.seed ?? loaded.scenario.seed;
  const population = new Population({ ...loaded.scenario.population, seed });
  const capture = capturePlanOf(options, population);
  const steering = { abort: new AbortController(), pace: new RunPace() };
  const watch = watchedBy(await openWatchers(loaded.scenario, options, folder, steering));
  try {
    const measured = await measure(loaded, options, folder, {
      population,
      capture,
      steering,
      watch,
    });
    const result = { ...measured, command: commandLine(args, measured.seed) };
    const files = writeFiles(folder, result, options.report);
    watch.end(result);
    const paint = hasColours(process.stdout, process.env) ? terminalColours : plainText;
    process.stdout.write(renderSummary(result, files, paint));
    return statusOfVerdict[result.verdict];
  } catch (error) {
    if (!(error instanceof SimulationError || error instanceof BundledServerError)) throw error;
    watch.end({ verdict: "error", reasons: [error.message] });
    process.stderr.write(`prov run: ${error.message}\n`);
    return exitStatus.internalError;
  } finally {
    await watch.close();
    if (capture !== undefined) process.stdout.write(finishCapture(capture));
  }
}

/** What a run has around it. */
interface Surroundings {
  readonly population: Population;
  readonly capture: CapturePlan | undefined;
  readonly steering: Steering;
  readonly watch: RunWatcher;
}

/** Starts what is missing, runs the scenario, audits the lease file, and stops what it started. */
async function measure(
  { scenario, sha256 }: LoadedScenario,
  options: RunOptions,
  folder: string,
  { population, capture, steering, watch }: Surroundings,
): Promise<RunResult> {
  const seed = options.seed ?? scenario.seed;
  const files = filesOf(scenario, seed);
  const known = options.bootFiles === undefined ? undefined : readKnownFiles(options.bootFiles);
  const bundled =
    options.target.length === 0
      ? await startBundledServer(join(folder, "server"), {
          config: dhcpdConf(population, { ...scenario.server, localAddress: LOOPBACK }),
          files: scenarioBoots(scenario) ? files : undefined,
        })
      : undefined;
  const servers =
    bundled === undefined ? options.target : [{ address: LOOPBACK, port: bundled.port }];
  const [server, ...others] = servers;
  try {
    const workers = options.workers ?? scenario.workers ?? Math.max(1, availableParallelism() - 1);
    const bootServers =
      bundled?.bootPorts === undefined
        ? foreignServers(known ?? files)
        : ownServers(files, bundled.bootPorts);
    // Of the bundled server it is known that it receives by UDP sockets; another may have raw ones.
    const segmentation = bundled !== undefined;
    const plan = runPlanOf(scenario, {
      ...{ seed, workers, servers, bootServers, segmentation, capture },
    });
    const sampler = new ServerSampler();
    const judge = abortJudge(scenario.thresholds);
    const outcome = await simulate(plan, judge, bundled?.died, steering, (progress) => {
      const { row } = progress;
      const nowMs = systemClock.monotonicMs();
      const columns = sampler.take(row.second, nowMs, bundled?.usageNow());
      watch.second(progress, { ...rowOf(row), ...columns });
    });
    // Read while the server still runs: what is not in the file now would not survive a power cut.
    const usage: ServerUsage | undefined = bundled?.usage();
    const audit: LeaseAudit | undefined =
      bundled && auditLeaseFile(bundled.leaseFile, outcome.leases, population);
    const result = runResultOf({
      scenario,
      sha256,
      seed,
      population,
      environment: environmentOf({
        durability: bundled?.durability ?? "unknown",
        socket: outcome.backend,
        workers: outcome.workers,
      }),
      target: {
        kind: bundled === undefined ? "external" : "bundled",
        address: formatIpv4(server!.address),
        port: server!.port,
        ...(others.length === 0
          ? {}
          : { others: others.map(({ address }) => formatIpv4(address)) }),
      },
      outcome,
      audit,
      server: usage,
      memoryMiB: Math.round((process.resourceUsage().maxRSS * 1024) / BYTES_A_MIB),
    });
    return { ...result, timeSeries: sampler.addTo(result.timeSeries) };
  } finally {
    await bundled?.stop();
  }
}

/** Ctrl-C ends the run early, with the results so far; a second one ends the program. */
async function simulate(
  plan: ReturnType<typeof runPlanOf>,
  judge: ReturnType<typeof abortJudge>,
  serverDied: Promise<never> | undefined,
  { abort, pace }: Steering,
  onSecond: (progress: SimulationProgress) => void,
): ReturnType<typeof runSimulation> {
  const interrupt = (): void => abort.abort();
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  try {
    const run = runSimulation(plan, onSecond, abort.signal, judge, pace);
    return await (serverDied === undefined ? run : Promise.race([run, serverDied]));
  } finally {
    // A run whose server died has nobody to talk to.
    abort.abort();
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
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
