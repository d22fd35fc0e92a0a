import { brokenStage } from "../measure/breakage.ts";
import { type Measured, outcomeOf, PhaseRecord } from "../measure/recorder.ts";
import { type PhasePlan, windowOf } from "../plan/run-plan.ts";
import type { PhaseOutcome } from "./outcome.ts";

/** A phase so far, as a threshold needs it. */
export type PhaseSoFar = Pick<PhaseOutcome, "name" | "durationMs" | "streams" | "boot">;

/** Why a phase is to end before its time: a threshold's text, the stream and stage that broke, or silence. */
export type PhaseStop =
  | { readonly kind: "silence" }
  | { readonly kind: "threshold"; readonly why: string }
  | { readonly kind: "breakage"; readonly stream: number; readonly stage: number };

/** Watches one phase over all workers, and says when there is no use in going on. */
export class PhaseWatch {
  readonly #phase: PhasePlan;
  readonly #startMs: number;
  readonly #judge: (soFar: PhaseSoFar) => string | undefined;
  readonly #latest: (Measured | undefined)[];

  /** `judge` gives the reason to stop, if there is one; times are Clock.monotonicMs. */
  constructor(
    phase: PhasePlan,
    startMs: number,
    workers: number,
    judge: (soFar: PhaseSoFar) => string | undefined = () => undefined,
  ) {
    this.#phase = phase;
    this.#startMs = startMs;
    this.#judge = judge;
    this.#latest = Array.from({ length: workers }, () => undefined);
  }

  take(worker: number, measured: Measured): PhaseStop | undefined {
    this.#latest[worker] = measured;
    const reports = this.#latest.flatMap((latest) => latest ?? []);
    if (reports.length < this.#latest.length) return undefined;
    const record = new PhaseRecord(this.#phase.streams.length);
    for (const { report } of reports) record.add(report);
    const elapsedMs = Math.min(...reports.map(({ atMs }) => atMs)) - this.#startMs;
    return this.#breakage(record, elapsedMs) ?? this.#threshold(record, elapsedMs);
  }

  #breakage(record: PhaseRecord, elapsedMs: number): PhaseStop | undefined {
    for (const [stream, plan] of this.#phase.streams.entries()) {
      if (plan.kind !== "profile") continue;
      const counts = record.streams[stream].stages.map((stage) => stage?.counts);
      const stage = brokenStage(plan, counts, elapsedMs - windowOf(this.#phase, plan).startMs);
      if (stage !== undefined) return { kind: "breakage", stream, stage };
    }
    return undefined;
  }

  #threshold(record: PhaseRecord, elapsedMs: number): PhaseStop | undefined {
    const phase = this.#phase;
    const why = this.#judge({
      name: phase.name,
      durationMs: elapsedMs,
      streams: phase.streams.map((stream, index) =>
        outcomeOf(phase, stream, record.streams[index], elapsedMs),
      ),
      boot: record.boot,
    });
    return why === undefined ? undefined : { kind: "threshold", why };
  }
}
