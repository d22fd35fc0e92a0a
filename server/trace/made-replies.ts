import type { Logger } from "../../base/log.ts";
import type { Reply } from "../dhcp/exchange/outcome.ts";
import { DhcpCounters } from "../dhcp/loop/counters.ts";
import { ReplySender } from "../dhcp/loop/reply-sender.ts";
import type { TracedReply, TraceSetup } from "./trace-format.ts";

/** As long as the server's own slots, so that the same replies do not fit. */
const slotBytes = 4096;

/** Encodes replies as the server would send them on the recorded interfaces, but sends nothing. */
export class ReplyMaker {
  readonly #slot = new Uint8Array(slotBytes);
  readonly #sender: ReplySender;
  #made: TracedReply | undefined;

  constructor(setup: TraceSetup, logger: Logger) {
    const frameInterfaces = new Set(setup.frameInterfaces);
    this.#sender = new ReplySender({
      socket: {
        slot: () => this.#slot,
        push: (length, destination, port, source = 0, interfaceIndex = 0) => {
          const bytes = this.#slot.slice(0, length);
          this.#made = { hardware: undefined, destination, port, source, interfaceIndex, bytes };
        },
        flush: () => undefined,
      },
      links: {
        send: ({ hardware, interfaceIndex, destination, destinationPort, source, payload }) => {
          if (hardware.length !== 6 || !frameInterfaces.has(interfaceIndex)) return false;
          const bytes = payload.slice();
          const way = { destination, port: destinationPort, source, interfaceIndex };
          this.#made = { hardware: hardware.slice(), ...way, bytes };
          return true;
        },
      },
      interfaces: setup.interfaces,
      ownAddresses: new Set(setup.ownAddresses),
      serverPort: setup.localPort,
      broadcastAddress: setup.broadcastAddress,
      counters: new DhcpCounters(),
      logger,
    });
  }

  /** Undefined for a reply that cannot be encoded, and so is never sent. */
  make(outcome: Reply, asked: number): TracedReply | undefined {
    this.#made = undefined;
    this.#sender.send(outcome, asked);
    return this.#made;
  }
}
