import { DurationHistogram } from "../../../base/duration-histogram.ts";
import { type StallReason, stallReasons } from "../../../base/stall-reason.ts";

/** Shorter syncs and pauses are everyday work. */
export const STALL_MS_MIN = 5;
/** The longest ones are kept. */
const STALLS_MAX = 1000;
/** Garbage collections are reported after they ended, by the event loop. */
const SETTLE_MS = 100;
const COLLECTIONS_KEPT = 16;

/** Times are Clock.monotonicMs. */
export interface Stall {
  readonly startMs: number;
  readonly durationMs: number;
  readonly reason: StallReason;
}

/** What the thread did in a pause. */
export interface PauseParts {
  readonly durationMs: number;
  /** It waited for the disk itself. */
  readonly syncMs: number;
  readonly collectionMs: number;
  /** Undefined where the kernel does not say. */
  readonly thread: { readonly cpuMs: number; readonly starvedMs: number } | undefined;
}

/** The largest part of a pause. */
export function reasonOf({ durationMs, syncMs, collectionMs, thread }: PauseParts): StallReason {
  const workMs = Math.max(0, (thread?.cpuMs ?? durationMs - syncMs) - collectionMs);
  const starvedMs = thread?.starvedMs ?? 0;
  const stoodMs = durationMs - syncMs - collectionMs - starvedMs - workMs;
  const parts: Readonly<Record<StallReason, number>> = {
    sync: syncMs,
    "garbage-collection": collectionMs,
    processor: starvedMs,
    stopped: stoodMs,
    "event-loop": workMs,
  };
  return stallReasons.reduce((most, reason) => (parts[reason] > parts[most] ? reason : most));
}

interface Pause extends Omit<PauseParts, "collectionMs"> {
  readonly startMs: number;
  collectionMs: number;
}

/** The longest sync and the longest pause of each second, with the reasons of the pauses. */
export class StallLog {
  /** All pauses from STALL_MS_MIN, by reason. */
  readonly pauses: ReadonlyMap<StallReason, DurationHistogram> = new Map(
    stallReasons.map((reason) => [reason, new DurationHistogram()]),
  );
  #kept: Stall[] = [];
  readonly #unsettled: Pause[] = [];
  readonly #collections: { readonly startMs: number; readonly durationMs: number }[] = [];

  /** Garbage was collected; known after a while. */
  collected(startMs: number, durationMs: number): void {
    const collection = { startMs, durationMs };
    this.#collections.push(collection);
    if (this.#collections.length > COLLECTIONS_KEPT) this.#collections.shift();
    for (const pause of this.#unsettled) pause.collectionMs += overlapMs(pause, collection);
  }

  synced(startMs: number, durationMs: number): void {
    if (durationMs >= STALL_MS_MIN) this.#keep({ startMs, durationMs, reason: "sync" });
  }

  /** Only of at least STALL_MS_MIN. */
  paused(pause: Omit<Pause, "collectionMs">): void {
    this.settle(pause.startMs + pause.durationMs);
    const collectionMs = this.#collections.reduce((sum, each) => sum + overlapMs(pause, each), 0);
    this.#unsettled.push({ ...pause, collectionMs });
  }

  /** Finds the reasons of the pauses that ended a while before `nowMs`. */
  settle(nowMs: number): void {
    while (this.#unsettled.length > 0) {
      const pause = this.#unsettled[0];
      if (nowMs - pause.startMs - pause.durationMs < SETTLE_MS) return;
      this.#unsettled.shift();
      const reason = reasonOf(pause);
      this.pauses.get(reason)!.recordMs(pause.durationMs);
      // The sync itself is in the log already.
      if (reason === "sync") continue;
      const { startMs, durationMs } = pause;
      this.#kept = this.#kept.flatMap((stall) => without(stall, pause));
      this.#keep({ startMs, durationMs, reason });
    }
  }

  /** Those since the last call, in order of time. */
  take(): readonly Stall[] {
    this.settle(Number.POSITIVE_INFINITY);
    const taken = this.#kept.toSorted((a, b) => a.startMs - b.startMs);
    this.#kept = [];
    return taken;
  }

  #keep(stall: Stall): void {
    const kept = this.#kept;
    const isSync = stall.reason === "sync";
    const second = Math.floor(stall.startMs / 1000);
    const rival = kept.findLastIndex(
      ({ startMs, reason }) =>
        (reason === "sync") === isSync && Math.floor(startMs / 1000) === second,
    );
    if (rival >= 0) {
      if (kept[rival].durationMs < stall.durationMs) kept[rival] = stall;
      return;
    }
    kept.push(stall);
    if (kept.length <= STALLS_MAX) return;
    const shortest = kept.reduce((least, each) =>
      each.durationMs < least.durationMs ? each : least,
    );
    kept.splice(kept.indexOf(shortest), 1);
  }
}

/** The loop saw the end of a sync late when it stood still for another reason: that part is no sync. */
function without(stall: Stall, pause: Span): Stall[] {
  if (stall.reason !== "sync") return [stall];
  const durationMs = stall.durationMs - overlapMs(stall, pause);
  return durationMs < STALL_MS_MIN ? [] : [{ ...stall, durationMs }];
}

interface Span {
  readonly startMs: number;
  readonly durationMs: number;
}

function overlapMs(a: Span, b: Span): number {
  const endMs = Math.min(a.startMs + a.durationMs, b.startMs + b.durationMs);
  return Math.max(0, endMs - Math.max(a.startMs, b.startMs));
}
