import { nullLogger } from "../../../../base/log.ts";
import type { UdpSocket } from "../../../../base/net/udp-socket.ts";
import { VirtualClock } from "../../../../base/virtual-clock.testing.ts";
import type { UdpFrame } from "../../../../protocol/udp-frame.ts";
import type { ServerConfig } from "../../../../server/config/model/model.ts";
import type { ClientMessage } from "../../../../server/dhcp/decide/engine.testing.ts";
import { ip, serverInterface } from "../../../../server/dhcp/decide/engine.testing.ts";
import { DhcpEngine } from "../../../../server/dhcp/decide/engine.ts";
import { DhcpCounters } from "../../../../server/dhcp/loop/counters.ts";
import type { LinkReplies } from "../../../../server/dhcp/loop/edge/link-reply.ts";
import { DhcpListener } from "../../../../server/dhcp/loop/edge/listener.ts";
import { ReplySender } from "../../../../server/dhcp/loop/reply-sender.ts";
import { parseLeaseFile } from "../../../../server/lease/format/parse-lease-file.testing.ts";
import { copyRecord, type LeaseRecord } from "../../../../server/lease/lease.ts";
import type { LeaseStore } from "../../../../server/lease/store/lease-store.ts";
import { LeaseTable } from "../../../../server/lease/table/lease-table.ts";
import { broadcastMac, clientFrame, dhcpPorts, serverAddress } from "../cable.testing.ts";

/** The two ends of a cable that is not there. */
export const virtualCableMac = Uint8Array.of(2, 0, 0, 0, 0, 0xcc);
const { hardwareAddress: serverMac } = serverInterface;

const datagramBytesMax = 2048;

/**
 * prov dhcpd without its process: listener, engine, lease table and reply sender as they are, on a
 * clock, a store and sockets in memory. The kernel's part (routes, ARP, the source of a reply) is put in
 * as it would be; the hand-written cases show that on real interfaces.
 */
export class VirtualProv {
  readonly #clock: VirtualClock;
  readonly #listener: DhcpListener;
  readonly #inbox: UdpFrame[] = [];
  readonly #outbox: UdpFrame[] = [];
  readonly #records = new Map<number, LeaseRecord>();

  constructor(config: ServerConfig, leases: string, startSeconds: number) {
    this.#clock = new VirtualClock(startSeconds * 1000);
    const table = new LeaseTable(
      config.pools.flatMap(({ index, ranges }) =>
        ranges.map(({ low, high }) => ({ low, high, pool: index })),
      ),
    );
    const { records, error } = parseLeaseFile(leases);
    if (error !== undefined) throw new Error(error.message);
    for (const record of records) {
      table.load(record);
      // Both servers leave out what is in no range when they write their file anew.
      if (table.indexOf(record.address) >= 0) this.#records.set(record.address, record);
    }
    const socket = this.#socket();
    const counters = new DhcpCounters();
    const sender = new ReplySender({
      socket,
      links: this.#links(),
      interfaces: [serverInterface],
      ownAddresses: new Set([ip(serverAddress)]),
      serverPort: dhcpPorts.server,
      broadcastAddress: 0xffff_ffff,
      counters,
      logger: nullLogger,
    });
    this.#listener = new DhcpListener({
      engine: new DhcpEngine({
        config,
        leases: table,
        ports: dhcpPorts,
        interfaces: [serverInterface],
        packetLogging: "none",
      }),
      leases: table,
      store: this.#store(table),
      socket,
      sender,
      encoder: sender,
      interfaces: [serverInterface],
      anyInterface: false,
      pinger: undefined,
      counters,
      logger: nullLogger,
      flushLog: () => undefined,
      clock: this.#clock,
    });
    this.#listener.turn();
  }

  /** The replies to one packet: none or one, unless something is broken. */
  ask(message: ClientMessage): UdpFrame[] {
    this.#inbox.push(clientFrame(message, virtualCableMac, serverMac));
    this.#listener.turn();
    return this.#outbox.splice(0);
  }

  /** Lets time pass, and the server notice. */
  advance(seconds: number): void {
    this.#clock.advance(seconds * 1000);
    this.#listener.turn();
  }

  /** The last record of each address, as the store would have it. */
  records(): readonly LeaseRecord[] {
    return [...this.#records.values()];
  }

  #store(table: LeaseTable): LeaseStore {
    return {
      durability: "none",
      append: (record) => {
        this.#records.set(record.address, copyRecord(record));
      },
      appendLease: (index) => {
        this.#records.set(table.addressOf(index), table.recordOf(index));
      },
      commit: () => undefined,
      beginCommit: () => true,
      endCommit: () => true,
      maintain: () => false,
      close: () => undefined,
    };
  }

  #links(): Pick<LinkReplies, "send"> {
    return {
      send: ({ hardware, payload, interfaceIndex: _, ...rest }) => {
        const frame = { sourceMac: serverMac, destinationMac: hardware, ...rest };
        this.#outbox.push({ ...frame, payload: payload.slice() });
        return true;
      },
    };
  }

  #socket(): UdpSocket {
    const slot = new Uint8Array(datagramBytesMax);
    let batch: UdpFrame[] = [];
    return {
      backend: "batch",
      localAddress: 0,
      localPort: dhcpPorts.server,
      receive: () => {
        batch = this.#inbox.splice(0);
        return batch.length;
      },
      bytes: (i) => batch[i].payload,
      sourceAddress: (i) => batch[i].source,
      sourcePort: (i) => batch[i].sourcePort,
      destinationAddress: (i) => batch[i].destination,
      interfaceIndex: () => serverInterface.index,
      receivedAtMs: () => this.#clock.monotonicMs(),
      slot: () => slot,
      isFull: false,
      push: (length, destination, port, source = ip(serverAddress)) => {
        const isBroadcast = destination === 0xffff_ffff;
        this.#outbox.push({
          sourceMac: serverMac,
          destinationMac: isBroadcast ? broadcastMac : virtualCableMac,
          source,
          destination,
          sourcePort: dhcpPorts.server,
          destinationPort: port,
          payload: slot.slice(0, length),
        });
      },
      flush: () => undefined,
      discard: () => undefined,
      counters: { received: 0, sent: 0, truncated: 0, kernelDrops: 0, sendErrors: 0 },
      lastSendError: undefined,
      close: () => undefined,
    };
  }
}
