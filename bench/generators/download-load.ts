import type { Clock } from "../../base/clock.ts";
import { LatencyHistogram } from "../../base/histogram.ts";
import type { UdpSocket } from "../../base/net/udp-socket.ts";
import {
  type DownloadPolicy,
  type DownloadRequest,
  type DownloadResult,
  docsisDownload,
} from "../../simulator/boot/download.ts";
import type { FileExpectation } from "../../simulator/boot/file-hash.ts";
import type { StepServer } from "../../simulator/boot/step.ts";
import { DownloadDriver } from "./download-driver.ts";

/** Devices that fetch files from one server: so many at once, and the next when one is done. */
export interface LoadPlan {
  readonly server: StepServer;
  /** The first address of a block of LOAD_ADDRESSES that are all this machine's. */
  readonly firstAddress: number;
  /** Fetched in turns; all of one length. */
  readonly files: readonly LoadFile[];
  readonly atOnce: number;
  /** 512: no options, RFC 1350 alone; else `blksize` and `tsize` are asked for, as modems do. */
  readonly blockBytes: number;
  readonly seed: number;
  readonly times: LoadTimes;
}

export interface LoadFile {
  readonly name: string;
  readonly expected: FileExpectation;
}

export interface LoadTimes {
  /** At least this, and until as many files as are fetched at once are there. */
  readonly warmUpMs: number;
  /** At least this, and then to the end of a whole turn of as many files as are fetched at once. */
  readonly measureMs: number;
  /** Time limit of the warm-up, and of the measurement. */
  readonly partMsMax: number;
  /** Time that open downloads get to end. */
  readonly drainMsMax: number;
}

export interface LoadResult {
  /** What the rate is of: right files, and the time that they took. */
  readonly measuredFiles: number;
  readonly measuredMs: number;
  readonly filesPerSecond: number;
  /** Downloads of the whole load, begun and ended with the right length and hash. */
  readonly started: number;
  readonly verified: number;
  /** The others, by problem; `unfinished` when time was up before they ended. */
  readonly failures: Readonly<Record<string, number>>;
  /** Requests and acknowledgements that were sent again. */
  readonly retransmissions: number;
  /** From the first request to the right file, of those that were measured. */
  readonly latencyMs: ReturnType<typeof latencyOf>;
  /** The generator's processor time while it measured; 100 is one processor. */
  readonly generatorCpuPercent: number;
  /**
   * Of the downloads at once, how many had their next packet lying in the generator's socket, on
   * average: 0 to 1. Near 1 all wait for the generator, near 0 all wait for the server.
   */
  readonly generatorQueueShare: number;
  /** Datagrams that the generator's own socket lost. */
  readonly generatorDrops: number;
}

/**
 * Each download is another device's, at another address, in turn: no server meets a client again
 * whose last transfer it has not done with.
 */
export const LOAD_ADDRESSES = 16_384;

/** A device gives up after five seconds without an answer: a measurement has no more patience. */
const loadPolicy: DownloadPolicy = {
  ...docsisDownload,
  retry: { firstRetryMs: 1000, maxRetryMs: 2000, jitter: 0.1, triesMax: 3 },
  roundsMax: 1,
};

/** Puts the load on a server: warms up, measures, and ends what it has begun. */
export function runLoad(socket: UdpSocket, clock: Clock, plan: LoadPlan): Promise<LoadResult> {
  return new Load(socket, clock, plan).run();
}

/** A part of a load in which files are counted. */
interface Part {
  readonly fromMs: number;
  readonly msMin: number;
  files: number;
  /** Undefined while it goes on. */
  endedAtMs: number | undefined;
}

class Load {
  readonly #plan: LoadPlan;
  readonly #socket: UdpSocket;
  readonly #driver: DownloadDriver;
  readonly #requests: readonly DownloadRequest[];
  readonly #failures = new Map<string, number>();
  #latency = new LatencyHistogram();
  /** Undefined once nothing new is begun. */
  #part: Part | undefined;
  #device = -1;
  #started = 0;
  #ended = 0;
  #verified = 0;

