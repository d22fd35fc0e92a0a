import { inOrder, type SafetyEvents, shifted } from "../measure/safety-events.ts";
import type { SecondReport } from "../measure/time-series.ts";
import type { PhaseGoal } from "../plan/run-plan.ts";
import type { PhaseDone, Stopped } from "../worker/worker-messages.ts";
import type { PhaseStop } from "./phase-watch.ts";

/** Why the coordinator ended a phase. */
export type PhaseEnding = PhaseGoal | "aborted" | PhaseStop;

/** One process's reports of one phase. */
export interface PhasePart {
  /** Since the run began. */
  readonly startedAtMs: number;
  readonly ending: PhaseEnding | undefined;
  /** `endedAtMs` counts from the start of the phase. */
  readonly done: readonly PhaseDone[];
}

/** All raw measurements of one segment, for a merged result. */
export interface SegmentRecord {
  readonly index: number;
  readonly count: number;
  readonly workers: number;
  readonly backend: "batch" | "dgram";
  /** Wall clock, ms since the epoch: the start of the first phase, the end of the last. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly phases: readonly PhasePart[];
  readonly seconds: readonly SecondReport[];
  readonly stopped: readonly Stopped[];
  /** Input of the safety checker, in order of time; wall clock. */
  readonly events: SafetyEvents;
  /** Events beyond EVENTS_KEPT_MAX: safety is then not known over all segments. */
  readonly eventsLost: number;
}

/** Lease events that all segments of a run keep together (25 bytes each). */
const EVENTS_KEPT_MAX = 1 << 24;

/** Collects one segment's lease events, up to its part of EVENTS_KEPT_MAX. */
export class EventCollector {
  readonly #max: number;
  readonly #batches: SafetyEvents[] = [];
  #count = 0;
  #lost = 0;

  constructor(segments: number, eventsMax = EVENTS_KEPT_MAX) {
    this.#max = Math.floor(eventsMax / segments);
  }

  get lost(): number {
    return this.#lost;
  }

  add(events: SafetyEvents): void {
    const { length } = events.what;
    if (this.#count + length > this.#max) {
      this.#lost += length;
      return;
    }
    this.#count += length;
    if (length > 0) this.#batches.push(events);
  }

  /** All of them in order of time, `offsetMs` later. */
  take(offsetMs: number): SafetyEvents {
    return shifted(inOrder(this.#batches), offsetMs);
  }
}
