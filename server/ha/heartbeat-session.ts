import type { Heartbeat, HeartbeatEcho } from "../../protocol/heartbeat/packet.ts";

/** Why an authentic heartbeat was not believed. */
export type HeardRefusal = "node" | "link" | "replayed" | "unproven";

export interface HeartbeatSessionOptions {
  readonly bootId: string;
  readonly peerName: string;
  readonly linkCount: number;
  /** A proof may be this many of our heartbeats old: as many as fit into deadtime. */
  readonly proofsMax: number;
}

/** Boots that may be the peer's, of which the latest are echoed in turn. */
const strangersMax = 8;

type HeardEcho = Omit<HeartbeatEcho, "heldMs"> & { readonly heardAtMs: number };

interface Link {
  sentSequence: number;
  heardSequence: number;
  /** The latest heartbeat that was believed: it is echoed to the peer. */
  echo: HeardEcho | undefined;
  /**
   * While no boot is believed: the latest authentic heartbeat of each boot. A recording is authentic, so it must not
   * take the place of the living peer's.
   */
  readonly strangers: Map<string, HeardEcho>;
  roundTripMs: number | undefined;
}

/**
 * Decides which heartbeats are believed. From the known boot, the sequence must grow. Another boot is
 * believed only when it answers a recent heartbeat of ours. So a recording of an earlier boot, however
 * authentic, is never taken for the peer, and no clock has to be right for that.
 */
export class HeartbeatSession {
  readonly #options: HeartbeatSessionOptions;
  readonly #links: readonly Link[];
  #peerBootId: string | undefined;

  constructor(options: HeartbeatSessionOptions) {
    this.#options = options;
    this.#links = Array.from({ length: options.linkCount }, () => ({
      sentSequence: 0,
      heardSequence: -1,
      echo: undefined,
      strangers: new Map(),
      roundTripMs: undefined,
    }));
  }

  /** Round trip of each link in milliseconds; undefined before the first answer. */
  get roundTripsMs(): readonly (number | undefined)[] {
    return this.#links.map(({ roundTripMs }) => roundTripMs);
  }

  /** Sequence and echo of the next heartbeat on `link`. */
  next(link: number, nowMs: number): Pick<Heartbeat, "sequence" | "echo"> {
    const state = this.#links[link];
    state.sentSequence += 1;
    const heard = state.echo ?? nextStranger(state.strangers);
    if (heard === undefined) return { sequence: state.sentSequence, echo: undefined };
    const { heardAtMs, ...rest } = heard;
    const echo = { ...rest, heldMs: Math.max(0, nowMs - heardAtMs) };
    return { sequence: state.sentSequence, echo };
  }

  /** `link` is where the heartbeat arrived. Undefined: it is believed. */
  hear(heartbeat: Heartbeat, link: number, nowMs: number): HeardRefusal | undefined {
    const { node, bootId, sequence, sentAtMs, echo } = heartbeat;
    if (node !== this.#options.peerName) return "node";
    if (heartbeat.link !== link) return "link";
    const state = this.#links[link];
    const isKnownBoot = bootId === this.#peerBootId;
    if (isKnownBoot && sequence <= state.heardSequence) return "replayed";
    const heard = { bootId, sequence, sentAtMs, heardAtMs: nowMs };
    const isAnswer = echo?.bootId === this.#options.bootId && this.#isRecent(state, echo.sequence);
    if (!isKnownBoot && !isAnswer) {
      // A peer that knows none of our boots echoes us, and so proves itself: it needs no echo while one is believed.
      if (this.#peerBootId === undefined) keepStranger(state.strangers, heard);
      return "unproven";
    }
    if (!isKnownBoot) {
      for (const other of this.#links) other.heardSequence = -1;
      for (const other of this.#links) other.echo = undefined;
      this.#peerBootId = bootId;
    }
    state.heardSequence = sequence;
    state.echo = heard;
    if (isAnswer) state.roundTripMs = this.roundTripOf(heartbeat, nowMs);
    return undefined;
  }

  /** Round trip up to the moment of reading; undefined for a heartbeat that answers none of this boot. */
  roundTripOf({ echo }: Pick<Heartbeat, "echo">, nowMs: number): number | undefined {
    if (echo?.bootId !== this.#options.bootId) return undefined;
    return Math.max(0, nowMs - echo.sentAtMs - echo.heldMs);
  }

  #isRecent({ sentSequence }: Link, sequence: number): boolean {
    return sequence <= sentSequence && sequence > sentSequence - this.#options.proofsMax;
  }
}

function keepStranger(strangers: Map<string, HeardEcho>, heard: HeardEcho): void {
  const [oldest] = strangers.keys();
  if (strangers.size === strangersMax && !strangers.has(heard.bootId)) strangers.delete(oldest);
  strangers.set(heard.bootId, heard);
}

/** The first of them, which is the last from now on. */
function nextStranger(strangers: Map<string, HeardEcho>): HeardEcho | undefined {
  const [next] = strangers.values();
  if (next === undefined) return undefined;
  strangers.delete(next.bootId);
  strangers.set(next.bootId, next);
  return next;
}
