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

interface Link {
  sentSequence: number;
  heardSequence: number;
  /** The latest authentic heartbeat, believed or not: it is echoed to the peer. */
  echo: (Omit<HeartbeatEcho, "heldMs"> & { readonly heardAtMs: number }) | undefined;
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
    if (state.echo === undefined) return { sequence: state.sentSequence, echo: undefined };
    const { heardAtMs, ...rest } = state.echo;
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
    state.echo = { bootId, sequence, sentAtMs, heardAtMs: nowMs };
    const isAnswer = echo?.bootId === this.#options.bootId && this.#isRecent(state, echo.sequence);
    if (!isKnownBoot && !isAnswer) return "unproven";
    if (!isKnownBoot) {
      for (const other of this.#links) other.heardSequence = -1;
      this.#peerBootId = bootId;
    }
    state.heardSequence = sequence;
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
