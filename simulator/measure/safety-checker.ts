import { picked, resized } from "../../base/columns.ts";
import type { PersonaKind, PersonaRoll } from "../../scenarios/population/personas.ts";
import type { Population } from "../../scenarios/population/population.ts";
import type { Acknowledgement, AnomalyKind, SurrenderReason } from "../device/exchange.ts";
import {
  ACKNOWLEDGED,
  ANOMALY_FIRST,
  FREED,
  joinedEvents,
  newEvents,
  orderOf,
  type SafetyEvents,
} from "./safety-events.ts";

/** Events that must never happen, counted over a whole run: all zero for a correct server. */
type SafetyCounters = ReturnType<typeof newSafetyCounters>;

export function newSafetyCounters() {
  return {
    /** An address acknowledged to a device while the lease of another one was still running. */
    doubleAllocations: 0,
    /** A device whose lease was running was told that it has none. */
    acknowledgedLeasesLost: 0,
    addressesChangedOnRenewal: 0,
    /** An address acknowledged that was not the one offered and requested. */
    neverOffered: 0,
    addressesOutsideNetwork: 0,
    /** Replies that lack what a client needs, or that do not echo option 82. */
    malformedReplies: 0,
  };
}

export type ViolationKind = keyof SafetyCounters;

/** One piece of evidence, for the person who has to find the cause. */
export interface Violation {
  readonly kind: ViolationKind;
  readonly atMs: number;
  readonly device: number;
  readonly address: number;
  /** The device that already had the address, in a double allocation. */
  readonly holder?: number;
}

/** The number under which a device's twin holds its leases: beyond the devices of the population. */
export function twinOf(population: Population, device: number): number {
  return population.size + device;
}

/** The checker's result, for a report. */
export interface SafetySummary {
  /** Acknowledgements followed. */
  readonly acknowledged: number;
  readonly counters: Readonly<SafetyCounters>;
  /** Findings that a device's persona makes inevitable, so they are no violations. */
  readonly expected: Readonly<SafetyCounters>;
  /** The first violations found, at most VIOLATIONS_KEPT_MAX. */
  readonly violations: readonly Violation[];
}

/** Evidence kept; the counters go on counting. */
export const VIOLATIONS_KEPT_MAX = 100;

// Events waiting for `settle`. A coordinator that forgets to call it loses order, never memory.
const PENDING_EVENTS_MAX = 1 << 20;
const LOG_EVENTS_FIRST = 1024;

const anomalies: readonly (readonly [AnomalyKind, ViolationKind])[] = [
  ["nak-unexpected", "acknowledgedLeasesLost"],
  ["address-changed", "addressesChangedOnRenewal"],
  ["never-offered", "neverOffered"],
  ["address-outside-network", "addressesOutsideNetwork"],
  ["option-missing", "malformedReplies"],
  ["relay-information-not-echoed", "malformedReplies"],
];

/**
 * Findings that are allowed for a device because of its persona. All other checks apply to it, too. A MAC
 * that shows up on another network may lose its lease: to the server it is one client that has moved (RFC
 * 2131 section 4.3.2).
 */
const expectedFindings: Readonly<Partial<Record<PersonaKind, readonly ViolationKind[]>>> = {
  "duplicate-mac": ["acknowledgedLeasesLost"],
};

/** A worker's notes for the checker; its methods are those of the fleet's sink. */
export class SafetyLog {
  #count = 0;
  #columns = newEvents(LOG_EVENTS_FIRST);

  get count(): number {
    return this.#count;
  }

  acknowledged(acknowledgement: Omit<Acknowledgement, "packet">): void {
    const { device, address, receivedAtMs, leaseStartMs, leaseSeconds } = acknowledgement;
    const endless = leaseSeconds === 0xffff_ffff;
    const untilMs = endless ? Number.POSITIVE_INFINITY : leaseStartMs + leaseSeconds * 1000;
    this.#push(ACKNOWLEDGED, device, address, receivedAtMs, untilMs);
  }

