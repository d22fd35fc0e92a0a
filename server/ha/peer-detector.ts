import { AttendedSilence } from "./attended-silence.ts";
import type { HeartbeatTimes } from "./heartbeat-times.ts";

/** `unheard`: nothing arrived by it since the start. */
export type LinkState = "unheard" | "up" | "late" | "dead";

/** `unknown`: not heard since the start, and initdead is not over. */
export type PeerLife = "unknown" | "alive" | "dead";

export type DetectorEvent =
  | { readonly kind: "link"; readonly link: number; readonly state: LinkState }
  | { readonly kind: "peer"; readonly life: PeerLife }
  /** Our own program stood still for this long. */
  | { readonly kind: "stalled"; readonly stalledMs: number };

interface Link {
  readonly silence: AttendedSilence;
  state: LinkState;
}

/**
 * Decides whether the peer lives, from the times when it was heard (HA-10). It uses a monotonic clock
 * only, so a step of the wall clock changes nothing. The caller reads the sockets first and calls `pass`
 * afterwards, at least twice in a keepalive.
 */
export class PeerDetector {
  readonly #times: HeartbeatTimes;
  readonly #links: readonly Link[];
  #life: PeerLife = "unknown";
  #passedAtMs: number;
  #events: DetectorEvent[] = [];

  constructor(times: HeartbeatTimes, linkCount: number, nowMs: number) {
    this.#times = times;
    this.#passedAtMs = nowMs;
    this.#links = Array.from({ length: linkCount }, () => ({
      silence: new AttendedSilence(times.keepaliveMs),
      state: "unheard",
    }));
  }

  get life(): PeerLife {
    return this.#life;
  }

  get linkStates(): readonly LinkState[] {
    return this.#links.map(({ state }) => state);
  }

  /** An accepted heartbeat came by `link`. */
  heard(link: number): void {
    const { silence } = this.#links[link]!;
    silence.heard();
    this.#setLink(link, "up");
    this.#setLife("alive");
  }

  /** Advances the time; returns the changes since the last call, including those from heartbeats. */
  pass(nowMs: number): readonly DetectorEvent[] {
    const elapsedMs = nowMs - this.#passedAtMs;
    this.#passedAtMs = nowMs;
    if (elapsedMs > this.#times.keepaliveMs) {
      this.#events.push({ kind: "stalled", stalledMs: elapsedMs });
    }
    for (const [link, { silence, state }] of this.#links.entries()) {
      silence.pass(elapsedMs);
      if (state !== "unheard") this.#setLink(link, this.#heardLinkState(silence.silentMs));
    }
    const silentMs = Math.min(...this.#links.map(({ silence }) => silence.silentMs));
    const { deadMs, initialDeadMs } = this.#times;
    if (silentMs >= (this.#life === "unknown" ? initialDeadMs : deadMs)) this.#setLife("dead");
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #heardLinkState(silentMs: number): LinkState {
    if (silentMs >= this.#times.deadMs) return "dead";
    return silentMs >= this.#times.warnMs ? "late" : "up";
  }

  #setLink(link: number, state: LinkState): void {
    if (this.#links[link]!.state === state) return;
    this.#links[link]!.state = state;
    this.#events.push({ kind: "link", link, state });
  }

  #setLife(life: PeerLife): void {
    if (this.#life === life) return;
    this.#life = life;
    this.#events.push({ kind: "peer", life });
  }
}
