import type { Population } from "../../scenarios/population/population.ts";
import { expectedBound } from "../load/expected-bound.ts";
import { newBits } from "../plan/device-bits.ts";
import { goalOf, type PhaseGoal, type RunPlan } from "../plan/run-plan.ts";
import type { Rendezvous } from "./rendezvous.ts";

/** Between "prepared" and the first arrival of a phase that has no time to keep. */
const START_DELAY_MS = 50;

/**
 * The rendezvous of a segment that hears nothing from the others. Instead it works out which devices hold a
 * lease if all goes well, and when a phase begins after phases of fixed length. A phase with a goal ends when
 * the segment's own devices reach it; from then on the segment keeps its own time.
 */
export class LoneSegment implements Rendezvous {
  readonly #plan: RunPlan;
  readonly #population: Population;
  readonly #nowMs: () => number;
  /** When the next phase must begin; undefined: at once. */
  #dueMs: number | undefined;
  #bound: Uint8Array;
  #onReached: () => void = () => {};

  /** `startAtMs`: start of the first phase, on the clock of `nowMs`; undefined: as soon as it is ready. */
  constructor(
    plan: RunPlan,
    population: Population,
    startAtMs: number | undefined,
    nowMs: () => number,
  ) {
    this.#plan = plan;
    this.#population = population;
    this.#nowMs = nowMs;
    this.#dueMs = startAtMs;
    this.#bound = newBits(population.size);
  }

  boundBefore(phase: number): Promise<Uint8Array> {
    if (phase > 0) {
      this.#bound = expectedBound(this.#plan, this.#population, phase - 1, this.#bound);
    }
    return Promise.resolve(this.#bound);
  }

  /** Keeps even a start in the past: a late worker reports that it is late. */
  startAtMs(phase: number): Promise<number> {
    const { until, drainMs } = this.#plan.phases[phase];
    const startAtMs = this.#dueMs ?? this.#nowMs() + START_DELAY_MS;
    const hasLength = this.#dueMs !== undefined && typeof until !== "string";
    this.#dueMs = hasLength ? startAtMs + until.durationMs + drainMs : undefined;
    return Promise.resolve(startAtMs);
  }

  reached(_phase: number, isReached: boolean): void {
    if (isReached) this.#onReached();
  }

  /** Never resolves for a phase without a goal: the workers know its end. */
  ended(phase: number): Promise<PhaseGoal | "aborted"> {
    const goal = goalOf(this.#plan.phases[phase]);
    return new Promise((resolve) => {
      this.#onReached = () => {
        if (goal !== undefined) resolve(goal);
      };
    });
  }
}