  /**
   * Frees an address only if the server knows that it is free. When a device restarts, its lease runs on, and
   * an expired lease has its end in its acknowledgement.
   */
  surrendered(device: number, address: number, reason: SurrenderReason, atMs: number): void {
    if (reason === "restarted" || reason === "expired") return;
    this.#push(FREED, device, address, atMs, 0);
  }

  anomaly(kind: AnomalyKind, device: number, address: number, atMs: number): void {
    const index = anomalies.findIndex(([name]) => name === kind);
    this.#push(ANOMALY_FIRST + index, device, address, atMs, 0);
  }

  /** Everything noted since the last call, in columns of its own. */
  take(): SafetyEvents {
    const events = resized(this.#columns, this.#count);
    this.#count = 0;
    return events;
  }

  #push(what: number, device: number, address: number, atMs: number, untilMs: number): void {
    if (this.#count === this.#columns.what.length) {
      this.#columns = resized(this.#columns, this.#count * 2);
    }
    const at = this.#count;
    this.#columns.what[at] = what;
    this.#columns.device[at] = device;
    this.#columns.address[at] = address;
    this.#columns.atMs[at] = atMs;
    this.#columns.untilMs[at] = untilMs;
    this.#count = at + 1;
  }
}

/**
 * Follows every acknowledged lease of a run, over all workers, and finds addresses that two devices have at
 * once. It judges events in order of time: the caller of `settle(t)` promises that all workers have handed
 * in their events up to t.
 */
export class SafetyChecker {
  readonly counters = newSafetyCounters();
  readonly #expected = newSafetyCounters();
  readonly #devices: number;
  readonly #personas: PersonaRoll | undefined;
  readonly #violations: Violation[] = [];
  readonly #firstAddress: number;
  // By address: its holder (device + 1, 0 for none) and until when.
  readonly #holder: Uint32Array;
  readonly #untilMs: Float64Array;
  // By device: the address it was last acknowledged, 0 for none.
  readonly #addressOf: Uint32Array;
  #pending: SafetyEvents[] = [];
  #pendingCount = 0;
  #acknowledged = 0;
  #addressesMoved = 0;

  /** `personas` says which findings are expected, by persona; none when left out. */
  constructor(population: Population, personas?: PersonaRoll) {
    this.#devices = population.size;
    this.#personas = personas;
    this.#firstAddress = population.firstAddress;
    this.#holder = new Uint32Array(population.addressCount);
    this.#untilMs = new Float64Array(population.addressCount);
    const haveTwins = personas?.shares.some(({ kind }) => kind === "duplicate-mac") === true;
    this.#addressOf = new Uint32Array(population.size * (haveTwins ? 2 : 1));
  }

