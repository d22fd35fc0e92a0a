import type { PhaseGoal } from "../plan/run-plan.ts";

/** Where the processes that play one run together wait for each other. Times are Clock.monotonicMs. */
export interface Rendezvous {
  /** Resolves when this process may open its sockets: those of one port open in order. At once when left out. */
  mayOpen?(): Promise<void>;
  opened?(): Promise<void>;
  /** The devices that hold a lease when the phase begins, over all processes; `own` is this process's part. */
  boundBefore(phase: number, own: Uint8Array): Promise<Uint8Array>;
  /** When the phase begins, for all processes that are prepared for it. */
  startAtMs(phase: number): Promise<number>;
  /** Called whenever all devices of this process reach the phase's goal, or no longer have. */
  reached(phase: number, isReached: boolean): void;
  /** Resolves when the phase must end for all: all devices are there, or the run was stopped. */
  ended(phase: number): Promise<PhaseGoal | "aborted">;
  /**
   * Resolves when this process may close its sockets: when no process waits for an answer. A process that
   * leaves the group of a port changes the numbers of the others, and answers go to the wrong process. At
   * once when left out.
   */
  mayClose?(): Promise<void>;
}
