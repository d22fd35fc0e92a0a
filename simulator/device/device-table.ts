import type { ExchangeKind, ExchangeOrigin } from "../exchange.ts";
import { exchangeKinds } from "../exchange.ts";

/** The states of RFC 2131 figure 5; REBOOTING is what follows INIT-REBOOT. */
export const deviceStates = [
  "init",
  "selecting",
  "requesting",
  "bound",
  "renewing",
  "rebinding",
  "rebooting",
] as const;
export type DeviceStateName = (typeof deviceStates)[number];

export const DeviceState = {
  init: 0,
  selecting: 1,
  requesting: 2,
  bound: 3,
  renewing: 4,
  rebinding: 5,
  rebooting: 6,
} as const;

export const INFINITE_LEASE = 0xffff_ffff;

const NO_EXCHANGE = 0;
const ORIGIN_SCENARIO = 0;
const ORIGIN_DEVICE = 1;

/**
 * What a worker remembers about its devices, in columns: about 70 bytes a device, so that a million
 * of them fit. All times are milliseconds on the scale of `Clock.monotonicMs`.
 */
export class DeviceTable {
  readonly size: number;
  readonly #state: Uint8Array;
  readonly #stateCounts = new Uint32Array(deviceStates.length);
  // 0 is none, else 1 + index of `exchangeKinds`.
  readonly #exchange: Uint8Array;
  readonly #origin: Uint8Array;
  /** Transmissions of the message that waits for an answer, less one. */
  readonly attempt: Uint8Array;
  /** How often the acquisition began anew. */
  readonly restarts: Uint8Array;
  /** The `secs` of the last DISCOVER, which the REQUEST after it repeats. */
  readonly discoverSecs: Uint16Array;
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
  readonly intendedAtMs: Float64Array;
  readonly startedAtMs: Float64Array;
  readonly requestSentAtMs: Float64Array;
  readonly leaseStartMs: Float64Array;

  constructor(size: number) {
    this.size = size;
    this.#state = new Uint8Array(size);
    this.#stateCounts[DeviceState.init] = size;
    this.#exchange = new Uint8Array(size);
    this.#origin = new Uint8Array(size);
    this.attempt = new Uint8Array(size);
    this.restarts = new Uint8Array(size);
    this.discoverSecs = new Uint16Array(size);
    this.xid = new Uint32Array(size);
    this.address = new Uint32Array(size);
    this.requested = new Uint32Array(size);
    this.server = new Uint32Array(size);
    this.leaseSeconds = new Uint32Array(size);
    this.renewalSeconds = new Uint32Array(size);
    this.rebindingSeconds = new Uint32Array(size);
    this.draws = new Uint32Array(size);
    this.intendedAtMs = new Float64Array(size);
    this.startedAtMs = new Float64Array(size);
    this.requestSentAtMs = new Float64Array(size);
    this.leaseStartMs = new Float64Array(size);
  }

  state(local: number): number {
    return this.#state[local];
  }

  setState(local: number, state: number): void {
    this.#stateCounts[this.#state[local]] -= 1;
    this.#state[local] = state;
    this.#stateCounts[state] += 1;
  }

  /** How many devices are in a state, by its number in `DeviceState`. */
  countInState(state: number): number {
    return this.#stateCounts[state];
  }

  exchange(local: number): ExchangeKind | undefined {
    const stored = this.#exchange[local];
    return stored === NO_EXCHANGE ? undefined : exchangeKinds[stored - 1];
  }

  origin(local: number): ExchangeOrigin {
    return this.#origin[local] === ORIGIN_SCENARIO ? "scenario" : "device";
  }

  beginExchange(
    local: number,
    kind: ExchangeKind,
    origin: ExchangeOrigin,
    intendedAtMs: number,
    nowMs: number,
  ): void {
    this.#exchange[local] = 1 + exchangeKinds.indexOf(kind);
    this.#origin[local] = origin === "scenario" ? ORIGIN_SCENARIO : ORIGIN_DEVICE;
    this.attempt[local] = 0;
    this.restarts[local] = 0;
    this.intendedAtMs[local] = intendedAtMs;
    this.startedAtMs[local] = nowMs;
  }

  endExchange(local: number): void {
    this.#exchange[local] = NO_EXCHANGE;
  }

  /** Whether the device asks for more time: in RENEWING or REBINDING. */
  isExtending(local: number): boolean {
    const state = this.#state[local];
    return state === DeviceState.renewing || state === DeviceState.rebinding;
  }

  /**
   * Renewals that the scenario wants are repeated like acquisitions: a load test cannot wait for T2.
   * Only those that the device began keep to RFC 2131 section 4.4.5.
   */
  extendsByItself(local: number): boolean {
    return this.#origin[local] === ORIGIN_DEVICE && this.isExtending(local);
  }

  renewalAtMs(local: number): number {
    return this.#afterLeaseStart(local, this.renewalSeconds[local]);
  }

  rebindingAtMs(local: number): number {
    return this.#afterLeaseStart(local, this.rebindingSeconds[local]);
  }

  expiryAtMs(local: number): number {
    return this.#afterLeaseStart(local, this.leaseSeconds[local]);
  }

  #afterLeaseStart(local: number, seconds: number): number {
    if (seconds === INFINITE_LEASE) return Number.POSITIVE_INFINITY;
    return this.leaseStartMs[local] + seconds * 1000;
  }
}
