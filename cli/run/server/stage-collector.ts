import type { PhaseStages } from "../result/tail-of.ts";
import type { BundledServer } from "./bundled-server.ts";

/**
 * Asks the bundled server for its stages at the start of each phase, shortly before its first arrival, and at
 * the end: each report has one phase and its drain.
 */
export class StageCollector {
  readonly #server: Pick<BundledServer, "takeStages">;
  /** The first one is about the time before the run. */
  readonly #reports: ReturnType<BundledServer["takeStages"]>[] = [];
  #runStartMs = 0;

  constructor(server: Pick<BundledServer, "takeStages">) {
    this.#server = server;
  }

  /** `runStartMs` is Clock.monotonicMs. */
  phaseStarts(runStartMs: number): void {
    this.#runStartMs = runStartMs;
    this.#reports.push(this.#server.takeStages());
  }

  /** By phase; undefined where the server did not answer. */
  async finish(): Promise<readonly (PhaseStages | undefined)[]> {
    this.#reports.push(this.#server.takeStages());
    const [, ...reports] = await Promise.all(this.#reports);
    return reports.map((report) => report && { report, runStartMs: this.#runStartMs });
  }
}
