import { mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { systemClock } from "../../base/clock.ts";
import { formatIpv4, parseIpv4 } from "../../protocol/ipv4.ts";
import { type FormatName, filedFormats } from "../../reports/formats.ts";
import { renderSummary } from "../../reports/render-summary.ts";
import type { RunResult, ServerUsage, Target } from "../../reports/run-result.ts";
import { plainText, terminalColours } from "../../reports/text-lines.ts";
import { removeFiles, writeFiles } from "../../reports/write-files.ts";
import { dhcpdConf } from "../../scenarios/dhcpd-conf.ts";
import { Population } from "../../scenarios/population.ts";
import { scenarioBoots } from "../../scenarios/scenario.ts";
import {
  runSimulation,
  SimulationError,
  type SimulationOutcome,
  type SimulationProgress,
} from "../../simulator/coordinator.ts";
import { SERVERS_MAX, type ServerAddress } from "../../simulator/relay/cmts.ts";
import type { RunPlan } from "../../simulator/run-plan.ts";
import { SEGMENTS_MAX, type SegmentPlacement } from "../../simulator/segment.ts";
import type { SegmentRecord } from "../../simulator/segment-record.ts";
import { exitStatus, statusOfVerdict } from "../exit-status.ts";
import { runCommander } from "../run-commander.ts";
import { type LoadedScenario, loadScenario } from "../scenario-input.ts";
import { UsageError } from "../usage-error.ts";
import { abortJudge } from "./abort-judge.ts";
import { parseEndpoints } from "./agents/etcd.ts";
import { measureOnAgents } from "./agents/measure-on-agents.ts";
import { filesOf, foreignServers, ownServers } from "./boot-plan-of.ts";
import { BundledServerError, startBundledServer } from "./bundled-server.ts";
import { environmentOf } from "./environment.ts";
import { readKnownFiles } from "./known-files.ts";
import { auditLeaseFile, type LeaseAudit } from "./lease-audit.ts";
import { keepSegment, writeHistory } from "./merged-result.ts";
import { playLoneSegment, summaryOf } from "./play-segment.ts";
import { ProgressView } from "./progress.ts";
import { commandLine, hasColours, parseFormats } from "./report-options.ts";
import { runPlanOf } from "./run-plan-of.ts";
import { runResultOf } from "./run-result-of.ts";
import { parseSegment, parseStartAt, refuseWatched, withoutThresholds } from "./segment-options.ts";
import { ServerSampler } from "./server-sampler.ts";

const LOOPBACK = 0x7f00_0001;
const DHCP_SERVER_PORT = 67;
const BYTES_A_MIB = 1024 * 1024;

interface RunOptions {
  /** As they were given; none: the bundled server. */
  readonly target: readonly ServerAddress[];
  readonly bootFiles?: string;
  readonly out?: string;
  readonly seed?: number;
  readonly workers?: number;
  readonly report: readonly FormatName[];
  readonly set: readonly string[];
  readonly segment?: { readonly index: number; readonly count: number };
  /** Unix time in ms. */
  readonly startAt?: number;
  readonly history?: string;
  readonly agents?: number;
  readonly etcd?: readonly string[];
}

/** `prov run SCENARIO.yaml`: load a server with a population and judge what it did. */
export async function runRun(args: readonly string[]): Promise<number> {
  let status: number = exitStatus.pass;
  const command = new Command("prov run")
    .description("run a scenario against the bundled server, or against --target")
    .argument("<scenario>", "the scenario file")
    .option(
      "--target <address[:port]>",
      "aim at a server that is already there; again for more, on the same port",
      addTarget,
      [],
    )
    .option(
      "--boot-files <folder>",
      "what the target's TFTP serves (default: what prov config --boot-files writes)",
    )
    .option("--out <folder>", "where the results go (default: runs/NAME)")
    .option(
      "--report <formats>",
      `what to write besides result.json: all, none or some of ${filedFormats.join(",")}`,
      parseFormats,
      filedFormats,
    )
    .option("--seed <number>", "replaces the scenario's seed", wholeNumber(0, 0xffff_ffff))
    .option("--workers <number>", "worker threads (default: cores - 1)", wholeNumber(1, 64))
    .option("--set <path=value>", "replaces a value of the scenario; again for more", collect, [])
    .option("--segment <number/count>", "play one of equal parts; see prov merge", parseSegment)
    .option("--start-at <time>", "when a segment begins, in ISO 8601", parseStartAt)
    .option("--agents <number>", "let prov agents play it", wholeNumber(1, SEGMENTS_MAX))
    .option("--etcd <endpoints>", "where agents meet: http://host:2379[,...]", parseEndpoints)
    .option("--history <file>", "write what each device was asked for, and when")
    .action(async (file: string, options: RunOptions) => {
      status = await run(checkParts(loadScenario(file, options.set), options), options, args);
    });
  return (await runCommander(command, args)) ?? status;
}

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
  const folder = options.out ?? join("runs", loaded.scenario.name);
  removeFiles(folder);
  keepSegment(folder, undefined);
  try {
    const measured = await measure(loaded, options, folder);
    const result = { ...measured, command: commandLine(args, measured.seed) };
    const files = writeFiles(folder, result, options.report);
    const paint = hasColours(process.stdout, process.env) ? terminalColours : plainText;
    process.stdout.write(renderSummary(result, files, paint));
    return statusOfVerdict[result.verdict];
  } catch (error) {
    if (!(error instanceof SimulationError || error instanceof BundledServerError)) throw error;
    process.stderr.write(`prov run: ${error.message}\n`);
    return exitStatus.internalError;
  }
}

