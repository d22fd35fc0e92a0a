import { MessageType } from "../../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import { BootOperation, messageType } from "../../../protocol/dhcp/packet.ts";
import { formatIpv4 } from "../../../protocol/ipv4.ts";
import { brokenBy } from "../../quarantine/broken-by.ts";
import type { DhcpEngineOptions, EngineParts } from "../exchange/engine-parts.ts";
import { Exchange } from "../exchange/exchange.ts";
import { LeaseEvents } from "../exchange/lease-events.ts";
import { LeaseLimits } from "../exchange/lease-limits.ts";
import { type Arrival, type LocalInterface, noChanges, type Outcome } from "../exchange/outcome.ts";
import { PendingOffers } from "../exchange/pending-offers.ts";
import { PoolThresholds } from "../exchange/pool-thresholds.ts";
import { PolicyCache } from "../policy/policy-cache.ts";
import { WordOptions } from "../policy/word-options.ts";
import { bootp } from "./bootp.ts";
import { discover } from "./discover.ts";
import { drop } from "./drop.ts";
import { decline, release } from "./give-back.ts";
import { inform } from "./inform.ts";
import { endLease } from "./lease-end.ts";
import { request } from "./request.ts";

/** Leases that one call of `expire` frees: the rest waits for the next second. */
const EXPIRIES_MAX = 10_000;

/** By message type; 0 is BOOTP. Others are not served. */
const decisions: Readonly<Record<number, (exchange: Exchange) => Outcome>> = {
  0: bootp,
  [MessageType.discover]: discover,
  [MessageType.request]: request,
  [MessageType.release]: release,
  [MessageType.decline]: decline,
  [MessageType.inform]: inform,
  [MessageType.leaseQuery]: (exchange) =>
    drop(exchange, "lease-query-denied", "leasequery is not served"),
};

/** What the loop uses of an engine. */
export type DhcpEngineApi = Pick<
  DhcpEngine,
  "respond" | "giveUp" | "pingAnswered" | "pingTimedOut" | "expire"
>;

const settled: Outcome = { kind: "drop", reason: "ping-settled", changes: noChanges };

/**
 * The DHCP server's decisions, as values: packets and times in, replies and changed leases out. It
 * owns no socket, file or clock, so the same engine runs in production and in virtual time.
 */
export class DhcpEngine {
  readonly #parts: EngineParts & { interfaces: readonly LocalInterface[] };
  readonly #exchange: Exchange;

  constructor(options: DhcpEngineOptions) {
    const { config, leases, tftpServers, output = () => undefined } = options;
    // Field by field: on a spread object every access is slow, and decisions take half as long again.
    this.#parts = {
      config,
      leases,
      tftpServers,
      output,
      ports: options.ports,
      interfaces: options.interfaces,
      serverHostName: options.serverHostName,
      packetLogging: options.packetLogging ?? "text",
      resolve: options.resolve,
      nameOf: options.nameOf,
      recordsEveryAck: options.recordsEveryAck ?? false,
      limits: new LeaseLimits(config, leases),
      policies: new PolicyCache(config, tftpServers, output),
      events: new LeaseEvents(config, output),
      pending: new PendingOffers(),
      words: new WordOptions(),
      thresholds: new PoolThresholds(),
    };
    this.#exchange = new Exchange(this.#parts);
  }

  /** From now on these interfaces are served. */
  turnTo(interfaces: readonly LocalInterface[]): void {
    this.#parts.interfaces = interfaces;
  }

  /** Counts again after the table was changed from outside. */
  recount(): void {
    this.#parts.limits.recount(this.#parts.leases);
  }

  respond(arrival: Arrival, nowSeconds: number, nowMs: number): Outcome {
    const { packet } = arrival;
    if (packet.op !== BootOperation.request) {
      return { kind: "drop", reason: "not-a-request", changes: noChanges };
    }
    const receivedOn = this.#interfaceOf(arrival.interfaceIndex);
    const exchange = this.#exchange;
    exchange.begin(arrival, messageType(packet), nowSeconds, nowMs, receivedOn);
    const mistake = exchange.clientId === undefined ? identityMistake(exchange) : undefined;
    if (mistake !== undefined) return drop(exchange, "no-client-identity", mistake);
    const decide = decisions[exchange.type];
    return decide?.(exchange) ?? drop(exchange, "unsupported-message-type", "not served");
  }

  /**
   * The decision about the last packet broke, or its outcome could not be carried out. Puts the table into the state of
   * a reply that was lost: what changed stays changed, and is returned like the changes of an `Outcome`; but an address
   * that the client was only about to get is free again.
   */
  giveUp(): readonly number[] {
    const { leases, limits, pending } = this.#parts;
    const { changes, taken, nowSeconds } = this.#exchange;
    if (taken >= 0) {
      pending.cancel(taken);
      if (leases.isActive(taken)) leases.release(taken, nowSeconds);
      else leases.letGo(taken, nowSeconds);
    }
    for (const index of changes) limits.recountOne(index, leases);
    return changes.filter((index) => leases.isWorthKeeping(index));
  }

  /**
   * Somebody uses the address of this ticket: it is abandoned, and no OFFER goes out. Returns
   * changes like those of an `Outcome`.
   */
  pingAnswered(ticket: number, nowSeconds: number): readonly number[] {
    const { pending, leases, limits } = this.#parts;
    const waiting = pending.take(ticket);
    if (waiting === undefined) return noChanges;
    const { index, abandonSeconds } = waiting;
    limits.unbill(index);
    leases.abandon(index, nowSeconds, nowSeconds + abandonSeconds);
    return [index];
  }

  /** Nobody answered: returns the waiting OFFER. A ticket that is unknown by now gives a drop. */
  pingTimedOut(ticket: number, nowSeconds: number): Outcome {
    const { pending, leases } = this.#parts;
    const waiting = pending.take(ticket);
    if (waiting === undefined) return settled;
    leases.setCltt(waiting.index, nowSeconds);
    return waiting.offer;
  }

  /** Frees leases whose time is over, a bounded number, and returns them as changes. */
  expire(nowSeconds: number): readonly number[] {
    const { leases, limits } = this.#parts;
    let expired: number[] | undefined;
    leases.expireDue(
      nowSeconds,
      (index, kept) => {
        limits.unbill(index);
        expired ??= [];
        expired.push(index);
        this.#runExpiry(index, kept);
      },
      EXPIRIES_MAX,
    );
    return expired ?? noChanges;
  }

  /** A lease ends, even if its `on expiry` breaks. */
  #runExpiry(index: number, kept: readonly string[]): void {
    try {
      endLease(this.#parts, index, kept);
    } catch (error) {
      const { output, leases } = this.#parts;
      const text = `'on expiry' of ${formatIpv4(leases.addressOf(index))} broke: ${brokenBy(error)}`;
      output({ messages: [{ priority: "error", text }], commands: [] });
    }
  }

  #interfaceOf(interfaceIndex: number): LocalInterface | undefined {
    const { interfaces } = this.#parts;
    for (const one of interfaces) if (one.index === interfaceIndex) return one;
    return interfaceIndex === 0 && interfaces.length === 1 ? interfaces[0] : undefined;
  }
}

/** What a packet without a client identifier lacks besides (RFC 2131, section 4.2). */
function identityMistake({ packet, type }: Exchange): string | undefined {
  if (packet.options.has(OptionCode.clientIdentifier)) return "zero-length client identifier";
  if (packet.hlen > 0 || type === MessageType.inform) return undefined;
  return "neither hardware address nor client identifier";
}