  /** The result so far, up to the last `settle`. */
  summary(): SafetySummary {
    return {
      acknowledged: this.#acknowledged,
      counters: { ...this.counters },
      expected: { ...this.#expected },
      violations: [...this.#violations],
    };
  }

  /**
   * Visits the lease that each device was last acknowledged and has not given back, in the order of
   * devices, without those that ended before `nowMs`.
   */
  forEachLease(
    nowMs: number,
    visit: (device: number, address: number, untilMs: number) => void,
  ): void {
    for (let device = 0; device < this.#addressOf.length; device += 1) {
      const address = this.#addressOf[device];
      const index = this.#indexOf(address);
      if (index < 0 || this.#holder[index] !== device + 1 || this.#untilMs[index] <= nowMs)
        continue;
      visit(device % this.#devices, address, this.#untilMs[index]);
    }
  }

  /** Leases that `forEachLease` visits at most. */
  get leasesMax(): number {
    return this.#addressOf.length;
  }

  /**
   * Devices, without those with a persona, that got another address while the lease of their last one ran on:
   * for example after a restart, from a server that has forgotten them. RFC 2131 section 4.3.1 allows that,
   * but not for a server that took over from another (LEASE-7, HA-5).
   */
  get addressesMoved(): number {
    return this.#addressesMoved;
  }

  get isClean(): boolean {
    return Object.values(this.counters).every((count) => count === 0);
  }

  /** Takes a worker's events; the events of one worker come in their order. */
  add(events: SafetyEvents): void {
    if (events.what.length === 0) return;
    this.#pending.push(events);
    this.#pendingCount += events.what.length;
    if (this.#pendingCount > PENDING_EVENTS_MAX) this.settle(Number.POSITIVE_INFINITY);
  }

  /** Judges everything up to `untilMs`; at the end of a run that is infinity, the default. */
  settle(untilMs = Number.POSITIVE_INFINITY): void {
    if (this.#pending.length === 0) return;
    const events = joinedEvents(this.#pending);
    const order = orderOf(events);
    let settled = 0;
    while (settled < order.length && events.atMs[order[settled]] <= untilMs) {
      this.#judge(events, order[settled]);
      settled += 1;
    }
    this.#pendingCount = order.length - settled;
    this.#pending = this.#pendingCount === 0 ? [] : [picked(events, order.subarray(settled))];
  }

  #judge(events: SafetyEvents, at: number): void {
    const what = events.what[at];
    const device = events.device[at];
    const address = events.address[at];
    if (what === ACKNOWLEDGED) {
      this.#acknowledge(device, address, events.atMs[at], events.untilMs[at]);
    } else if (what === FREED) {
      this.#free(device, address);
    } else {
      this.#found({
        kind: anomalies[what - ANOMALY_FIRST][1],
        atMs: events.atMs[at],
        device,
        address,
      });
    }
  }

  #acknowledge(device: number, address: number, atMs: number, untilMs: number): void {
    this.#acknowledged += 1;
    const index = this.#indexOf(address);
    // The device itself reports an address outside its network.
    if (index < 0) return;
    const holder = this.#holder[index] - 1;
    if (holder >= 0 && holder !== device && this.#untilMs[index] > atMs) {
      this.#found({ kind: "doubleAllocations", atMs, device, address, holder });
    }
    // A device has one lease: with a new address the server may end the old lease.
    if (this.#addressOf[device] !== address) {
      if (this.#isLeased(device, atMs)) this.#addressesMoved += 1;
      this.#free(device, this.#addressOf[device]);
    }
    this.#addressOf[device] = address;
    this.#holder[index] = device + 1;
    this.#untilMs[index] = untilMs;
  }

  /** Where the columns have an address; -1 for one outside of the population's block. */
  #indexOf(address: number): number {
    const index = address - this.#firstAddress;
    return index < this.#holder.length ? Math.max(-1, index) : -1;
  }

  #isLeased(device: number, atMs: number): boolean {
    const index = this.#indexOf(this.#addressOf[device]);
    if (index < 0) return false;
    if (this.#personas?.personaOf(device % this.#devices) !== undefined) return false;
    return this.#holder[index] === device + 1 && this.#untilMs[index] > atMs;
  }

  #free(device: number, address: number): void {
    const index = this.#indexOf(address);
    if (index < 0) return;
    if (this.#holder[index] === device + 1) this.#holder[index] = 0;
    if (this.#addressOf[device] === address) this.#addressOf[device] = 0;
  }

  #found(found: Violation): void {
    const { kind, holder } = found;
    const device = found.device % this.#devices;
    const persona = this.#personas?.personaOf(device);
    if (persona !== undefined && expectedFindings[persona]?.includes(kind) === true) {
      this.#expected[kind] += 1;
      return;
    }
    this.counters[kind] += 1;
    if (this.#violations.length === VIOLATIONS_KEPT_MAX) return;
    this.#violations.push({
      ...found,
      device,
      ...(holder !== undefined && { holder: holder % this.#devices }),
    });
  }
}
