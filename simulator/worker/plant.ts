import type { StartResult, StreamExchange } from "../device/exchange.ts";
import type { PhaseFleet } from "../load/phase-run.ts";
import type { BootsNow } from "../measure/time-series.ts";
import type { BootLink } from "./boot-link.ts";
import type { Fleet } from "./fleet.ts";

/** All devices of one worker: their DHCP clients and, in a run that boots, their way to on line. */
export class Plant implements PhaseFleet {
  readonly #fleet: Fleet;
  readonly #boot: BootLink | undefined;

  constructor(fleet: Fleet, boot: BootLink | undefined) {
    this.#fleet = fleet;
    this.#boot = boot;
  }

  get size(): number {
    return this.#fleet.size;
  }

  get bound(): number {
    return this.#fleet.bound;
  }

  get online(): number {
    return this.#boot?.countIn("online") ?? 0;
  }

  get givenUp(): number {
    return this.#boot?.countIn("failed") ?? 0;
  }

  owns(device: number): boolean {
    return this.#fleet.owns(device);
  }

  isOff(device: number): boolean {
    const isBooting = this.#boot?.isOff(device) === false;
    return (
      !isBooting &&
      this.#fleet.addressOf(device) === 0 &&
      this.#fleet.exchangeOf(device) === undefined
    );
  }

  /** Throws RangeError for a boot or download in a run that has no boot plan. */
  start(
    device: number,
    exchange: StreamExchange,
    intendedAtMs: number,
    nowMs: number,
  ): StartResult {
    if (exchange !== "boot" && exchange !== "download") {
      return this.#fleet.start(device, exchange, intendedAtMs, nowMs);
    }
    if (this.#boot === undefined) throw new RangeError(`${exchange} needs a boot plan`);
    return this.#boot.start(device, exchange, intendedAtMs, nowMs);
  }

  powerOff(device: number, nowMs: number): void {
    this.#boot?.powerOff(device, nowMs);
    this.#fleet.powerOff(device, nowMs);
  }

  advance(nowMs: number): void {
    this.#fleet.advance(nowMs);
    this.#boot?.advance(nowMs);
  }

  /** The boots of the devices now; undefined in a run without any. */
  bootsNow(): BootsNow | undefined {
    return this.#boot?.now();
  }
}
