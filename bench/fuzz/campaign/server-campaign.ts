import { judgeMemory, type MemoryVerdict } from "./memory-watch.ts";

/** Bad packets for a running server, in groups, each followed by a check that it still serves. */
export interface GroupCampaign {
  /** For the lines of progress: `server`. */
  readonly name: string;
  readonly seed: number;
  readonly packets: number;
  /** Packets a group: few enough that the server's receive buffer holds them all. */
  readonly groupPackets: number;
  readonly timeMsMax: number;
  readonly sendGroup: (count: number) => void;
  /** Whether an honest client was served; the server has then read all that came before. */
  readonly probe: () => Promise<boolean>;
  /** The server's memory now, MiB; throws when the server is gone. */
  readonly serverMemoryMiB: () => number | undefined;
  /** The server is a garbage-collected program: its size moves by more than what it holds. */
  readonly growthMiBMax: number;
  /** For the lines of progress: `812 replies`. */
  readonly status: () => string;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

export interface GroupReport {
  readonly packets: number;
  /** Of the server's resident size. */
  readonly memory: MemoryVerdict;
  readonly elapsedMs: number;
  /** Why it ended early; undefined when it did not. */
  readonly failure: string | undefined;
}

const SAMPLES = 40;
const PROGRESS_MS = 5000;

export async function runGroups(campaign: GroupCampaign): Promise<GroupReport> {
  return await new GroupRun(campaign).run();
}

class GroupRun {
  readonly #campaign: GroupCampaign;
  readonly #samplesMiB: number[] = [];
  readonly #startMs = performance.now();
  #packets = 0;

  constructor(campaign: GroupCampaign) {
    this.#campaign = campaign;
  }

  async run(): Promise<GroupReport> {
    let failure: string | undefined;
    try {
      failure = await this.#groups();
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
    }
    return {
      packets: this.#packets,
      memory: judgeMemory(this.#samplesMiB, this.#campaign.growthMiBMax),
      elapsedMs: performance.now() - this.#startMs,
      failure,
    };
  }

  /** Says why it ended early, if it did. */
  async #groups(): Promise<string | undefined> {
    const { packets, groupPackets, timeMsMax, signal, sendGroup, probe } = this.#campaign;
    const sampleEvery = Math.max(1, Math.floor(packets / SAMPLES));
    let progressMs = this.#startMs;
    while (this.#packets < packets) {
      if (signal.aborted) return "interrupted";
      const nowMs = performance.now();
      if (nowMs - this.#startMs > timeMsMax) return `not done within ${timeMsMax / 1000} s`;
      const sampledBefore = Math.floor(this.#packets / sampleEvery);
      const count = Math.min(groupPackets, packets - this.#packets);
      sendGroup(count);
      this.#packets += count;
      if (!(await probe())) return this.#silence();
      if (Math.floor(this.#packets / sampleEvery) > sampledBefore) this.#sample();
      if (nowMs - progressMs < PROGRESS_MS) continue;
      progressMs = nowMs;
      this.#tell(nowMs);
    }
    return undefined;
  }

  #tell(nowMs: number): void {
    const { name, packets, onProgress, status } = this.#campaign;
    const perSecond = Math.round((this.#packets * 1000) / (nowMs - this.#startMs));
    const memory = `${this.#samplesMiB.at(-1)?.toFixed(0) ?? "?"} MiB`;
    onProgress(
      `${name}: ${this.#packets} of ${packets} packets, ${perSecond}/s, ${status()}, ${memory}`,
    );
  }

  #silence(): string {
    // A server that is gone says so better itself.
    this.#campaign.serverMemoryMiB();
    const { seed, groupPackets } = this.#campaign;
    return `the server stopped answering within the ${groupPackets} packets before number ${this.#packets} of seed ${seed}`;
  }

  #sample(): void {
    const memoryMiB = this.#campaign.serverMemoryMiB();
    if (memoryMiB !== undefined) this.#samplesMiB.push(memoryMiB);
  }
}
