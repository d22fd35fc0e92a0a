import { type DhcpExchange, dhcpExchanges } from "../../scenarios/language/phase-plan.ts";
import type { ExchangeOrigin } from "./exchange.ts";

/** The states of RFC 2131 figure 5; REBOOTING is what follows INIT-REBOOT. */
export const DeviceState = {
  init: 0,
  selecting: 1,
  requesting: 2,
  bound: 3,
  renewing: 4,
  rebinding: 5,
  rebooting: 6,
} as const;
export type DeviceStateName = keyof typeof DeviceState;
/** In the order of their numbers. */
export const deviceStates = Object.keys(DeviceState) as DeviceStateName[];

export const INFINITE_LEASE = 0xffff_ffff;

const NO_EXCHANGE = 0;
const ORIGIN_SCENARIO = 0;
const ORIGIN_DEVICE = 1;

// A row's layout, in bytes: four times of 8, eight numbers of 4, `secs` of 2, five of 1 and one spare.
export const ROW_BYTES = 72;
export const ROW_HALF_WORDS = ROW_BYTES / 2;
export const ROW_WORDS = ROW_BYTES / 4;
export const ROW_DOUBLES = ROW_BYTES / 8;

/**
 * What a worker remembers about its devices: ROW_BYTES a device, so that a million of them fit. Devices
 * have their turns in random order, so the fields of one lie side by side: a message then costs one or two
 * lines of the processor's cache, and not one for every field. Every field is an array over all rows. Device
 * d has its value at d times the row's length in the array's unit, such as `xid[d * ROW_WORDS]`. All times
 * are milliseconds on the scale of `Clock.monotonicMs`.
 */
export class DeviceTable {
  readonly size: number;
  readonly #stateCounts = new Uint32Array(deviceStates.length);
  readonly intendedAtMs: Float64Array;
  readonly startedAtMs: Float64Array;
  readonly requestSentAtMs: Float64Array;
  readonly leaseStartMs: Float64Array;
  readonly xid: Uint32Array;
  /** The address of the lease; 0 without one. */
  readonly address: Uint32Array;
  /** The address that the device asks for. */
  readonly requested: Uint32Array;
  /** The server identifier of the offer or lease. */
  readonly server: Uint32Array;
  readonly leaseSeconds: Uint32Array;
  readonly renewalSeconds: Uint32Array;
  readonly rebindingSeconds: Uint32Array;
  /** Random numbers drawn so far. */
  readonly draws: Uint32Array;
  /** The `secs` of the last DISCOVER, which the REQUEST after it repeats. */
  readonly discoverSecs: Uint16Array;
  readonly #state: Uint8Array;
  // 0 is none, else 1 + index of `dhcpExchanges`.
  readonly #exchange: Uint8Array;
  readonly #origin: Uint8Array;
  /** Transmissions of the message that waits for an answer, less one. */
  readonly attempt: Uint8Array;
  /** How often the acquisition started over. */
  readonly restarts: Uint8Array;

  constructor(size: number) {
    this.size = size;
    this.#stateCounts[DeviceState.init] = size;
    const rows = new ArrayBuffer(size * ROW_BYTES);
    const doubles = new Float64Array(rows);
    this.intendedAtMs = doubles;
    this.startedAtMs = doubles.subarray(1);
    this.requestSentAtMs = doubles.subarray(2);
    this.leaseStartMs = doubles.subarray(3);
    const words = new Uint32Array(rows).subarray(8);
    this.xid = words;
    this.address = words.subarray(1);
    this.requested = words.subarray(2);
    this.server = words.subarray(3);
    this.leaseSeconds = words.subarray(4);
    this.renewalSeconds = words.subarray(5);
    this.rebindingSeconds = words.subarray(6);
    this.draws = words.subarray(7);
    this.discoverSecs = new Uint16Array(rows).subarray(32);
    const bytes = new Uint8Array(rows).subarray(66);
    this.#state = bytes;
    this.#exchange = bytes.subarray(1);
    this.#origin = bytes.subarray(2);
    this.attempt = bytes.subarray(3);
    this.restarts = bytes.subarray(4);
  }

  state(local: number): number {
    return this.#state[local * ROW_BYTES];
  }

  setState(local: number, state: number): void {
    this.#stateCounts[this.#state[local * ROW_BYTES]] -= 1;
    this.#state[local * ROW_BYTES] = state;
    this.#stateCounts[state] += 1;
  }

  /** How many devices are in a state, by its number in `DeviceState`. */
  countInState(state: number): number {
    return this.#stateCounts[state];
  }

  exchange(local: number): DhcpExchange | undefined {
    const stored = this.#exchange[local * ROW_BYTES];
    return stored === NO_EXCHANGE ? undefined : dhcpExchanges[stored - 1];
  }

  origin(local: number): ExchangeOrigin {
    return this.#origin[local * ROW_BYTES] === ORIGIN_SCENARIO ? "scenario" : "device";
  }

  beginExchange(
    local: number,
    kind: DhcpExchange,
    origin: ExchangeOrigin,
    intendedAtMs: number,
    nowMs: number,
  ): void {
    this.#exchange[local * ROW_BYTES] = 1 + dhcpExchanges.indexOf(kind);
    this.#origin[local * ROW_BYTES] = origin === "scenario" ? ORIGIN_SCENARIO : ORIGIN_DEVICE;
    this.attempt[local * ROW_BYTES] = 0;
    this.restarts[local * ROW_BYTES] = 0;
    this.intendedAtMs[local * ROW_DOUBLES] = intendedAtMs;
    this.startedAtMs[local * ROW_DOUBLES] = nowMs;
  }

  endExchange(local: number): void {
    this.#exchange[local * ROW_BYTES] = NO_EXCHANGE;
  }

  /** Whether the device asks for more time: in RENEWING or REBINDING. */
  isExtending(local: number): boolean {
    const state = this.#state[local * ROW_BYTES];
    return state === DeviceState.renewing || state === DeviceState.rebinding;
  }

  /**
   * Whether it keeps to RFC 2131 section 4.4.5, because the device itself began to extend its lease. A renewal
   * that the scenario wants is repeated like an acquisition: a load test cannot wait for T2.
   */
  extendsByItself(local: number): boolean {
    return this.#origin[local * ROW_BYTES] === ORIGIN_DEVICE && this.isExtending(local);
  }

  renewalAtMs(local: number): number {
    return this.#afterLeaseStart(local, this.renewalSeconds[local * ROW_WORDS]);
  }

  rebindingAtMs(local: number): number {
    return this.#afterLeaseStart(local, this.rebindingSeconds[local * ROW_WORDS]);
  }

  expiryAtMs(local: number): number {
    return this.#afterLeaseStart(local, this.leaseSeconds[local * ROW_WORDS]);
  }

  #afterLeaseStart(local: number, seconds: number): number {
    if (seconds === INFINITE_LEASE) return Number.POSITIVE_INFINITY;
    return this.leaseStartMs[local * ROW_DOUBLES] + seconds * 1000;
  }
}