  constructor(socket: UdpSocket, clock: Clock, plan: LoadPlan) {
    const { server, firstAddress, files, blockBytes, seed } = plan;
    this.#plan = plan;
    this.#socket = socket;
    this.#requests = files.map(({ name, expected }) => ({
      filename: name,
      servers: [server],
      expected,
    }));
    this.#driver = new DownloadDriver({
      ...{ socket, clock, firstAddress, seed, devices: LOAD_ADDRESSES },
      policy: {
        ...loadPolicy,
        options: blockBytes === 512 ? {} : { blksize: blockBytes, tsize: 0 },
      },
      onDownloaded: (result) => this.#onDownloaded(result),
    });
  }

  async run(): Promise<LoadResult> {
    const { atOnce, times } = this.#plan;
    const driver = this.#driver;
    const dropsBefore = this.#socket.counters.kernelDrops;
    for (let i = 0; i < atOnce; i += 1) this.#startNext();
    const warmUp = await this.#play(times.warmUpMs);
    this.#latency = new LatencyHistogram();
    const waitedMsBefore = driver.waitedMs;
    const usageBefore = process.cpuUsage();
    // A server from which nothing came so far gets no more devices that wait for it.
    const { files, elapsedMs } = warmUp.files === 0 ? warmUp : await this.#play(times.measureMs);
    const { user, system } = process.cpuUsage(usageBefore);
    const generatorQueueShare = (driver.waitedMs - waitedMsBefore) / (atOnce * elapsedMs);
    const latencyMs = latencyOf(this.#latency);
    this.#part = undefined;
    await driver.run(() => this.#ended === this.#started, driver.nowMs + times.drainMsMax);
    const unfinished = this.#started - this.#ended;
    if (unfinished > 0) this.#failures.set("unfinished", unfinished);
    return {
      measuredFiles: files,
      measuredMs: elapsedMs,
      filesPerSecond: (1000 * files) / elapsedMs,
      started: this.#started,
      verified: this.#verified,
      failures: Object.fromEntries(this.#failures),
      retransmissions: driver.retransmissions,
      latencyMs,
      generatorCpuPercent: (user + system) / (10 * elapsedMs),
      generatorQueueShare,
      generatorDrops: this.#socket.counters.kernelDrops - dropsBefore,
    };
  }

  async #play(msMin: number): Promise<{ readonly files: number; readonly elapsedMs: number }> {
    const driver = this.#driver;
    const part: Part = { fromMs: driver.nowMs, msMin, files: 0, endedAtMs: undefined };
    this.#part = part;
    await driver.run(() => part.endedAtMs !== undefined, part.fromMs + this.#plan.times.partMsMax);
    return { files: part.files, elapsedMs: (part.endedAtMs ?? driver.nowMs) - part.fromMs };
  }

  #onDownloaded({ problem, startedAtMs, endedAtMs }: DownloadResult): void {
    this.#ended += 1;
    if (problem === undefined) {
      this.#verified += 1;
      this.#latency.recordMs(endedAtMs - startedAtMs);
      if (this.#part !== undefined) this.#count(this.#part, endedAtMs);
    } else {
      this.#failures.set(problem, (this.#failures.get(problem) ?? 0) + 1);
    }
    if (this.#part !== undefined) this.#startNext();
  }

  /**
   * A part ends after a whole number of turns of all the devices: when they go in step, so that
   * files are there a thousand at a time, a rate over any other time would be off by up to a turn.
   */
  #count(part: Part, nowMs: number): void {
    if (part.endedAtMs !== undefined) return;
    part.files += 1;
    const isWholeTurn = part.files % this.#plan.atOnce === 0;
    if (isWholeTurn && nowMs - part.fromMs >= part.msMin) part.endedAtMs = nowMs;
  }

  #startNext(): void {
    do this.#device = (this.#device + 1) % LOAD_ADDRESSES;
    while (this.#driver.client.isActive(this.#device));
    this.#driver.start(this.#device, this.#requests[this.#started % this.#requests.length]);
    this.#started += 1;
  }
}

function latencyOf(latency: LatencyHistogram) {
  return {
    p50: latency.percentileMs(50),
    p95: latency.percentileMs(95),
    p99: latency.percentileMs(99),
    max: latency.maxMs(),
  };
}
