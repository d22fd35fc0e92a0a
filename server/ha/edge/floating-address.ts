import { execFile } from "node:child_process";
import type { Logger } from "../../../base/log.ts";
import { openPacketSocket } from "../../../base/net/packet-socket.ts";
import { SocketError } from "../../../base/net/socket-error.ts";
import { buildArpAnnouncement } from "../../../protocol/arp/packet.ts";
import { formatIpv4 } from "../../../protocol/ipv4.ts";

export interface FloatingAddressPlan {
  readonly address: number;
  readonly prefixLength: number;
  readonly device: string;
}

/** RFC 5227, section 1.1: ANNOUNCE_NUM and ANNOUNCE_INTERVAL. */
const announcements = 2;
const announceIntervalMs = 2000;
/** Announced again for as long as it is ours: a node that died with it on still answers ARP, while its machine lives. */
const refreshIntervalMs = 10_000;
const commandMsMax = 2000;

/**
 * The address that is always the active node's. It is put on and taken off by `ip address`, and
 * announced to the neighbours, whose ARP caches still have the other node. Everything that fails is
 * told to the log and nothing else: the node serves by its own address all the same.
 *
 * Announcements are sent in `turn` alone, after whoever decides has decided: a node that stood still takes
 * the address off before it could announce what is another one's by now.
 */
export class FloatingAddress {
  readonly #plan: FloatingAddressPlan;
  readonly #logger: Logger;
  /** Longer than that between two turns, and the process stood still: it may have been replaced. */
  readonly #pauseMsMax: number;
  /** One after the other: a withdrawal never overtakes the announcement before it. */
  #queue: Promise<void> = Promise.resolve();
  #isWanted = false;
  #isOn = false;
  #announced = 0;
  #dueAtMs = Number.NEGATIVE_INFINITY;
  #quietUntilMs = Number.NEGATIVE_INFINITY;
  #turnedAtMs: number | undefined;

  constructor(plan: FloatingAddressPlan, pauseMsMax: number, logger: Logger) {
    this.#plan = plan;
    this.#pauseMsMax = pauseMsMax;
    this.#logger = logger;
  }

  announce(): void {
    this.#isWanted = true;
    this.#queue = this.#queue.then(async () => {
      const isDone = await this.#ip("replace");
      this.#isOn = isDone && this.#isWanted;
      this.#announced = 0;
      this.#dueAtMs = Number.NEGATIVE_INFINITY;
    });
  }

  withdraw(): void {
    this.#isWanted = false;
    this.#isOn = false;
    this.#queue = this.#queue.then(async () => {
      await this.#ip("del");
    });
  }

  /** Announces when it is time to. `nowMs`: of the monotonic clock. */
  turn(nowMs: number): void {
    const isPaused = nowMs - (this.#turnedAtMs ?? nowMs) > this.#pauseMsMax;
    this.#turnedAtMs = nowMs;
    // The store is asked meanwhile whether it is still ours.
    if (isPaused) this.#quietUntilMs = nowMs + announceIntervalMs;
    if (!this.#isOn || nowMs < Math.max(this.#dueAtMs, this.#quietUntilMs)) return;
    this.#sendAnnouncement();
    this.#announced += 1;
    const waitMs = this.#announced < announcements ? announceIntervalMs : refreshIntervalMs;
    this.#dueAtMs = nowMs + waitMs;
  }

  /** Settles when what was asked for has been done. */
  settled(): Promise<void> {
    return this.#queue;
  }

  /** Whether it was done. */
  #ip(verb: "replace" | "del"): Promise<boolean> {
    const { address, prefixLength, device } = this.#plan;
    const args = ["address", verb, `${formatIpv4(address)}/${prefixLength}`, "dev", device];
    return new Promise((resolve) => {
      execFile("ip", args, { timeout: commandMsMax }, (error, _, stderr) => {
        if (error !== null) {
          const reason = stderr.trim() === "" ? error.message : stderr.trim();
          this.#logger.error(`ip ${args.join(" ")}: ${reason}`);
        }
        resolve(error === null);
      });
    });
  }

  #sendAnnouncement(): void {
    const { address, device } = this.#plan;
    try {
      const socket = openPacketSocket(device);
      const isSent = socket.send(buildArpAnnouncement(socket.hardwareAddress, address));
      socket.close();
      if (isSent) return;
      this.#logger.warn(`${formatIpv4(address)} could not be announced on ${device}`);
    } catch (error) {
      if (!(error instanceof SocketError)) throw error;
      this.#logger.warn(`${formatIpv4(address)} could not be announced: ${error.message}`);
    }
  }
}
