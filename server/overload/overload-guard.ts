import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/log.ts";
import type { UdpSocket } from "../../base/net/udp-socket.ts";
import type { Admission, OverloadReason } from "./admission.ts";

/** Batches with fewer datagrams leave room in the receive buffer. */
const receivedMin = 64;
/** The time between two lines for the log at least. */
const reportMsMin = 10_000;

/** Counts the datagrams that are dropped. */
export interface DropCounter {
  countDropped(reason: OverloadReason): void;
  /** Dropped for these reasons since the start. */
  readonly shed: number;
}

/** Between the socket and the loop: asks the admission, counts the dropped datagrams, and tells the operator. */
export class OverloadGuard {
  readonly #admission: Admission;
  readonly #counters: DropCounter;
  readonly #logger: Logger;
  #isSelective = false;
  #lost = 0;
  #toldAtMs = Number.NEGATIVE_INFINITY;
  #droppedBefore = 0;
  /** The last line said that there is overload. */
  #isTold = false;

  constructor(admission: Admission, counters: DropCounter, logger: Logger) {
    this.#admission = admission;
    this.#counters = counters;
    this.#logger = logger;
  }

  /** Begins the batch that the socket has just received; its first datagram is the oldest. */
  open(
    socket: Pick<UdpSocket, "receivedAtMs" | "counters">,
    received: number,
    nowMs: number,
  ): void {
    const waitedMs = received > 0 ? nowMs - socket.receivedAtMs(0) : 0;
    // Asking is a system call, and the buffer was not full when so few datagrams were in it.
    if (received >= receivedMin) this.#lost = socket.counters.kernelDrops;
    this.#isSelective = this.#admission.open({ received, waitedMs, lost: this.#lost }, nowMs);
  }

  /** Whether datagram `index` of the batch, whose content is `bytes`, is dropped; if so, counts it. */
  refuses(
    bytes: Uint8Array,
    socket: Pick<UdpSocket, "receivedAtMs">,
    index: number,
    clock: Clock,
  ): boolean {
    if (!this.#isSelective) return false;
    // It has also waited for the datagrams before it in the batch.
    const waitedMs = clock.monotonicMs() - socket.receivedAtMs(index);
    const reason = this.#admission.refuse(bytes, waitedMs);
    if (reason === undefined) return false;
    this.#counters.countDropped(reason);
    return true;
  }

  /**
   * To be called once a second: logs when overload begins, every ten seconds while it lasts, and when it
   * is over; never more often, even when it comes and goes.
   */
  tell(nowMs: number): void {
    const { isUnderPressure } = this.#admission;
    const isNews = isUnderPressure || this.#isTold;
    if (!isNews || nowMs - this.#toldAtMs < reportMsMin) return;
    const { shed } = this.#counters;
    const count = shed - this.#droppedBefore;
    const requests = count === 1 ? "1 request was" : `${count} requests were`;
    this.#logger.warn(
      isUnderPressure
        ? `Overload: ${this.#isTold ? requests : "requests are"} dropped, those of unknown clients first.`
        : `The overload is over: ${requests} dropped since the last line about it.`,
    );
    this.#toldAtMs = nowMs;
    this.#droppedBefore = shed;
    this.#isTold = isUnderPressure;
  }
}
