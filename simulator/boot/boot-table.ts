import { Rows } from "../../base/rows.ts";
import type { BootParameters } from "./boot-parameters.ts";
import { type BootStep, bootSteps } from "./boot-step.ts";

const bootStates = ["off", "booting", "pausing", "online", "failed"] as const;
export type BootState = (typeof bootStates)[number];

/** `fault` of a row without a fault; else it is 1 + the index of the fault. */
export const NO_FAULT = 0;

const nothing: BootParameters = {
  address: 0,
  tftpServers: [],
  filename: "",
  timeServers: [],
  ntpServers: [],
  logServers: [],
  mtaDhcpServers: [],
};

/** The state of every device's boot, in columns: about 50 bytes a device. */
export class BootTable extends Rows {
  readonly #state = new Uint8Array(this.size);
  readonly #step = new Uint8Array(this.size);
  readonly #stateCounts = new Uint32Array(bootStates.length);
  readonly #stepCounts = new Uint32Array(bootSteps.length);
  readonly #parameters = new Array<BootParameters>(this.size).fill(nothing);
  readonly boots = new Uint8Array(this.size);
  /** Tries at the CMTS in the present step. */
  readonly tries = new Uint8Array(this.size);
  /** Whether the timer waits for the end of the step, and not for another try. */
  readonly isAdmitted = new Uint8Array(this.size);
  readonly fault = new Uint8Array(this.size);
  readonly draws = new Uint32Array(this.size);
  readonly intendedAtMs = new Float64Array(this.size);
  readonly startedAtMs = new Float64Array(this.size);
  readonly stepStartedAtMs = new Float64Array(this.size);
  /** Added to the device's clock; 0 until it has asked for the time. */
  readonly clockOffsetMs = new Float64Array(this.size);

  constructor(size: number) {
    super(size);
    this.#stateCounts[bootStates.indexOf("off")] = size;
  }

  state(local: number): BootState {
    return bootStates[this.#state[local]];
  }

  /** Leaves the present step, if the device is in one. */
  setState(local: number, state: BootState): void {
    if (this.state(local) === "booting") this.#stepCounts[this.#step[local]] -= 1;
    if (state === "booting") this.#stepCounts[this.#step[local]] += 1;
    this.#stateCounts[this.#state[local]] -= 1;
    this.#state[local] = bootStates.indexOf(state);
    this.#stateCounts[this.#state[local]] += 1;
  }

  /** The present step of a device that boots, else its last one. */
  step(local: number): BootStep {
    return bootSteps[this.#step[local]];
  }

  isInStep(local: number, step: BootStep): boolean {
    return this.state(local) === "booting" && this.step(local) === step;
  }

  beginStep(local: number, step: BootStep, nowMs: number): void {
    this.setState(local, "off");
    this.#step[local] = bootSteps.indexOf(step);
    this.setState(local, "booting");
    this.stepStartedAtMs[local] = nowMs;
    this.tries[local] = 0;
    this.isAdmitted[local] = 0;
  }

  /** Clears what the last boot left. */
  beginBoot(local: number): void {
    this.#parameters[local] = nothing;
    this.fault[local] = NO_FAULT;
    this.clockOffsetMs[local] = 0;
    this.boots[local] = Math.min(255, this.boots[local] + 1);
  }

  parameters(local: number): BootParameters {
    return this.#parameters[local];
  }

  setParameters(local: number, parameters: BootParameters): void {
    this.#parameters[local] = parameters;
  }

  countInState(state: BootState): number {
    return this.#stateCounts[bootStates.indexOf(state)];
  }

  countInStep(step: BootStep): number {
    return this.#stepCounts[bootSteps.indexOf(step)];
  }
}
