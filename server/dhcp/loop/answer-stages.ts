import type { Clock } from "../../../base/clock.ts";
import { DurationHistogram } from "../../../base/duration-histogram.ts";
import { LatencyCounts, LatencyHistogram } from "../../../base/histogram.ts";
import type { ThreadTimes } from "../../../base/schedstat.ts";
import type { Reply } from "../exchange/outcome.ts";
import { copyHead, HEAD_BYTES, identityOf } from "./answer-identity.ts";
import { LoopWatch } from "./loop-watch.ts";
import { type AnswerParts, type SlowAnswerReport, SlowAnswers } from "./slow-answers.ts";
import type { Stall } from "./stall-log.ts";

/** The way of an answer through the loop, in order; `sync` is a part of `commit`. */
export const answerStages = ["queue", "decide", "commit", "sync", "send"] as const;
export type AnswerStage = (typeof answerStages)[number];

/** Answers that took `fromMs`..`toMs` in all, with the means of their parts. */
export interface AnswerBand extends AnswerParts {
  readonly fromMs: number;
  /** Null: without end. */
  readonly toMs: number | null;
  readonly answers: number;
  /** Mean number of commits that they waited for. */
  readonly syncs: number;
}

/** What was measured for a while, as plain data; times are Clock.monotonicMs. */
export interface StagesReport<Spans = string> {
  /** By stage, in HdrHistogram's V2 encoding. */
  readonly histograms: Readonly<Record<AnswerStage, Spans>>;
  readonly bands: readonly AnswerBand[];
  readonly stalls: readonly Stall[];
  readonly slowest: readonly SlowAnswerReport[];
}

/** As the serving thread hands it over, which leaves the encoding to another one. */
export type StagesTaken = StagesReport<Uint32Array>;

export function stagesReportOf({ histograms, ...rest }: StagesTaken): StagesReport {
  const encoded = (stage: AnswerStage): string =>
    LatencyHistogram.fromCounts(histograms[stage]).toBase64();
  return { ...rest, histograms: perStage(encoded) };
}

/** What the answers of one turn have in common. */
export interface TurnTimes {
  readonly beganMs: number;
  readonly decidedMs: number;
  /** Time under commits up to `decidedMs`, and commits that were over by then. */
  readonly syncedMs: number;
  readonly syncs: number;
}

const LEAVING_MAX = 1024;

const Part = { queue: 0, decide: 1, commit: 2, sync: 3, send: 4, paused: 5, syncs: 6, answers: 7 };
const PARTS = 8;
/** Below 1 ms, then by powers of two; the last one has no end. */
const BANDS = 15;

/**
 * Where the time of each answer goes. The clock is read a few times in a turn that answers, never for a
 * packet: the answers of a turn share the ends of its decisions, of its commit and of its sending.
 */
export class AnswerStages {
  readonly watch: LoopWatch;
  /** Since the start, for Prometheus. */
  readonly durations = perStage(() => new DurationHistogram());
  readonly #nowMs: () => number;
  readonly #spans = perStage(() => new LatencyCounts());
  readonly #bands = new Float64Array(BANDS * PARTS);
  readonly #slow = new SlowAnswers();
  #beganMs = 0;
  #turn: TurnTimes | undefined;
  /** When the commit under way began; NaN without one. */
  #commitBeganMs = Number.NaN;
  /** Time under commits that are over, and their number. */
  #syncedMs = 0;
  #syncs = 0;
  // The answers that leave in this turn. Held ones have left the replies' memory by the end of it.
  #leaving = 0;
  readonly #who = new Array<Reply | undefined>(LEAVING_MAX).fill(undefined);
  readonly #heads = new Uint8Array(LEAVING_MAX * HEAD_BYTES);
  readonly #turns = new Array<TurnTimes | undefined>(LEAVING_MAX).fill(undefined);
  readonly #arrivedAtMs = new Float64Array(LEAVING_MAX);
  /** NaN for an answer that waited for no commit. */
  readonly #durableAtMs = new Float64Array(LEAVING_MAX);

