import { MessageType } from "../../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import { BootOperation, messageType } from "../../../protocol/dhcp/packet.ts";
import type { ServerConfig } from "../../config/model/model.ts";
import type { LeaseTable } from "../../lease/table/lease-table.ts";
import type { EngineParts } from "../exchange/engine-parts.ts";
import { Exchange } from "../exchange/exchange.ts";
import { LeaseEvents } from "../exchange/lease-events.ts";
import { LeaseLimits } from "../exchange/lease-limits.ts";
import { type Arrival, type LocalInterface, noChanges, type Outcome } from "../exchange/outcome.ts";
import type { PacketLogging } from "../exchange/packet-log.ts";
import { PendingOffers } from "../exchange/pending-offers.ts";
import { PoolThresholds } from "../exchange/pool-thresholds.ts";
import type { TftpPair } from "../policy/crossed-tftp.ts";
import { PolicyCache } from "../policy/policy-cache.ts";
import type { StatementOutput } from "../policy/statement-output.ts";
import { WordOptions } from "../policy/word-options.ts";
import { bootp } from "./bootp.ts";
import { discover } from "./discover.ts";
import { decline, release } from "./give-back.ts";
import { drop } from "./grant.ts";
import { inform } from "./inform.ts";
import { endLease } from "./lease-end.ts";
import { request } from "./request.ts";

/** Leases freed by one call of `expire`: the rest waits for the next second. */
const EXPIRIES_MAX = 10_000;

export interface DhcpEngineOptions {
  readonly config: ServerConfig;
  /** With the leases of the store already in it. The engine alone changes it, save durability. */
  readonly leases: LeaseTable;
  /** UDP ports of the server and of its clients: 67 and 68, or P and P + 1. */
  readonly ports: { readonly server: number; readonly client: number };
  readonly interfaces: () => readonly LocalInterface[];
  /** Of a pair of nodes (TFTP-2): replies name the other node's first, this one's second. */
  readonly tftpServers?: TftpPair | undefined;
  /** Takes what `log` and `execute` statements say and ask for, while a decision is made. */
  readonly output?: (output: StatementOutput) => void;
  /** `gethostname ()`. */
  readonly serverHostName?: string | undefined;
  /** Whether outcomes have a `log`: a line costs about as much as the decision. `text` unless told. */
  readonly packetLogging?: PacketLogging;
  /** Addresses of a host name that stands where an address belongs; from a cache, never waits. */
  readonly resolve?: (name: string) => readonly number[] | undefined;
  /** The name of an address in DNS (`get-lease-hostnames`); from a cache, never waits. */
  readonly nameOf?: (address: number) => string | undefined;
  /**
   * Every acknowledgement of a lease has a record of its own, whatever `dhcp-cache-threshold` says: the
   * store of a pair commits for the leader only, and that commit is what tells who may acknowledge.
   */
  readonly recordsEveryAck?: boolean;
}

export interface DhcpEngineApi {
  respond(arrival: Arrival, nowSeconds: number, nowMs: number): Outcome;
  /**
   * Somebody uses the address of this ticket: it is abandoned, and no OFFER goes out. Returns the
   * changes, as those of an `Outcome`.
   */
  pingAnswered(ticket: number, nowSeconds: number): readonly number[];
  /** Nobody answered: the waiting OFFER. A ticket that is unknown by now gives a drop. */
  pingTimedOut(ticket: number, nowSeconds: number): Outcome;
  /** Frees the leases whose time is over and returns them as changes. Bounded a call. */
  expire(nowSeconds: number): readonly number[];
}

const settled: Outcome = { kind: "drop", reason: "ping-settled", changes: noChanges };

/**
 * The DHCP server's decisions, as values: packets and times in, replies and changed leases out. It
 * owns no socket, file or clock, so that the same engine runs in production and in virtual time.
 */
export class DhcpEngine implements DhcpEngineApi {
  readonly #parts: EngineParts;
  readonly #exchange: Exchange;
  readonly #interfaces: () => readonly LocalInterface[];

