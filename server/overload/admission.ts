import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { type Glance, glanceAt } from "./glance.ts";

/** Why a datagram was thrown away undecoded: a closed set, in the order of the counters. */
export const overloadReasons = [
  "overload-stale",
  "overload-unknown",
  "overload-unknown-request",
  "overload-known-discover",
] as const;

export type OverloadReason = (typeof overloadReasons)[number];

/**
 * What the server knows about a hardware address. `known`: an active lease, a host or a subclass.
 * `remembered`: a free lease names it, from an OFFER that it may be about to answer or from a lease
 * that is over. The tables are asked each time, so a client that has become known is not taken for a
 * stranger.
 */
export type Standing = "known" | "remembered" | "unknown";

export interface AdmissionLimits {
  /**
   * There is pressure when every batch's oldest datagram has waited for so many milliseconds. An
   * exchange waits twice, and is still over before the most impatient clients give up, after a second.
   */
  readonly pressureMsMin: number;
  /**
   * Milliseconds that a stranger's DISCOVER may wait under pressure: datagrams that are served do not
   * wait much longer.
   */
  readonly waitMsMax: number;
  /**
   * Milliseconds after which a DISCOVER, or a REQUEST that answers an OFFER, is not worth an answer:
   * its client has asked again (RFC 2131, section 4.1: after 3 to 5 s).
   */
  readonly staleMsMin: number;
}

export const admissionDefaults: AdmissionLimits = {
  pressureMsMin: 300,
  waitMsMax: 20,
  staleMsMin: 3000,
};

/** What the socket knows about a batch. */
export interface BatchState {
  /** Number of datagrams, which may be 0. */
  readonly received: number;
  /** How long the oldest datagram waited. */
  readonly waitedMs: number;
  /** Datagrams that a full receive buffer lost since the start. */
  readonly lost: number;
}

/** A long fsync or garbage collection makes single batches late; overload makes all of them late. */
const lateMsMin = 50;
/** Pressure is over when nothing was dropped for this long. */
const calmMsMin = 1000;
/** The wait is cut once in this time: by then the last cut has taken effect. */
const cutMsMin = 20;
const waitMsLeast = 2;
/** One datagram of each kind is served in this time all the same, so that no client is shut out. */
const sparedMsMin = 10;

/**
 * What is dropped, and from which wait on, in multiples of the allowed wait: strangers' DISCOVERs
 * first, then their other messages, then the DISCOVERs of known clients. Other messages of known
 * clients complete an exchange that has begun, and are always served.
 */
const sheddable = {
  unknown: { reason: "overload-unknown", waits: 1 },
  unknownRequest: { reason: "overload-unknown-request", waits: 1.5 },
  knownDiscover: { reason: "overload-known-discover", waits: 2 },
} as const;

type Sheddable = keyof typeof sheddable;

/**
 * Decides under overload which datagrams are decoded at all, by how long they waited and by what the
 * receive buffer lost. A full buffer loses renewals as readily as a flood, so the allowed wait is cut
 * until the buffer does not fill. Dropping a datagram costs a fraction of serving it: the wait falls
 * at once, and what is served is fresh. Without pressure nothing is dropped and no datagram is looked
 * at. Kept datagrams keep their order.
 */
