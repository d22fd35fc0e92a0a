import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Prng } from "../../base/prng.ts";
import { environmentOf } from "../../lab/machine/environment.ts";
import { onProcessor, type Processors, twoProcessors } from "../../lab/machine/processors.ts";
import { type BenchNetwork, chooseNetwork } from "../../lab/machine/server-network.ts";
import { formatIpv4 } from "../../protocol/ipv4.ts";
import { TFTP_PORT } from "../../protocol/tftp/packet.ts";
import { expectationOf } from "../../simulator/boot/file-hash.ts";
import { versionOrMissing } from "../contenders/contender.ts";
import type { TftpContender } from "../contenders/tftp-contenders.ts";
import {
  LOAD_ADDRESSES,
  type LoadFile,
  type LoadPlan,
  type LoadResult,
} from "../generators/download-load.ts";
import { GeneratorProcess } from "../generators/generator-process.ts";
import { killServers, ServerProcess, ServerProcessError } from "../harness/server-process.ts";
import type { Cell, TftpBenchPlan } from "./tftp-bench-plan.ts";
import { TFTP_BENCH_SCHEMA, type TftpBenchResult } from "./tftp-bench-result.ts";

export interface TftpBenchRequest {
  readonly plan: TftpBenchPlan;
  readonly contenders: readonly TftpContender[];
  readonly seed: number;
  /** Absolute and existing: the files to serve and the servers' logs go below it. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

/** A load takes its own time and this much more at most. */
const LOAD_GRACE_MS = 20_000;
const generatorProgram = new URL("../generators/downloads.js", import.meta.url);

/**
 * Runs everything and puts it together. A server that is not there, or that dies, is reported as
 * such; the signal ends the run early with what was measured so far. Leaves no process and no
 * namespace.
 */
export async function runTftpBench(request: TftpBenchRequest): Promise<TftpBenchResult> {
  const startedAtMs = Date.now();
  const network = chooseNetwork(request.onProgress);
  const cleanUp = (): void => {
    killServers();
    network.close();
  };
  process.on("exit", cleanUp);
  try {
    const run = new TftpBenchRun(request, network);
    const cutShort = await run.measure();
    return {
      schema: TFTP_BENCH_SCHEMA,
      startedAt: new Date(startedAtMs).toISOString(),
      durationMs: Date.now() - startedAtMs,
      ...(cutShort === undefined ? {} : { cutShort }),
      environment: environmentOf({ durability: "none", socket: "batch", workers: 1 }),
      ...run.result(),
    };
  } finally {
    process.off("exit", cleanUp);
    network.close();
  }
}

/** What one contender has shown so far. */
interface Score {
  readonly contender: TftpContender;
  readonly version: string;
  missing: string | undefined;
  readonly cells: readonly { readonly cell: Cell; loads: LoadResult[]; deaths: string[] }[];
}

class TftpBenchRun {
  readonly #request: TftpBenchRequest;
  readonly #network: BenchNetwork;
  readonly #processors: Processors | undefined = twoProcessors();
  readonly #port: number;
  readonly #root: string;
  readonly #files: ReadonlyMap<number, readonly LoadFile[]>;
  readonly #scores: readonly Score[];
  readonly #deadlineMs: number;
  #loads = 0;

  constructor(request: TftpBenchRequest, network: BenchNetwork) {
    const { plan, contenders, seed, folder } = request;
    this.#request = request;
    this.#network = network;
    this.#port = network.hasInterface ? TFTP_PORT : network.ports.relay;
    this.#root = join(folder, "root");
    this.#files = writeFiles(this.#root, plan, seed);
    this.#scores = contenders.map((contender) => scoreOf(contender, network, plan.cells));
    this.#deadlineMs = performance.now() + plan.totalMsMax;
  }

  /** All rounds, the contenders taking turns. Says why it ended early, if it did. */
  async measure(): Promise<string | undefined> {
    const { rounds } = this.#request.plan;
    for (let round = 1; round <= rounds; round += 1) {
      for (const score of this.#scores) {
        if (this.#cutShort() !== undefined) return this.#cutShort();
        if (score.missing === undefined) await this.#measureOne(score, round);
      }
    }
    return this.#cutShort();
  }

  result(): Pick<TftpBenchResult, "method" | "contenders"> {
    const { plan, seed } = this.#request;
    const { rounds, filesPerSize, times } = plan;
    const processors = this.#processors;
    return {
      method: {
        seed,
        network: this.#network.description,
        ...(processors === undefined ? {} : { processors }),
        roundsPlanned: rounds,
        filesPerSize,
        times,
      },
      contenders: this.#scores.map(({ contender, version, missing, cells }) => {
        const { id, name, settings } = contender;
        return {
          id,
          name,
          version,
          settings,
          cells,
          ...(missing === undefined ? {} : { missing }),
        };
      }),
    };
  }

