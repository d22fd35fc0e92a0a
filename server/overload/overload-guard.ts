import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/log.ts";
import type { UdpSocket } from "../../base/net/udp-socket.ts";
import type { DhcpCounters } from "../dhcp/loop/counters.ts";
import type { Admission } from "./admission.ts";
import { OverloadReport } from "./overload-report.ts";

const receivedMin = 64;

/** Stands between the socket and the loop: asks the admission, counts what it drops, and tells. */
export class OverloadGuard {
  readonly #admission: Admission;
  readonly #counters: Pick<DhcpCounters, "countDropped" | "shed">;
  readonly #logger: Logger;
  readonly #report = new OverloadReport();
  #isSelective = false;
  #lost = 0;

  constructor(
    admission: Admission,
    counters: Pick<DhcpCounters, "countDropped" | "shed">,
    logger: Logger,
  ) {
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
    // Asking is a system call: the buffer cannot be full when next to nothing was in it.
    if (received >= receivedMin) this.#lost = socket.counters.kernelDrops;
    this.#isSelective = this.#admission.open({ received, waitedMs, lost: this.#lost }, nowMs);
  }

  /** Datagram `index` of the batch, which is `bytes`, is dropped, and counted. */
  refuses(
    bytes: Uint8Array,
    socket: Pick<UdpSocket, "receivedAtMs">,
    index: number,
    clock: Clock,
  ): boolean {
    if (!this.#isSelective) return false;
    // It has waited for those before it in the batch too.
    const waitedMs = clock.monotonicMs() - socket.receivedAtMs(index);
    const reason = this.#admission.refuse(bytes, waitedMs);
    if (reason === undefined) return false;
    this.#counters.countDropped(reason);
    return true;
  }

  /** To be called once a second. */
  tell(nowMs: number): void {
    const line = this.#report.lineAt(nowMs, this.#admission.isUnderPressure, this.#counters.shed);
    if (line !== undefined) this.#logger.warn(line);
  }
}
