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
 * How the server stands to a hardware address. `known`: an active lease, a host or a subclass.
 * `remembered`: a free lease has its name on it, by an OFFER that it may be about to answer or from a
 * lease that is over. Asked of the tables themselves each time, so that nobody who has become known
 * is taken for a stranger.
 */
export type Standing = "known" | "remembered" | "unknown";

export interface AdmissionLimits {
  /**
   * Milliseconds that the oldest datagram may have waited before somebody has to go, once the server
   * is under pressure. It is far below what any client waits for, and short enough that the receive
   * buffer never fills meanwhile: a full one loses requests and renewals as readily as a flood.
   */
  readonly waitMsMax: number;
  /**
   * Milliseconds after which a DISCOVER, or a REQUEST that answers an OFFER, is not worth an answer:
   * its client has asked again. RFC 2131, section 4.1: after 4 s, give or take one.
   */
  readonly staleMsMin: number;
}

export const admissionDefaults: AdmissionLimits = { waitMsMax: 20, staleMsMin: 3000 };

export interface AdmissionOptions {
  readonly standingOf: (hardwareType: number, address: Uint8Array) => Standing;
  readonly limits?: Partial<AdmissionLimits> | undefined;
}

/** A long fsync or a collection makes a batch late now and then; overload makes all of them late. */
const lateMsMin = 100;
/** Pressure is over when for this long nobody had to go. */
const calmMsMin = 1000;

/**
 * Who goes, and from which wait on, in multiples of `waitMsMax`: strangers' DISCOVERs first, then
 * what strangers ask for, then the DISCOVERs of known clients. Whatever else a client of ours sends
 * is the end of something begun and stays. Of those who go, one in `sparedOf` is served all the same,
 * so that nobody is shut out for as long as it lasts.
 */
const sheddable = {
  unknown: { reason: "overload-unknown", waits: 1, sparedOf: 32 },
  unknownRequest: { reason: "overload-unknown-request", waits: 1.5, sparedOf: 32 },
  knownDiscover: { reason: "overload-known-discover", waits: 2, sparedOf: 8 },
} as const;

type Sheddable = keyof typeof sheddable;

/**
 * Decides under overload which datagrams are decoded at all. It looks at one number, how long the
 * oldest datagram of a batch waited. Dropping one costs a fraction of serving it, so the wait falls
 * at once, and what is served is fresh. Without pressure nothing is dropped and no datagram is looked
 * at. Kept datagrams keep their order.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #limits: AdmissionLimits;
  readonly #spared: Record<Sheddable, number> = { unknown: 0, unknownRequest: 0, knownDiscover: 0 };
  readonly #glance: Glance = { type: 0, isAddressed: false, hardwareType: 0, address: undefined };
  #isUnderPressure = false;
  #isSelective = false;
  #waitedMs = 0;
  /** Since when every batch was late, and by how much the first; undefined: the last one was not. */
  #late: { readonly sinceMs: number; readonly waitedMs: number } | undefined;
  #calmSinceMs = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#limits = { ...admissionDefaults, ...options.limits };
  }

  get isUnderPressure(): boolean {
    return this.#isUnderPressure;
  }

  /**
   * Begins a batch of `received` datagrams (0 too) of which the oldest waited `waitedMs`. False when
   * all of them are to be served, unasked.
   */
  open(received: number, waitedMs: number, nowMs: number): boolean {
    const { waitMsMax, staleMsMin } = this.#limits;
    const isLate = received > 0 && waitedMs > waitMsMax;
    this.#waitedMs = waitedMs;
    if (this.#isUnderPressure) this.#endWhenCalm(isLate, nowMs);
    else this.#beginWhenLate(isLate, waitedMs, nowMs);
    this.#isSelective = isLate && (this.#isUnderPressure || waitedMs > staleMsMin);
    if (this.#isSelective) this.#spare(received, waitedMs <= staleMsMin);
    return this.#isSelective;
  }

  /** Why this datagram of the batch is dropped; undefined: it is served. Its own wait, not the oldest's. */
  refuse(bytes: Uint8Array, waitedMs: number): OverloadReason | undefined {
    if (!this.#isSelective) return undefined;
    const glance = this.#glance;
    glanceAt(bytes, glance);
    if (waitedMs > this.#limits.staleMsMin && isRepeatedSoon(glance)) return "overload-stale";
    if (!this.#isUnderPressure) return undefined;
    const kind = this.#kindOf(glance);
    if (kind === undefined) return undefined;
    const { reason, waits } = sheddable[kind];
    if (this.#waitedMs <= waits * this.#limits.waitMsMax) return undefined;
    if (this.#spared[kind] === 0) return reason;
    this.#spared[kind] -= 1;
    return undefined;
  }

  #kindOf({ type, hardwareType, address }: Glance): Sheddable | undefined {
    const standing =
      address === undefined ? "unknown" : this.#options.standingOf(hardwareType, address);
    const isBeginning = type === MessageType.discover || type === 0;
    if (isBeginning) return standing === "known" ? "knownDiscover" : "unknown";
    return standing === "unknown" ? "unknownRequest" : undefined;
  }

  /** In a batch from which a client of ours may go as stale, no stranger is spared. */
  #spare(received: number, isFresh: boolean): void {
    for (const kind of Object.keys(sheddable) as Sheddable[]) {
      this.#spared[kind] = isFresh ? Math.ceil(received / sheddable[kind].sparedOf) : 0;
    }
  }

  /**
   * Pressure begins when every batch was late for a while and the wait does not get shorter. After a
   * pause it does, by about the time that passes: that backlog is worked off, and everybody in it
   * gets an answer.
   */
  #beginWhenLate(isLate: boolean, waitedMs: number, nowMs: number): void {
    if (!isLate) {
      this.#late = undefined;
      return;
    }
    this.#late ??= { sinceMs: nowMs, waitedMs };
    const passedMs = nowMs - this.#late.sinceMs;
    if (passedMs < lateMsMin) return;
    const isWorkedOff = this.#late.waitedMs - waitedMs > passedMs / 2;
    this.#late = isWorkedOff ? { sinceMs: nowMs, waitedMs } : undefined;
    this.#isUnderPressure = !isWorkedOff;
    this.#calmSinceMs = nowMs;
  }

  #endWhenCalm(isLate: boolean, nowMs: number): void {
    if (isLate) this.#calmSinceMs = nowMs;
    else if (nowMs - this.#calmSinceMs >= calmMsMin) this.#isUnderPressure = false;
  }
}

/**
 * A client that has no address yet asks again within seconds. One that renews or rebinds waits a
 * minute at least (RFC 2131, section 4.4.5), and a RELEASE or DECLINE is never repeated.
 */
function isRepeatedSoon({ type, isAddressed }: Glance): boolean {
  return (type === MessageType.discover || type === MessageType.request) && !isAddressed;
}
