import { expect, test } from "vitest";
import { Prng } from "../../../base/prng.ts";
import { parseMac } from "../../../protocol/mac.ts";
import type { BindingState } from "../../lease/lease.ts";
import { LeaseTable } from "../../lease/table/lease-table.ts";
import { isHeld, isLive } from "../exchange/client.ts";
import type { Outcome } from "../exchange/outcome.ts";
import { type ClientMessage, deviceMac, EngineBed, ip, randomMessages } from "./engine.testing.ts";

const config = `
  ping-check false; abandon-lease-time 5; default-lease-time 60; min-lease-time 30; dhcp-cache-threshold 0;
  class "limited" { match if exists agent.circuit-id; lease limit 3; }
  on expiry { log (info, "over"); }
  subnet 10.9.0.0 netmask 255.255.255.0 { range 10.9.0.100 10.9.0.109; }
  subnet 10.8.0.0 netmask 255.255.255.0 { range 10.8.0.1 10.8.0.5; }`;

class Planted extends Error {}

/** A lease table that breaks once: at the nth call of any of its functions from now, before or after it. */
class BreakableTable {
  #callsLeft = -1;
  #isAfter = false;

  constructor(leases: LeaseTable) {
    for (const type of [LeaseTable.prototype, Object.getPrototypeOf(LeaseTable.prototype)]) {
      for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(type))) {
        if (name === "constructor" || typeof value !== "function") continue;
        const call = (...args: unknown[]): unknown => this.#call(() => value.apply(leases, args));
        Object.defineProperty(leases, name, { value: call });
      }
    }
  }

  breakAt(call: number, isAfter: boolean): void {
    this.#callsLeft = call;
    this.#isAfter = isAfter;
  }

  mend(): void {
    this.#callsLeft = -1;
  }

  #call(work: () => unknown): unknown {
    const isHere = this.#callsLeft === 0;
    this.#callsLeft -= 1;
    if (isHere && !this.#isAfter) throw new Planted();
    const result = work();
    if (isHere) throw new Planted();
    return result;
  }
}

/** Sends a message to an engine that may break on it; undefined when it did. */
function sendTo(
  bed: EngineBed,
  table: BreakableTable,
  message: ClientMessage,
): Outcome | undefined {
  try {
    return bed.send(message);
  } catch (error) {
    if (!(error instanceof Planted)) throw error;
    table.mend();
    bed.commit({ kind: "drop", reason: "unknown-lease", changes: bed.engine.giveUp() });
    return undefined;
  } finally {
    table.mend();
  }
}

const indexesOf = ({ leases }: EngineBed): number[] =>
  Array.from({ length: leases.size }, (_, i) => i);

/** Addresses that a client could be given now. */
function availableIn(bed: EngineBed): number[] {
  const { leases, nowSeconds } = bed;
  return indexesOf(bed).filter(
    (index) =>
      !isLive(leases, index, nowSeconds) &&
      !isHeld(leases, index, nowSeconds) &&
      !leases.isAbandoned(index),
  );
}

/** What a restart would find. */
class Disk {
  readonly #table: LeaseTable;
  #records = 0;

  constructor({ config: { pools } }: EngineBed) {
    const ranges = pools.flatMap(({ ranges, index }) =>
      ranges.map(({ low, high }) => ({ low, high, pool: index })),
    );
    this.#table = new LeaseTable(ranges);
  }

