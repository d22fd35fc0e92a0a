import { execFile } from "node:child_process";
import type { Logger } from "../../../base/log.ts";
import { SocketError } from "../../../base/net/kernel/socket-error.ts";
import { openPacketSocket } from "../../../base/net/packet-socket.ts";
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
/**
 * Announced again while the address is ours: a node that crashed may still have it and answer ARP for it.
 */
const refreshIntervalMs = 10_000;
const commandMsMax = 2000;

/**
 * The floating address, which the active node has. `ip address` adds and removes it, and announcements tell
 * it to the neighbours, whose ARP caches still point to the other node. Failures are only logged: the node
 * can still serve by its own address.
 *
 * Announcements are sent in `turn` alone, after the decision of that turn: a node that stood still must
 * remove the address before it could announce one that belongs to the other node by now.
 */
export class FloatingAddress {
  readonly #plan: FloatingAddressPlan;
  readonly #logger: Logger;
  /** If more time passes between two turns, the process stood still and may have been replaced. */
  readonly #pauseMsMax: number;
  /** Commands run one after the other: a removal never overtakes the addition before it. */
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

  /** Announces the address when it is time to. `nowMs` is monotonic. */
  turn(nowMs: number): void {
    const isPaused = nowMs - (this.#turnedAtMs ?? nowMs) > this.#pauseMsMax;
    this.#turnedAtMs = nowMs;
    // Meanwhile the store is asked whether the address is still ours.
    if (isPaused) this.#quietUntilMs = nowMs + announceIntervalMs;
    if (!this.#isOn || nowMs < Math.max(this.#dueAtMs, this.#quietUntilMs)) return;
    this.#sendAnnouncement();
    this.#announced += 1;
    const waitMs = this.#announced < announcements ? announceIntervalMs : refreshIntervalMs;
    this.#dueAtMs = nowMs + waitMs;
  }

  /** Settles when all queued commands have run. */
  settled(): Promise<void> {
    return this.#queue;
  }

  /** Returns whether the command succeeded. */
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