export class Admission {
  readonly #standingOf: (hardwareType: number, address: Uint8Array) => Standing;
  readonly #limits: AdmissionLimits;
  /** When a datagram of each kind was last served although it had waited too long. */
  readonly #sparedAtMs: Record<Sheddable, number> = {
    unknown: Number.NEGATIVE_INFINITY,
    unknownRequest: Number.NEGATIVE_INFINITY,
    knownDiscover: Number.NEGATIVE_INFINITY,
  };
  readonly #glance: Glance = { type: 0, isAddressed: false, hardwareType: 0, address: undefined };
  #isUnderPressure = false;
  #isSelective = false;
  /** When the batch began, and how long its oldest datagram had waited by then. */
  #oldestMs = 0;
  #nowMs = 0;
  /** `waitMsMax`, less the cuts. */
  #allowedMs: number;
  #lost = 0;
  #cutAtMs = Number.NEGATIVE_INFINITY;
  /** Since when every batch was late, and how late the first was; undefined when the last was in time. */
  #late: { readonly sinceMs: number; readonly waitedMs: number } | undefined;
  #calmSinceMs = 0;

  constructor(
    standingOf: (hardwareType: number, address: Uint8Array) => Standing,
    limits: Partial<AdmissionLimits> = {},
  ) {
    this.#standingOf = standingOf;
    this.#limits = { ...admissionDefaults, ...limits };
    this.#allowedMs = this.#limits.waitMsMax;
  }

  get isUnderPressure(): boolean {
    return this.#isUnderPressure;
  }

  /** Begins a batch. False when all its datagrams are served, and `refuse` need not be asked. */
  open(batch: BatchState, nowMs: number): boolean {
    const { received, waitedMs } = batch;
    const { staleMsMin } = this.#limits;
    const isLossy = batch.lost > this.#lost;
    this.#lost = batch.lost;
    if (this.#isUnderPressure) this.#endWhenCalm(waitedMs, isLossy, nowMs);
    else this.#beginWhenLate(waitedMs, isLossy, nowMs);
    if (this.#isUnderPressure && isLossy) this.#cut(nowMs);
    this.#oldestMs = waitedMs;
    this.#nowMs = nowMs;
    this.#isSelective = received > 0 && (this.#isUnderPressure || waitedMs > staleMsMin);
    return this.#isSelective;
  }

  /** Why this datagram of the batch, which has waited `waitedMs`, is dropped; undefined when it is served. */
  refuse(bytes: Uint8Array, waitedMs: number): OverloadReason | undefined {
    if (!this.#isSelective) return undefined;
    const glance = this.#glance;
    glanceAt(bytes, glance);
    if (waitedMs > this.#limits.staleMsMin && isRepeatedSoon(glance)) return "overload-stale";
    if (!this.#isUnderPressure) return undefined;
    const kind = this.#kindOf(glance);
    if (kind === undefined) return undefined;
    if (this.#isInTime(kind, waitedMs) || this.#isSpared(kind)) return undefined;
    this.#calmSinceMs = this.#nowMs;
    return sheddable[kind].reason;
  }

  #isInTime(kind: Sheddable, waitedMs: number): boolean {
    if (waitedMs > sheddable[kind].waits * this.#allowedMs) return false;
    // No known client of a batch is dropped in favour of a stranger who came later.
    return (
      kind === "knownDiscover" || this.#oldestMs <= sheddable.knownDiscover.waits * this.#allowedMs
    );
  }

  #isSpared(kind: Sheddable): boolean {
    const isDue = this.#nowMs - this.#sparedAtMs[kind] >= sparedMsMin;
    if (!isDue || this.#oldestMs > this.#limits.staleMsMin) return false;
    this.#sparedAtMs[kind] = this.#nowMs;
    return true;
  }

  #kindOf({ type, hardwareType, address }: Glance): Sheddable | undefined {
    const standing = address === undefined ? "unknown" : this.#standingOf(hardwareType, address);
    const isBeginning = type === MessageType.discover || type === 0;
    if (isBeginning) return standing === "known" ? "knownDiscover" : "unknown";
    return standing === "unknown" ? "unknownRequest" : undefined;
  }

  #cut(nowMs: number): void {
    if (nowMs - this.#cutAtMs < cutMsMin) return;
    this.#cutAtMs = nowMs;
    this.#allowedMs = Math.max(waitMsLeast, this.#allowedMs / 2);
  }

  /**
   * Pressure begins when every batch was late for a while and the wait does not get shorter. After a
   * pause the wait does get shorter, by about the time that passes: that backlog is worked off, and
   * every client in it gets an answer.
   */
  #beginWhenLate(waitedMs: number, isLossy: boolean, nowMs: number): void {
    if (!isLossy && waitedMs <= this.#limits.pressureMsMin) {
      this.#late = undefined;
      return;
    }
    this.#late ??= { sinceMs: nowMs, waitedMs };
    const passedMs = nowMs - this.#late.sinceMs;
    if (passedMs < lateMsMin) return;
    const isWorkedOff = this.#late.waitedMs - waitedMs > passedMs / 2;
    this.#late = isWorkedOff ? { sinceMs: nowMs, waitedMs } : undefined;
    this.#isUnderPressure = !isWorkedOff;
    this.#allowedMs = this.#limits.waitMsMax;
    this.#calmSinceMs = nowMs;
  }

  #endWhenCalm(waitedMs: number, isLossy: boolean, nowMs: number): void {
    if (isLossy || waitedMs > this.#allowedMs) this.#calmSinceMs = nowMs;
    else if (nowMs - this.#calmSinceMs >= calmMsMin) this.#isUnderPressure = false;
  }
}

/**
 * A client without an address asks again within seconds. A client that renews or rebinds waits at
 * least a minute (RFC 2131, section 4.4.5), and a RELEASE or DECLINE is never repeated.
 */
function isRepeatedSoon({ type, isAddressed }: Glance): boolean {
  return (type === MessageType.discover || type === MessageType.request) && !isAddressed;
}
