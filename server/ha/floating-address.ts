import { execFile } from "node:child_process";
import type { Logger } from "../../base/log.ts";
import { openPacketSocket } from "../../base/net/packet-socket.ts";
import { SocketError } from "../../base/net/socket-error.ts";
import { buildArpAnnouncement } from "../../protocol/arp/packet.ts";
import { formatIpv4 } from "../../protocol/ipv4.ts";

export interface FloatingAddressPlan {
  readonly address: number;
  readonly prefixLength: number;
  readonly device: string;
}

/** RFC 5227, section 1.1: ANNOUNCE_NUM and ANNOUNCE_INTERVAL. */
const announcements = 2;
const announceIntervalMs = 2000;
const commandMsMax = 2000;

/**
 * The address that is always the active node's. It is put on and taken off by `ip address`, and
 * announced to the neighbours, whose ARP caches still have the other node. Everything that fails is
 * told to the log and nothing else: the node serves by its own address all the same.
 */
export class FloatingAddress {
  readonly #plan: FloatingAddressPlan;
  readonly #logger: Logger;
  /** One after the other: a withdrawal never overtakes the announcement before it. */
  #queue: Promise<void> = Promise.resolve();
  #isAnnounced = false;

  constructor(plan: FloatingAddressPlan, logger: Logger) {
    this.#plan = plan;
    this.#logger = logger;
  }

  announce(): void {
    this.#isAnnounced = true;
    this.#queue = this.#queue.then(async () => {
      await this.#ip("replace");
      for (let time = 0; time < announcements; time += 1) {
        if (time > 0) await rest(announceIntervalMs);
        if (!this.#isAnnounced) return;
        this.#sendAnnouncement();
      }
    });
  }

  withdraw(): void {
    this.#isAnnounced = false;
    this.#queue = this.#queue.then(() => this.#ip("del"));
  }

  /** Settles when what was asked for has been done. */
  settled(): Promise<void> {
    return this.#queue;
  }

  #ip(verb: "replace" | "del"): Promise<void> {
    const { address, prefixLength, device } = this.#plan;
    const args = ["address", verb, `${formatIpv4(address)}/${prefixLength}`, "dev", device];
    return new Promise((resolve) => {
      execFile("ip", args, { timeout: commandMsMax }, (error, _, stderr) => {
        if (error !== null) {
          const reason = stderr.trim() === "" ? error.message : stderr.trim();
          this.#logger.error(`ip ${args.join(" ")}: ${reason}`);
        }
        resolve();
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

async function rest(forMs: number): Promise<void> {
  await new Promise<void>((resolve) => setTimeout(resolve, forMs).unref());
}
