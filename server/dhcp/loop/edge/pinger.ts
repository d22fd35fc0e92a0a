import type { IcmpSocket } from "../../../../base/net/icmp-socket.ts";
import { TimerWheel } from "../../../../base/timer-wheel.ts";

/** Probes at the same time: one for each ICMP sequence number. */
const pingsMax = 65_536;
const tickMs = 5;

export interface PingResults {
  readonly answered: readonly number[];
  readonly timedOut: readonly number[];
}

const noResults: PingResults = { answered: [], timedOut: [] };

/**
 * Probes whether an address is in use before it is offered (`ping-check`, DHCP-14). Nothing waits for it:
 * `poll` returns the probes that were answered and those that timed out.
 */
export class Pinger {
  readonly #socket: IcmpSocket;
  readonly #identifier: number;
  readonly #tickets = new Float64Array(pingsMax);
  readonly #addresses = new Uint32Array(pingsMax);
  readonly #timers: TimerWheel;
  #next = 0;
  #outstanding = 0;

  constructor(options: { socket: IcmpSocket; identifier: number; nowMs: number }) {
    this.#socket = options.socket;
    this.#identifier = options.identifier & 0xffff;
    this.#timers = new TimerWheel(pingsMax, tickMs, options.nowMs);
  }

  get outstanding(): number {
    return this.#outstanding;
  }

  /** Sends one echo request. False when all sequence numbers are in use and nothing was sent. */
  ping(ticket: number, address: number, dueAtMs: number): boolean {
    if (this.#outstanding === pingsMax) return false;
    while (this.#timers.isScheduled(this.#next)) this.#next = (this.#next + 1) % pingsMax;
    const sequence = this.#next;
    this.#next = (this.#next + 1) % pingsMax;
    this.#tickets[sequence] = ticket;
    this.#addresses[sequence] = address;
    this.#timers.schedule(sequence, dueAtMs);
    this.#outstanding += 1;
    this.#socket.sendEcho(address, this.#identifier, sequence);
    return true;
  }

  /** The probes that ended since the last call. An answer from another address does not count. */
  poll(nowMs: number): PingResults {
    if (this.#outstanding === 0) return noResults;
    const answered: number[] = [];
    const timedOut: number[] = [];
    for (const reply of this.#socket.receive()) {
      const { sequence } = reply;
      if (reply.id !== this.#identifier || !this.#timers.isScheduled(sequence)) continue;
      if (reply.source !== this.#addresses[sequence]) continue;
      this.#timers.cancel(sequence);
      this.#outstanding -= 1;
      answered.push(this.#tickets[sequence]);
    }
    this.#timers.advance(nowMs, (sequence) => {
      this.#outstanding -= 1;
      timedOut.push(this.#tickets[sequence]);
    });
    return { answered, timedOut };
  }

  close(): void {
    this.#socket.close();
  }
}