  /** It is what the table in memory has, whose own counts are right. */
  expectSame(bed: EngineBed): void {
    const { leases, records } = bed;
    for (; this.#records < records.length; this.#records += 1) {
      this.#table.load(records[this.#records]);
    }
    const bound = (table: LeaseTable): string[] =>
      indexesOf(bed)
        .filter((index) => table.isActive(index))
        .map((index) =>
          [
            ...[index, table.endsAt(index), table.hardwareOf(index)?.address],
            ...table.clientIdOf(index),
          ].join(),
        );
    expect(bound(leases)).toEqual(bound(this.#table));
    const counts: Partial<Record<BindingState, number>> = {};
    for (const index of indexesOf(bed)) {
      const state = leases.stateOf(index);
      counts[state] = (counts[state] ?? 0) + 1;
    }
    expect(leases.counts()).toMatchObject(counts);
  }
}

interface Held {
  readonly message: ClientMessage;
  readonly address: string;
  readonly endsAt: number;
}

/** Leases by client, as the clients believe to have them. */
class Clients {
  readonly #held = new Map<string, Held>();

  asks(message: ClientMessage): void {
    const { type, requested = message.ciaddr } = message;
    const keeps =
      type === "discover" ||
      (type === "request" && requested === this.#held.get(keyOf(message))?.address);
    if (!keeps) this.#held.delete(keyOf(message));
  }

  hears(message: ClientMessage, bed: EngineBed, outcome: Outcome): void {
    if (outcome.kind !== "reply") return;
    const { type, address, leaseSeconds = 0 } = bed.seenReply(outcome);
    const endsAt = bed.nowSeconds + leaseSeconds;
    if (type === "nak") this.#held.delete(keyOf(message));
    else if (type === "ack") this.#held.set(keyOf(message), { message, address, endsAt });
  }

  expectKept({ leases, nowSeconds }: EngineBed): void {
    for (const { message, address, endsAt } of this.#held.values()) {
      if (endsAt <= nowSeconds) continue;
      const index = leases.indexOf(ip(address));
      const hardware = { type: 1, address: parseMac(message.mac!)! };
      const { clientId } = message;
      const id = typeof clientId === "string" ? new TextEncoder().encode(clientId) : undefined;
      expect(leases.isActive(index) && leases.isOf(index, hardware, id), address).toBe(true);
    }
  }
}

const keyOf = ({ mac, clientId }: ClientMessage): string => `${clientId ?? mac}`;

test.each([1, 2, 3, 4])(
  "a decision may break anywhere: nothing is lost, taken or half-made (seed %i)",
  (seed) => {
    const bed = new EngineBed(config);
    const table = new BreakableTable(bed.leases);
    const prng = new Prng(seed, 1);
    const clients = new Clients();
    const disk = new Disk(bed);
    let broken = 0;
    for (const message of randomMessages(seed, 1000)) {
      bed.nowSeconds += prng.nextBelow(3);
      bed.expire();
      const before = availableIn(bed);
      clients.asks(message);
      table.breakAt(prng.nextBelow(40), prng.nextBelow(2) === 0);
      const outcome = sendTo(bed, table, message);
      if (outcome === undefined) {
        broken += 1;
        const isAbandoning = message.type === "decline";
        if (!isAbandoning) expect(availableIn(bed)).toEqual(expect.arrayContaining(before));
      } else clients.hears(message, bed, outcome);
      disk.expectSame(bed);
      clients.expectKept(bed);
    }
    expect(broken).toBeGreaterThan(100);
  },
);

test("a lease limit counts no lease that was only about to be", () => {
  const bed = new EngineBed(config.replace("lease limit 3", "lease limit 1"));
  const table = new BreakableTable(bed.leases);
  const ofClass = (device: number): ClientMessage => ({
    mac: deviceMac(device),
    giaddr: "10.9.0.2",
    relayAgent: [1, 1, 7],
  });
  const asking = (device: number, requested: string): ClientMessage => ({
    ...ofClass(device),
    ...{ type: "request", requested, serverId: "10.9.0.1" },
  });
  for (let call = 0; call < 60; call += 1) {
    const { address } = bed.reply(ofClass(1));
    table.breakAt(call, false);
    if (sendTo(bed, table, asking(1, address)) !== undefined) {
      expect(call).toBeGreaterThan(5);
      return;
    }
    expect(bed.verdict(ofClass(2))).toMatch(/^offer/);
    bed.nowSeconds += 300;
  }
  expect.fail("it breaks for ever");
});

test("a lease ends although its `on expiry` breaks, and the log says so", () => {
  const bed = new EngineBed(config.replace('log (info, "over")', 'set gone = "yes"'));
  const address = bed.bind({ giaddr: "10.9.0.2" });
  bed.nowSeconds += 1000;
  bed.takeSaid();
  bed.leases.setBindings = () => {
    throw new Planted("a bug");
  };
  expect(bed.engine.expire(bed.nowSeconds)).toEqual([bed.leases.indexOf(ip(address))]);
  expect(bed.takeSaid()).toEqual([
    expect.stringMatching(`^error 'on expiry' of ${address} broke: Error: a bug, at `),
  ]);
  expect(bed.leases.stateOf(bed.leases.indexOf(ip(address)))).toBe("free");
});