  async #measureOne(score: Score, round: number): Promise<void> {
    const { plan, signal, onProgress } = this.#request;
    const { contender } = score;
    onProgress(`round ${round} of ${plan.rounds}: ${contender.name} ${score.version}`);
    const generator = new GeneratorProcess<LoadPlan, LoadResult>(generatorProgram, (command) =>
      this.#network.onGeneratorSide(onProcessor(this.#processors?.generator, command)),
    );
    const load = (cell: Cell): Promise<LoadResult> => {
      const asked = this.#loadOf(cell);
      return generator.run(
        asked,
        2 * asked.times.partMsMax + asked.times.drainMsMax + LOAD_GRACE_MS,
        signal,
      );
    };
    let server: ServerProcess | undefined;
    try {
      for (const { cell, loads, deaths } of score.cells) {
        if (this.#cutShort() !== undefined) return;
        if (server === undefined) {
          server = await this.#start(contender);
          await load(plan.warmUp);
        }
        const result = await load(cell);
        loads.push(result);
        onProgress(`${contender.name}: ${textOf(cell)}: ${textOfLoad(result)}`);
        const death = deathOf(server);
        if (death === undefined) continue;
        deaths.push(death);
        onProgress(death);
        server = undefined;
      }
    } catch (error) {
      // The others go on; an interruption is no fault of this contender.
      if (signal.aborted) return;
      score.missing = error instanceof Error ? error.message : String(error);
      onProgress(`${contender.name}: ${score.missing}`);
    } finally {
      generator.stop();
      await server?.stop();
    }
  }

  #start(contender: TftpContender): Promise<ServerProcess> {
    const folder = join(this.#request.folder, contender.id);
    mkdirSync(folder, { recursive: true });
    const network = this.#network;
    const address = formatIpv4(network.serverAddress);
    const setting = { folder, root: this.#root, address, port: this.#port };
    const { command, environment } = contender.prepare(setting);
    return ServerProcess.start(
      {
        name: contender.name,
        command: network.onServerSide(onProcessor(this.#processors?.server, command)),
        environment,
        logFile: join(folder, "server.log"),
        port: this.#port,
        entersNamespace: network.hasInterface,
      },
      this.#request.signal,
    );
  }

  #loadOf({ fileBytes, blockBytes, atOnce }: Cell): LoadPlan {
    const { plan, seed } = this.#request;
    const { serverAddress, addressBlock } = this.#network;
    this.#loads += 1;
    return {
      server: { address: serverAddress, port: this.#port },
      // Other addresses each time: no load meets what the one before has left behind.
      firstAddress: addressBlock.network + LOAD_ADDRESSES * (this.#loads % ADDRESS_BLOCKS),
      files: this.#files.get(fileBytes)!,
      atOnce,
      blockBytes,
      seed: seed + this.#loads,
      times: plan.times,
    };
  }

  #cutShort(): string | undefined {
    if (this.#request.signal.aborted) return "interrupted";
    return performance.now() > this.#deadlineMs ? "out of time" : undefined;
  }
}

/** The networks of a bench are cut from a block of 2^22 addresses. */
const ADDRESS_BLOCKS = 2 ** 22 / LOAD_ADDRESSES;

function scoreOf(contender: TftpContender, network: BenchNetwork, cells: readonly Cell[]): Score {
  const results = cells.map((cell) => ({ cell, loads: [], deaths: [] }));
  const score = { contender, cells: results };
  if (contender.needsWellKnownPort && !network.hasInterface) {
    return {
      ...score,
      version: "",
      missing: `needs root, for port ${TFTP_PORT} in a network of its own`,
    };
  }
  return { ...score, ...versionOrMissing(contender.version) };
}

/** The files to serve, by their length, and what they must be when they arrive. */
function writeFiles(
  root: string,
  { cells, filesPerSize }: TftpBenchPlan,
  seed: number,
): ReadonlyMap<number, readonly LoadFile[]> {
  mkdirSync(root, { recursive: true });
  const random = new Prng(seed, 0);
  const filesOf = (fileBytes: number): readonly LoadFile[] =>
    Array.from({ length: filesPerSize }, (_, index) => {
      const name = `${fileBytes}-${index}.bin`;
      const bytes = Uint8Array.from({ length: fileBytes }, () => random.nextUInt32());
      writeFileSync(join(root, name), bytes);
      // Servers that become another user read it too, whatever this one's mask is.
      chmodSync(join(root, name), 0o644);
      return { name, expected: expectationOf(bytes) };
    });
  const sizes = new Set(cells.map(({ fileBytes }) => fileBytes));
  return new Map([...sizes].map((fileBytes) => [fileBytes, filesOf(fileBytes)]));
}

/** What a server said last that is there no more; undefined of one that lives. */
function deathOf(server: ServerProcess): string | undefined {
  try {
    server.check();
    return undefined;
  } catch (error) {
    if (error instanceof ServerProcessError) return error.message;
    throw error;
  }
}

function textOf({ fileBytes, blockBytes, atOnce }: Cell): string {
  return `${fileBytes / 1024} KiB in blocks of ${blockBytes}, ${atOnce} at once`;
}

function textOfLoad(load: LoadResult): string {
  const { filesPerSecond, latencyMs, started, verified } = load;
  const { generatorCpuPercent, generatorQueueShare } = load;
  const lost = Object.entries(load.failures).map(([problem, count]) => `${count} ${problem}`);
  return [
    `${Math.round(filesPerSecond)} files/s`,
    `p50 ${latencyMs.p50.toFixed(1)} ms, p99 ${latencyMs.p99.toFixed(1)} ms`,
    `${verified} of ${started} right${lost.length === 0 ? "" : ` (${lost.join(", ")})`}`,
    `${load.retransmissions} repeated`,
    `generator ${generatorCpuPercent.toFixed(0)} %, queue ${generatorQueueShare.toFixed(2)}`,
  ].join("; ");
}
