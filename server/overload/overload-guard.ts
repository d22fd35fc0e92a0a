import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/log.ts";
import type { UdpSocket } from "../../base/net/udp-socket.ts";
import type { Admission, OverloadReason } from "./admission.ts";
import { OverloadReport } from "./overload-report.ts";

const receivedMin = 64;

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
  readonly #report = new OverloadReport();
  #isSelective = false;
  #lost = 0;

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

  /** To be called once a second: writes the line for the log, if one is due. */
  tell(nowMs: number): void {
    const line = this.#report.lineAt(nowMs, this.#admission.isUnderPressure, this.#counters.shed);
    if (line !== undefined) this.#logger.warn(line);
  }
}
