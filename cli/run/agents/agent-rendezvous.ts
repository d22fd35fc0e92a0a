import { deflateSync, inflateSync } from "node:zlib";
import { systemClock } from "../../../base/clock.ts";
import { type PhaseGoal, phaseGoals } from "../../../simulator/plan/run-plan.ts";
import type { SegmentPlacement } from "../../../simulator/plan/segment.ts";
import type { Rendezvous } from "../../../simulator/run/rendezvous.ts";
import type { Board, BoardWriter } from "./board.ts";
import type { ClockReading } from "./etcd.ts";
import { RendezvousError } from "./rendezvous-error.ts";

const CLOCK_READINGS = 8;

export interface AgentRendezvousOptions {
  readonly index: number;
  readonly placement: SegmentPlacement;
  readonly bitmapBytes: number;
  /** The coordinator's keys. */
  readonly told: Board;
  /** Writes this agent's keys. */
  readonly writer: BoardWriter;
}

/** The rendezvous of an agent: the coordinator answers by keys in etcd. */
export class AgentRendezvous implements Rendezvous {
  readonly #options: AgentRendezvousOptions;
  /** Sends news of the goal in order. */
  #news: Promise<void> = Promise.resolve();

  constructor(options: AgentRendezvousOptions) {
    this.#options = options;
  }

  /** The reading with the shortest round trip is the best one. */
  async readClock(): Promise<ClockReading> {
    const { told, index } = this.#options;
    let best: ClockReading = { offsetMs: 0, roundTripMs: Number.POSITIVE_INFINITY };
    for (let k = 0; k < CLOCK_READINGS; k += 1) {
      const askedMs = systemClock.monotonicMs();
      const askedWallMs = systemClock.wallMs();
      await this.#say(`ping/${k}`, "");
      const answer = Number(await told.wait(`pong/${index}/${k}`));
      const roundTripMs = systemClock.monotonicMs() - askedMs;
      if (roundTripMs >= best.roundTripMs) continue;
      best = { offsetMs: askedWallMs + roundTripMs / 2 - answer, roundTripMs };
    }
    await this.#say("clock", JSON.stringify(best));
    return best;
  }

  async mayOpen(): Promise<void> {
    const { placement, index, told } = this.#options;
    if (placement === "one-machine" && index > 0) await told.wait(`opened/${index - 1}`);
  }

  opened(): Promise<void> {
    return this.#say("opened", "");
  }

  async boundBefore(phase: number, own: Uint8Array): Promise<Uint8Array> {
    await this.#news;
    await this.#say(`bound/${phase}`, deflateSync(own));
    const bytes = await this.#options.told.wait(`bound/${phase}`);
    return unpackBitmap(bytes, this.#options.bitmapBytes);
  }

  async startAtMs(phase: number): Promise<number> {
    await this.#say(`prepared/${phase}`, "");
    const startWallMs = Number(await this.#options.told.wait(`start/${phase}`));
    const startAtMs = startWallMs - systemClock.wallMs() + systemClock.monotonicMs();
    if (startAtMs >= systemClock.monotonicMs()) return startAtMs;
    throw new RendezvousError(
      "etcd brought the start of a phase too late: it is too slow for a run",
    );
  }

  reached(phase: number, isReached: boolean): void {
    const { told } = this.#options;
    this.#news = this.#news
      .then(() => this.#say(`goal/${phase}`, isReached ? "1" : "0"))
      .catch((error: Error) => told.fail(new RendezvousError(`etcd: ${error.message}`)));
  }

  async ended(phase: number): Promise<PhaseGoal | "aborted"> {
    const told = String(await this.#options.told.wait(`end/${phase}`));
    return phaseGoals.find((goal) => goal === told) ?? "aborted";
  }

  async mayClose(): Promise<void> {
    await this.#news;
    await this.#say("drained", "");
    await this.#options.told.wait("close");
  }

  #say(key: string, value: string | Buffer): Promise<void> {
    return this.#options.writer.put(`${this.#options.index}/${key}`, value);
  }
}

/** `length` is in bytes. Throws RendezvousError when the bytes are not a bitmap of that length. */
export function unpackBitmap(bytes: Buffer, length: number): Uint8Array {
  try {
    const bitmap = inflateSync(bytes, { maxOutputLength: Math.max(1, length) });
    if (bitmap.length === length) return bitmap;
  } catch (error) {
    throw new RendezvousError("a bitmap of devices cannot be read", { cause: error });
  }
  throw new RendezvousError("a bitmap of devices has another length than the population");
}