  constructor(nowMs: () => number, threadTimes: () => ThreadTimes | undefined = () => undefined) {
    this.#nowMs = nowMs;
    this.watch = new LoopWatch(threadTimes);
  }

  /** A turn begins; `firstMs` is when its first datagram arrived, or NaN. */
  begins(nowMs: number, firstMs: number): void {
    this.watch.begins(nowMs, firstMs);
    this.#beganMs = nowMs;
    this.#turn = undefined;
  }

  /** The times of this turn, whose answers are all decided. */
  get turn(): TurnTimes {
    return this.#turn ?? this.decided();
  }

  /** All answers of this turn are decided. */
  decided(): TurnTimes {
    const decidedMs = this.#nowMs();
    const isUnderWay = !Number.isNaN(this.#commitBeganMs);
    this.#turn = {
      beganMs: this.#beganMs,
      decidedMs,
      syncedMs: this.#syncedMs + (isUnderWay ? decidedMs - this.#commitBeganMs : 0),
      syncs: this.#syncs,
    };
    return this.#turn;
  }

  commitBegins(): void {
    this.#commitBeganMs = this.#nowMs();
  }

  /** Returns when. `isInPlace`: the loop waited for it. */
  commitEnds(isInPlace: boolean): number {
    const nowMs = this.#nowMs();
    if (isInPlace) this.watch.waitedForDisk(nowMs - this.#commitBeganMs);
    this.#syncedMs += nowMs - this.#commitBeganMs;
    this.#syncs += 1;
    this.#commitBeganMs = Number.NaN;
    return nowMs;
  }

  /** A disk has just synced for so long. */
  synced(tookMs: number): void {
    this.watch.stalls.synced(this.#nowMs() - tookMs, tookMs);
  }

  /**
   * An answer was handed to the socket: a reply of this turn, or the bytes of one that was held. `arrivedAtMs`:
   * when the kernel received its request. `turn`: in which it was decided, this one by default. `durableMs`:
   * when its commit ended, NaN without one.
   */
  leaves(
    who: Reply | Uint8Array,
    arrivedAtMs: number,
    turn?: TurnTimes,
    durableMs = Number.NaN,
  ): void {
    if (this.#leaving === LEAVING_MAX) this.left();
    const row = this.#leaving;
    this.#leaving += 1;
    this.#arrivedAtMs[row] = arrivedAtMs;
    this.#durableAtMs[row] = durableMs;
    this.#turns[row] = turn;
    const isHeld = !("reply" in who);
    this.#who[row] = isHeld ? undefined : who;
    if (isHeld) copyHead(who, this.#heads, row * HEAD_BYTES);
  }

  /** The socket has sent all. */
  left(): void {
    if (this.#leaving === 0) return;
    const { turn } = this;
    const sentMs = this.#nowMs();
    this.watch.worked(sentMs);
    // Answers of one turn and one commit have the same times, except in the queue.
    let first = 0;
    for (let row = 1; row <= this.#leaving; row += 1) {
      if (row < this.#leaving && this.#isAlike(first, row)) continue;
      this.#record(first, row, this.#turns[first] ?? turn, sentMs);
      first = row;
    }
    this.#leaving = 0;
  }

  /** What was measured since the last call. */
  take(): StagesTaken {
    const taken = {
      histograms: perStage((stage) => this.#spans[stage].take()),
      bands: bandsOf(this.#bands),
      stalls: this.watch.stalls.take(),
      slowest: this.#slow.take(),
    };
    this.#bands.fill(0);
    return taken;
  }

  #isAlike(a: number, b: number): boolean {
    return (
      this.#turns[a] === this.#turns[b] && Object.is(this.#durableAtMs[a], this.#durableAtMs[b])
    );
  }

  /** Books the answers of the rows from `first` to before `end`, which were decided in `turn`. */
  #record(first: number, end: number, turn: TurnTimes, sentMs: number): void {
    const { beganMs, decidedMs } = turn;
    const answers = end - first;
    const durableMs = this.#durableAtMs[first];
    const isCommitted = !Number.isNaN(durableMs);
    const decideMs = decidedMs - beganMs;
    const commitMs = isCommitted ? Math.max(0, durableMs - decidedMs) : 0;
    const syncMs = Math.min(commitMs, Math.max(0, this.#syncedMs - turn.syncedMs));
    const sendMs = sentMs - (isCommitted ? durableMs : decidedMs);
    const syncs = isCommitted ? this.#syncs - turn.syncs : 0;
    this.#recordStage("decide", decideMs, answers);
    this.#recordStage("send", sendMs, answers);
    if (isCommitted) {
      this.#recordStage("commit", commitMs, answers);
      this.#recordStage("sync", syncMs, answers);
    }
    const pausedUntilNowMs = this.watch.pausedMsUntil(sentMs);
    const afterQueueMs = decideMs + commitMs + sendMs;
    const bands = this.#bands;
    for (let row = first; row < end; row += 1) {
      const arrivedAtMs = this.#arrivedAtMs[row];
      const queueMs = Math.max(0, beganMs - arrivedAtMs);
      const pausedMs = pausedUntilNowMs - this.watch.pausedMsUntil(arrivedAtMs);
      const totalMs = queueMs + afterQueueMs;
      this.#recordStage("queue", queueMs, 1);
      const band = Math.min(32 - Math.clz32(totalMs), BANDS - 1) * PARTS;
      bands[band + Part.queue] += queueMs;
      bands[band + Part.decide] += decideMs;
      bands[band + Part.commit] += commitMs;
      bands[band + Part.sync] += syncMs;
      bands[band + Part.send] += sendMs;
      bands[band + Part.paused] += pausedMs;
      bands[band + Part.syncs] += syncs;
      bands[band + Part.answers] += 1;
      if (totalMs <= this.#slow.leastMs) continue;
      const parts = { queueMs, decideMs, commitMs, syncMs, sendMs, pausedMs };
      this.#slow.add(totalMs, { ...this.#identityOf(row), arrivedAtMs, ...parts });
    }
  }

  #identityOf(row: number): ReturnType<typeof identityOf> {
    const at = row * HEAD_BYTES;
    return identityOf(this.#who[row] ?? this.#heads.subarray(at, at + HEAD_BYTES));
  }

  #recordStage(stage: AnswerStage, ms: number, answers: number): void {
    this.#spans[stage].recordMs(ms, answers);
    this.durations[stage].recordMs(ms, answers);
  }
}

/** The same code for each loop: the compiler inlines the function that reads the clock. */
export function stagesBy(clock: Clock, threadTimes: () => ThreadTimes | undefined): AnswerStages {
  return new AnswerStages(() => clock.monotonicMs(), threadTimes);
}

function perStage<Value>(make: (stage: AnswerStage) => Value): Record<AnswerStage, Value> {
  return {
    queue: make("queue"),
    decide: make("decide"),
    commit: make("commit"),
    sync: make("sync"),
    send: make("send"),
  };
}

function bandsOf(sums: Float64Array): AnswerBand[] {
  const bands: AnswerBand[] = [];
  for (let band = 0; band < BANDS; band += 1) {
    const at = band * PARTS;
    const answers = sums[at + Part.answers];
    if (answers === 0) continue;
    const mean = (part: number): number => sums[at + part] / answers;
    bands.push({
      fromMs: band === 0 ? 0 : 2 ** (band - 1),
      toMs: band === BANDS - 1 ? null : 2 ** band,
      answers,
      queueMs: mean(Part.queue),
      decideMs: mean(Part.decide),
      commitMs: mean(Part.commit),
      syncMs: mean(Part.sync),
      sendMs: mean(Part.send),
      pausedMs: mean(Part.paused),
      syncs: mean(Part.syncs),
    });
  }
  return bands;
}
