import type { UdpSocket } from "../../../base/net/udp-socket.ts";
import { formatHex } from "../../../protocol/hex.ts";
import { describeMemory, judgeMemory, type MemoryVerdict } from "./memory-watch.ts";

/** Clients of a protocol, bad ones and an honest one, with open sockets. */
export interface Attack {
  /** Begins the lines of its report: `server`. */
  readonly name: string;
  readonly sockets: readonly UdpSocket[];
  /** A server of ours is a garbage-collected program: its size varies by more than what it holds. */
  readonly growthMiBMax: number;
  /** Pushes one bad packet to one of the sockets. */
  readonly send: () => void;
  /** What is wrong with a datagram that a socket, by its index, has received; undefined: nothing. */
  readonly problemOf: (socket: number, datagram: number) => string | undefined;
  /**
   * Whether the honest client was served; the server has then read all packets before it. `readAll` reads
   * what came in meanwhile.
   */
  readonly probe: (readAll: () => void, signal: AbortSignal) => Promise<boolean>;
  /** How often the honest client was served. */
  readonly served: () => number;
  /** The same in words: `812 good packets between them all answered`. */
  readonly servedWords: () => string;
  /** Why the honest client was not served, where the attack knows. */
  readonly problem?: () => string | undefined;
  readonly close: () => void;
}

/** Bad packets for a running server, in groups, each followed by a check that it still serves. */
export interface ServerCampaign {
  readonly seed: number;
  readonly packets: number;
  readonly timeMsMax: number;
  /** The server's memory now, MiB; throws when the server has died. */
  readonly serverMemoryMiB: () => number | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

export interface ServerReport {
  readonly packets: number;
  readonly replies: number;
  readonly badReplies: number;
  /** The first bad replies. */
  readonly examples: readonly string[];
  readonly served: number;
  /** The server's resident size. */
  readonly memory: MemoryVerdict;
  readonly elapsedMs: number;
  /** Why it ended early; undefined when it did not. */
  readonly failure: string | undefined;
}

/** Few enough that the server's receive buffer holds them all. */
const PACKETS_A_GROUP = 256;
const SAMPLES = 40;
const PROGRESS_MS = 5000;
const EXAMPLES_MAX = 10;
const EXAMPLE_BYTES_MAX = 600;

/** Runs a campaign, and closes the attack. */
export async function fuzzServer(attack: Attack, campaign: ServerCampaign): Promise<ServerReport> {
  try {
    return await new ServerRun(attack, campaign).run();
  } finally {
    attack.close();
  }
}

class ServerRun {
  readonly #attack: Attack;
  readonly #campaign: ServerCampaign;
  readonly #samplesMiB: number[] = [];
  readonly #examples: string[] = [];
  readonly #startMs = performance.now();
  #packets = 0;
  #replies = 0;
  #badReplies = 0;

  constructor(attack: Attack, campaign: ServerCampaign) {
    this.#attack = attack;
    this.#campaign = campaign;
  }

  async run(): Promise<ServerReport> {
    let failure: string | undefined;
    try {
      failure = await this.#groups();
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
    }
    return {
      packets: this.#packets,
      replies: this.#replies,
      badReplies: this.#badReplies,
      examples: this.#examples,
      served: this.#attack.served(),
      memory: judgeMemory(this.#samplesMiB, this.#attack.growthMiBMax),
      elapsedMs: performance.now() - this.#startMs,
      failure: this.#attack.problem?.() ?? failure,
    };
  }

  /** Returns why it ended early, if it did. */
  async #groups(): Promise<string | undefined> {
    const { packets, timeMsMax, signal } = this.#campaign;
    const sampleEvery = Math.max(1, Math.floor(packets / SAMPLES));
    let progressMs = this.#startMs;
    while (this.#packets < packets) {
      if (signal.aborted) return "interrupted";
      const nowMs = performance.now();
      if (nowMs - this.#startMs > timeMsMax) return `not done within ${timeMsMax / 1000} s`;
      const sampledBefore = Math.floor(this.#packets / sampleEvery);
      this.#sendGroup(Math.min(PACKETS_A_GROUP, packets - this.#packets));
      if (!(await this.#attack.probe(() => this.#readAll(), signal))) return this.#silence();
      if (Math.floor(this.#packets / sampleEvery) > sampledBefore) this.#sample();
      if (nowMs - progressMs < PROGRESS_MS) continue;
      progressMs = nowMs;
      this.#tell(nowMs);
    }
    return undefined;
  }

  #sendGroup(count: number): void {
    const { send, sockets } = this.#attack;
    for (let left = count; left > 0; left -= 1) send();
    this.#packets += count;
    for (const socket of sockets) socket.flush();
  }

  #readAll(): void {
    for (const [index, socket] of this.#attack.sockets.entries()) {
      const count = socket.receive();
      for (let datagram = 0; datagram < count; datagram += 1) {
        this.#replies += 1;
        const problem = this.#attack.problemOf(index, datagram);
        if (problem === undefined) continue;
        this.#badReplies += 1;
        if (this.#examples.length >= EXAMPLES_MAX) continue;
        const where = `near packet ${this.#packets} of seed ${this.#campaign.seed}`;
        const shown = formatHex(socket.bytes(datagram).subarray(0, EXAMPLE_BYTES_MAX));
        this.#examples.push(`${where}: ${problem}: ${shown}`);
      }
    }
  }

  #tell(nowMs: number): void {
    const { packets, onProgress } = this.#campaign;
    const { name, served } = this.#attack;
    const perSecond = Math.round((this.#packets * 1000) / (nowMs - this.#startMs));
    const memory = `${this.#samplesMiB.at(-1)?.toFixed(0) ?? "?"} MiB`;
    onProgress(
      `${name}: ${this.#packets} of ${packets} packets, ${perSecond}/s, ${this.#replies} replies, ` +
        `${served()} honest clients served, ${memory}`,
    );
  }

  #silence(): string {
    // When the server has died, this throws its last words, which say more.
    this.#campaign.serverMemoryMiB();
    return (
      `the server stopped answering within the ${PACKETS_A_GROUP} packets before number ` +
      `${this.#packets} of seed ${this.#campaign.seed}`
    );
  }

  #sample(): void {
    const memoryMiB = this.#campaign.serverMemoryMiB();
    if (memoryMiB !== undefined) this.#samplesMiB.push(memoryMiB);
  }
}

export function isCleanServer(report: ServerReport, wanted: number): boolean {
  const { failure, badReplies, memory, packets } = report;
  return failure === undefined && badReplies === 0 && memory.isFlat && packets === wanted;
}

export function describeServer({ name, servedWords }: Attack, report: ServerReport): string {
  const { packets, replies, badReplies, memory, elapsedMs, failure } = report;
  return [
    `${name}: ${packets} packets in ${(elapsedMs / 1000).toFixed(1)} s, ${replies} replies, ` +
      `${badReplies} of them bad; ${servedWords()}`,
    `${name}: resident ${describeMemory(memory)}`,
    ...report.examples.map((example) => `${name}: BAD REPLY ${example}`),
    ...(failure === undefined ? [] : [`${name}: FAILED: ${failure}`]),
  ].join("\n");
}
