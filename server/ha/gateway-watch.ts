import type { EchoReply } from "../../base/net/icmp-socket.ts";
import { AttendedSilence } from "./attended-silence.ts";
import type { HeartbeatTimes } from "./heartbeat-times.ts";

export interface GatewayWatchOptions {
  readonly address: number;
  /** Identifies our own echo requests: other programs ping too. */
  readonly identifier: number;
  readonly times: HeartbeatTimes;
}

/**
 * Whether the gateway of the DHCP port answers (HA-12; `ping` and `deadping` of HA-28). It sends one echo
 * request each keepalive; the gateway counts as lost after deadping without any reply.
 */
export class GatewayWatch {
  readonly #options: GatewayWatchOptions;
  readonly #silence: AttendedSilence;
  #nextAtMs: number;
  #passedAtMs: number;
  #sequence = 0;

  constructor(options: GatewayWatchOptions, nowMs: number) {
    this.#options = options;
    this.#silence = new AttendedSilence(options.times.keepaliveMs);
    this.#nextAtMs = nowMs;
    this.#passedAtMs = nowMs;
  }

  get identifier(): number {
    return this.#options.identifier;
  }

  get answers(): boolean {
    return this.#silence.silentMs < this.#options.times.gatewayDeadMs;
  }

  /** Takes the replies that have arrived; returns the sequence number of a request that is due. */
  pass(nowMs: number, replies: readonly EchoReply[]): number | undefined {
    const { address, identifier, times } = this.#options;
    if (replies.some(({ source, id }) => source === address && id === identifier)) {
      this.#silence.heard();
    }
    this.#silence.pass(nowMs - this.#passedAtMs);
    this.#passedAtMs = nowMs;
    if (nowMs < this.#nextAtMs) return undefined;
    this.#nextAtMs = nowMs + times.keepaliveMs;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    return this.#sequence;
  }
}