/** Starts what is missing, runs the scenario, audits the lease file, and stops what it started. */
async function measure(
  { scenario, sha256 }: LoadedScenario,
  options: RunOptions,
  folder: string,
): Promise<RunResult> {
  const seed = options.seed ?? scenario.seed;
  const population = new Population({ ...scenario.population, seed });
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
    const plan: RunPlan = {
      ...runPlanOf(scenario, { seed, workers, servers, bootServers, segmentation }),
      ...(options.history === undefined ? {} : { history: true }),
      ...(options.segment && { segment: { ...options.segment, placement: placementOf(servers) } }),
    };
    const target: Target = {
      kind: bundled === undefined ? "external" : "bundled",
      address: formatIpv4(server!.address),
      port: server!.port,
      ...(others.length === 0 ? {} : { others: others.map(({ address }) => formatIpv4(address)) }),
    };
    if (options.agents !== undefined) {
      const loaded = { scenario, sha256 };
      const { agents, etcd = [], history } = options;
      const wanted = options.workers ?? scenario.workers;
      return await measureOnAgents({
        ...{ loaded, plan, workers: wanted, agents, etcd, target, bundled, history },
      });
    }
    const sampler = new ServerSampler();
    const judge = abortJudge(scenario.thresholds);
    const { outcome, record } = await simulate(
      plan,
      judge,
      options.startAt,
      bundled?.died,
      ({ second }) => {
        sampler.take(second, systemClock.monotonicMs(), bundled?.usageNow());
      },
    );
    if (options.history !== undefined) writeHistory(options.history, plan, outcome);
    // Read while the server still runs: what is not in the file now would not survive a power cut.
    const usage: ServerUsage | undefined = bundled?.usage();
    const audit: LeaseAudit | undefined =
      bundled && auditLeaseFile(bundled.leaseFile, outcome.leases, population);
    const result = runResultOf({
      scenario: record === undefined ? scenario : withoutThresholds(scenario),
      sha256,
      seed,
      population,
      environment: environmentOf({
        durability: bundled?.durability ?? "unknown",
        socket: outcome.backend,
        workers: outcome.workers,
      }),
      target,
      outcome,
      audit,
      server: usage,
      memoryMiB: Math.round((process.resourceUsage().maxRSS * 1024) / BYTES_A_MIB),
    });
    if (record !== undefined) {
      const { boot: _, ...kept } = plan;
      const { environment, target, generator } = result;
      const { memoryMiB } = generator;
      const summary = summaryOf(record);
      mkdirSync(folder, { recursive: true });
      keepSegment(folder, {
        ...{ plan: kept, scenario, sha256, target, environment, memoryMiB, summary, record },
      });
      const { index, count } = record;
      return { ...result, segment: { number: index + 1, count } };
    }
    return { ...result, timeSeries: sampler.addTo(result.timeSeries) };
  } finally {
    await bundled?.stop();
  }
}

/** Ctrl-C ends the run early, with the results so far; a second one ends the program. */
async function simulate(
  plan: RunPlan,
  judge: ReturnType<typeof abortJudge>,
  startAtMs: number | undefined,
  serverDied: Promise<never> | undefined,
  onSecond: (row: SimulationProgress["row"]) => void,
): Promise<{ readonly outcome: SimulationOutcome; readonly record?: SegmentRecord }> {
  const abort = new AbortController();
  const view = new ProgressView(process.stderr);
  const interrupt = (): void => abort.abort();
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  try {
    const follow = (progress: SimulationProgress): void => {
      onSecond(progress.row);
      view.update(progress);
    };
    const run =
      plan.segment === undefined
        ? runSimulation(plan, follow, abort.signal, judge).then((outcome) => ({ outcome }))
        : playLoneSegment(plan, startAtMs, follow, abort.signal);
    return await (serverDied === undefined ? run : Promise.race([run, serverDied]));
  } finally {
    // A run whose server died has nobody to talk to.
    abort.abort();
    view.clear();
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}

/** A server on the loopback network has no other machine's relays. */
function placementOf(servers: readonly ServerAddress[]): SegmentPlacement {
  return servers.every(({ address }) => address >>> 24 === 127) ? "by-turns" : "machines";
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

function parseTarget(text: string): ServerAddress {
  const match = /^([^:]+)(?::(\d+))?$/.exec(text);
  const address = match === null ? undefined : parseIpv4(match[1]!);
  const port = match?.[2] === undefined ? DHCP_SERVER_PORT : Number(match[2]);
  if (address === undefined || address === 0 || port < 1 || port > 65_534) {
    throw new UsageError(`--target ${text}: write ADDRESS or ADDRESS:PORT, such as 127.0.0.1:6767`);
  }
  return { address, port };
}

function wholeNumber(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= low && value <= high) return value;
    throw new UsageError(`"${text}" is not a whole number from ${low} to ${high}`);
  };
}

function collect(text: string, before: readonly string[]): string[] {
  return [...before, text];
}