  constructor(options: DhcpEngineOptions) {
    const { config, leases, ports } = options;
    const output = options.output ?? (() => undefined);
    this.#interfaces = options.interfaces;
    this.#parts = {
      config,
      leases,
      ports,
      limits: new LeaseLimits(config, leases),
      policies: new PolicyCache(config, options.tftpServers, output),
      events: new LeaseEvents(config, output),
      output,
      serverHostName: options.serverHostName,
      pending: new PendingOffers(),
      words: new WordOptions(),
      packetLogging: options.packetLogging ?? "text",
      resolve: options.resolve,
      nameOf: options.nameOf,
      thresholds: new PoolThresholds(),
      recordsEveryAck: options.recordsEveryAck ?? false,
    };
    this.#exchange = new Exchange(this.#parts);
  }

  /** Somebody else has changed the table: what is counted from it is counted anew. */
  recount(): void {
    this.#parts.limits.recount(this.#parts.leases);
  }

  /** Offers that wait for the end of a probe. */
  get pendingOffers(): number {
    return this.#parts.pending.size;
  }

  respond(arrival: Arrival, nowSeconds: number, nowMs: number): Outcome {
    const { packet } = arrival;
    if (packet.op !== BootOperation.request) {
      return { kind: "drop", reason: "not-a-request", changes: noChanges };
    }
    const receivedOn = this.#interfaceOf(arrival.interfaceIndex);
    const exchange = this.#exchange;
    exchange.begin(arrival, messageType(packet), nowSeconds, nowMs, receivedOn);
    return exchange.clientId === undefined ? decideByHardware(exchange) : decide(exchange);
  }

  pingAnswered(ticket: number, nowSeconds: number): readonly number[] {
    const { pending, leases, limits } = this.#parts;
    const waiting = pending.take(ticket);
    if (waiting === undefined) return noChanges;
    const { index, abandonSeconds } = waiting;
    limits.unbill(index);
    leases.abandon(index, nowSeconds, nowSeconds + abandonSeconds);
    return [index];
  }

  pingTimedOut(ticket: number, nowSeconds: number): Outcome {
    const { pending, leases } = this.#parts;
    const waiting = pending.take(ticket);
    if (waiting === undefined) return settled;
    leases.setCltt(waiting.index, nowSeconds);
    return waiting.offer;
  }

  expire(nowSeconds: number): readonly number[] {
    const { leases, limits } = this.#parts;
    let expired: number[] | undefined;
    leases.expireDue(
      nowSeconds,
      (index, kept) => {
        limits.unbill(index);
        endLease(this.#parts, index, kept);
        expired ??= [];
        expired.push(index);
      },
      EXPIRIES_MAX,
    );
    return expired ?? noChanges;
  }

  #interfaceOf(interfaceIndex: number): LocalInterface | undefined {
    const interfaces = this.#interfaces();
    for (const one of interfaces) if (one.index === interfaceIndex) return one;
    return interfaceIndex === 0 && interfaces.length === 1 ? interfaces[0] : undefined;
  }
}

/** Without a client identifier, a hardware address must do; an empty identifier is a broken packet. */
function decideByHardware(exchange: Exchange): Outcome {
  const { packet, type } = exchange;
  if (packet.options.has(OptionCode.clientIdentifier)) {
    return drop(exchange, "no-client-identity", "zero-length client identifier");
  }
  if (packet.hlen === 0 && type !== MessageType.inform) {
    return drop(exchange, "no-client-identity", "neither hardware address nor client identifier");
  }
  return decide(exchange);
}

function decide(exchange: Exchange): Outcome {
  switch (exchange.type) {
    case MessageType.discover:
      return discover(exchange);
    case MessageType.request:
      return request(exchange);
    case MessageType.release:
      return release(exchange);
    case MessageType.decline:
      return decline(exchange);
    case MessageType.inform:
      return inform(exchange);
    case MessageType.leaseQuery:
      return drop(exchange, "lease-query-denied", "leasequery is not served");
    case 0:
      return bootp(exchange);
    default: {
      return drop(exchange, "unsupported-message-type", "not served");
    }
  }
}
