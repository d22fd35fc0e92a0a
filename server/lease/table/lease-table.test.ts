import { beforeEach, describe, expect, test } from "vitest";
import { Prng } from "../../../base/prng.ts";
import { writeRecord } from "../format/lease-file.ts";
import { parseLeaseFile } from "../format/parse-lease-file.testing.ts";
import type { LeaseClient, LeaseValue } from "../lease.ts";
import { sampleRecords } from "../lease-samples.testing.ts";
import { type LeaseRange, LeaseTable } from "./lease-table.ts";

const low = 0x0a09_0000;
const range = (first: number, last: number, pool = 0): LeaseRange => ({
  low: low + first,
  high: low + last,
  pool,
});
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

function client(number: number, withClientId = true): LeaseClient {
  const address = Uint8Array.of(2, 0x10, 0, number >>> 16, (number >>> 8) & 0xff, number & 0xff);
  const hardware = { type: 1, address };
  return withClientId ? { hardware, clientId: Uint8Array.of(1, ...address) } : { hardware };
}

describe("ranges", () => {
  const table = new LeaseTable([range(200, 209, 1), range(10, 19, 0), range(30, 39, 1)]);

  test("addresses are numbered in their order", () => {
    expect(table.size).toBe(30);
    for (const [address, index, pool] of [
      [10, 0, 0],
      [19, 9, 0],
      [30, 10, 1],
      [39, 19, 1],
      [200, 20, 1],
      [209, 29, 1],
    ] as const) {
      expect(table.indexOf(low + address)).toBe(index);
      expect(table.addressOf(index)).toBe(low + address);
      expect(table.poolOf(index)).toBe(pool);
    }
  });

  test("addresses outside are -1, at both ends of the address space too", () => {
    for (const address of [0, low + 9, low + 20, low + 29, low + 40, low + 210, 0xffff_ffff]) {
      expect(table.indexOf(address)).toBe(-1);
    }
    const edges = new LeaseTable([
      { low: 0xffff_fff0, high: 0xffff_ffff, pool: 0 },
      { low: 0, high: 3, pool: 0 },
    ]);
    expect(edges.indexOf(0xffff_ffff)).toBe(19);
    expect(edges.addressOf(19)).toBe(0xffff_ffff);
    expect(edges.indexOf(0x8000_0000)).toBe(-1);
  });

  const refused: readonly (readonly [name: string, ranges: LeaseRange[], message: RegExp])[] = [
    [
      "overlapping",
      [range(1, 10), range(10, 20)],
      /10\.9\.0\.10 .*overlaps 10\.9\.0\.1 10\.9\.0\.10/,
    ],
    ["upside down", [range(10, 1)], /upside down/],
    ["too many addresses", [{ low: 0, high: 1 << 24, pool: 0 }], /16777217 addresses/],
    ["too high a pool number", [range(1, 2, 65_536)], /pool 65536/],
  ];
  for (const [name, ranges, message] of refused) {
    test(`${name}: refused`, () => expect(() => new LeaseTable(ranges)).toThrow(message));
  }

  test("no ranges at all are an empty table", () => {
    const none = new LeaseTable([]);
    expect(none.size).toBe(0);
    expect(none.indexOf(low)).toBe(-1);
    expect(none.byClientId(Uint8Array.of(1))).toEqual([]);
    expect(none.expireDue(1, () => undefined)).toBe(0);
    expect(none.counts().total).toBe(0);
  });
});

describe("giving out addresses", () => {
  test("never used ones first, in declaration order, then the one that ended longest ago", () => {
    const table = new LeaseTable([range(20, 21), range(10, 11)]);
    const given: number[] = [];
    for (let number = 0; number < 4; number += 1) {
      const index = table.takeFree(0, 1000);
      given.push(table.addressOf(index) - low);
      table.bind(index, client(number), 1000, 2000 - number * 100);
    }
    expect(given).toEqual([20, 21, 10, 11]);
    expect(table.takeFree(0, 1000)).toBe(-1);
    table.expireDue(3000, () => undefined);
    expect(table.addressOf(table.takeFree(0, 3000)) - low).toBe(11);
  });

  test("an address held for an offer is not given to anybody else before its time", () => {
    const table = new LeaseTable([range(1, 2)]);
    const first = table.takeFree(0, 1000);
    table.offer(first, client(1), 1120);
    const second = table.takeFree(0, 1000);
    table.offer(second, client(2), 1121);
    expect(second).not.toBe(first);
    expect(table.takeFree(0, 1119)).toBe(-1);
    expect(table.takeFree(0, 1120)).toBe(first);
    expect(table.stateOf(first)).toBe("free");
    expect(table.byClientId(client(1).clientId!)).toEqual([first]);
  });

  test("an active lease keeps its time when it is offered again", () => {
    const table = new LeaseTable([range(1, 1)]);
    table.bind(0, client(1), 1000, 5000);
    table.markDurable(0);
    table.offer(0, client(1), 1120);
    expect(table.endsAt(0)).toBe(5000);
    expect(table.isDurable(0)).toBe(true);
  });

  test("abandoned addresses are a last resort, the one abandoned longest ago first", () => {
    const table = new LeaseTable([range(1, 3)]);
    table.abandon(1, 1000, 90_000);
    table.abandon(0, 1000, 80_000);
    expect(table.takeFree(0, 1000)).toBe(2);
    expect(table.takeAbandoned(0)).toBe(-1);
    table.offer(2, client(1), 1120);
    expect(table.takeFree(0, 1000)).toBe(-1);
    expect(table.takeAbandoned(0)).toBe(-1);
    table.bind(2, client(1), 1000, 5000);
    expect(table.takeAbandoned(0)).toBe(0);
    table.offer(0, client(2), 1120);
    expect(table.stateOf(0)).toBe("free");
    expect(table.takeAbandoned(0)).toBe(-1);
  });

  test("a reserved address waits for its client", () => {
    const table = new LeaseTable([range(1, 1)]);
    table.bind(0, client(1), 1000, 2000, { reserved: true });
    table.expireDue(2001, () => undefined);
    expect(table.stateOf(0)).toBe("free");
    expect(table.takeFree(0, 9000)).toBe(-1);
    expect(table.isWorthKeeping(0)).toBe(true);
    table.bind(0, client(1), 9000, 9500, { reserved: false });
    table.release(0, 9100);
    expect(table.takeFree(0, 9100)).toBe(0);
  });

  test("an unknown pool is our own mistake", () => {
    expect(() => new LeaseTable([range(1, 1)]).takeFree(7, 0)).toThrow(RangeError);
  });
});

describe("the end of a lease", () => {
  test("expiry keeps who it was and the variables, so that the client may come back", () => {
    const table = new LeaseTable([range(1, 1)]);
    table.bind(0, client(1), 1000, 2000, {
      vendorClass: ascii("docsis3.0:"),
      hostname: ascii("box"),
      agentOptions: Uint8Array.of(1, 1, 7),
      billing: { className: "c" },
      variables: [["x", 1]],
    });
    const expired: number[] = [];
    expect(table.expireDue(2000, (index) => expired.push(index))).toBe(0);
    expect(table.expireDue(2001, (index) => expired.push(index))).toBe(1);
    expect(expired).toEqual([0]);
    expect(table.recordOf(0)).toEqual({
      address: low + 1,
      bindingState: "free",
      startsAt: 1000,
      endsAt: 2000,
      tstp: 2000,
      cltt: 1000,
      ...client(1),
      vendorClass: ascii("docsis3.0:"),
      variables: [["x", 1]],
    });
    expect(table.byHardware(1, client(1).hardware!.address)).toEqual([0]);
  });

  test("release keeps only who it was", () => {
    const table = new LeaseTable([range(1, 1)]);
    table.bind(0, client(1), 1000, 2000, { vendorClass: ascii("v"), variables: [["x", true]] });
    table.release(0, 1500);
    expect(table.recordOf(0)).toEqual({
      address: low + 1,
      bindingState: "free",
      startsAt: 1000,
      endsAt: 1500,
      tstp: 1500,
      cltt: 1000,
      ...client(1),
    });
  });

  test("abandoning forgets the client", () => {
    const table = new LeaseTable([range(1, 1)]);
    table.bind(0, client(1), 1000, 2000, { billing: { className: "c" } });
    table.abandon(0, 1100, 87_500);
    expect(table.recordOf(0)).toEqual({
      address: low + 1,
      bindingState: "abandoned",
      startsAt: 1100,
      endsAt: 87_500,
      tstp: 87_500,
      cltt: 1000,
      nextBindingState: "free",
      rewindBindingState: "free",
    });
    expect(table.byClientId(client(1).clientId!)).toEqual([]);
    expect(table.byHardware(1, client(1).hardware!.address)).toEqual([]);
    table.expireDue(87_501, () => undefined);
    expect(table.stateOf(0)).toBe("free");
  });

  test("a lease without end never expires", () => {
    const table = new LeaseTable([range(1, 1)]);
    table.bind(0, client(1), 1000, Number.POSITIVE_INFINITY);
    expect(table.endsAt(0)).toBe(Number.POSITIVE_INFINITY);
    expect(table.recordOf(0).endsAt).toBeNull();
    expect(table.expireDue(0xffff_ffff, () => undefined)).toBe(0);
  });

  test("a limit leaves the rest for the next call", () => {
    const table = new LeaseTable([range(1, 10), range(20, 29, 1)]);
    for (let index = 0; index < 20; index += 1) table.bind(index, client(index), 1, 10);
    const counts = [7, 7, 7, 7].map((limit) => table.expireDue(11, () => undefined, limit));
    expect(counts).toEqual([7, 7, 6, 0]);
  });
});

describe("variables", () => {
  const modem = { hardware: { type: 1, address: Uint8Array.of(2, 0, 0, 0, 0, 1) } };
  const note = new TextEncoder().encode("x");
  const bindings = new Map<string, LeaseValue>([
    ["vendor-class-identifier", note],
    ["count", -7],
    ["seen", true],
    ["note", note],
  ]);
  let table: LeaseTable;

  beforeEach(() => {
    table = new LeaseTable([{ low: 10, high: 20, pool: 0 }]);
    table.bind(0, modem, 1000, 2000, { hostname: note });
    table.markDurable(0);
  });

  test("what was set is there, makes the lease pending, and is in its record", () => {
    expect(table.bindingsOf(0)).toEqual(new Map());
    table.setBindings(0, bindings);
    expect(table.isDurable(0)).toBe(false);
    expect([...table.bindingsOf(0)]).toEqual([...bindings]);
    expect(table.recordOf(0)).toMatchObject({
      hardware: modem.hardware,
      hostname: note,
      vendorClass: note,
      variables: [
        ["count", -7],
        ["seen", true],
        ["note", note],
      ],
    });
    table.setBindings(0, new Map());
    expect(table.bindingsOf(0)).toEqual(new Map());
    expect(table.recordOf(0)).toMatchObject({ hardware: modem.hardware, hostname: note });
  });

  test("a renewal leaves them as they are, unless it brings others", () => {
    table.setBindings(0, bindings);
    table.bind(0, modem, 1500, 2500);
    expect([...table.bindingsOf(0)]).toEqual([...bindings]);
    table.bind(0, modem, 1600, 2600, { variables: [["count", 1]] });
    expect(table.bindingsOf(0)).toEqual(
      new Map<string, LeaseValue>([
        ["vendor-class-identifier", note],
        ["count", 1],
      ]),
    );
  });

  test("another client, and the same one after the end of its lease, begin without any", () => {
    table.setBindings(0, bindings);
    table.bind(0, { hardware: { type: 1, address: Uint8Array.of(2, 0, 0, 0, 0, 2) } }, 1500, 2500);
    expect(table.bindingsOf(0)).toEqual(new Map());
    table.setBindings(0, bindings);
    table.expireDue(9000, () => undefined);
    expect([...table.bindingsOf(0)]).toEqual([...bindings]);
    table.bind(0, { hardware: { type: 1, address: Uint8Array.of(2, 0, 0, 0, 0, 2) } }, 9000, 9500);
    expect(table.bindingsOf(0)).toEqual(new Map());
  });

  test("a name that no lease file can have is our own mistake", () => {
    for (const name of ["", "5", "a b", "a.b", "a;"]) {
      expect(() => table.setBindings(0, new Map([[name, 1]]))).toThrow(RangeError);
    }
  });
});

describe("finding a client", () => {
  test("best lease first: active, released, free, abandoned; then later end, then later cltt", () => {
    const table = new LeaseTable([range(1, 8)]);
    const states = ["abandoned", "free", "released", "active"] as const;
    for (const [place, bindingState] of states.entries()) {
      const base = { bindingState, startsAt: 1, ...client(1) };
      table.load({ ...base, address: low + 1 + place, endsAt: 100, cltt: 5 });
      table.load({ ...base, address: low + 5 + place, endsAt: 100, cltt: 6 });
    }
    const byEnd = { bindingState: "free", startsAt: 1, endsAt: 200, ...client(1) } as const;
    table.load({ ...byEnd, address: low + 2 });
    const expected = [8, 4, 7, 3, 2, 6, 5, 1].map((last) => table.indexOf(low + last));
    expect(table.byClientId(client(1).clientId!)).toEqual(expected);
    expect(table.byHardware(1, client(1).hardware!.address)).toEqual(expected);
    expect(table.byHardware(6, client(1).hardware!.address)).toEqual([]);
  });

  test("a client id that is empty is no client id", () => {
    const table = new LeaseTable([range(1, 1)]);
    table.bind(0, { ...client(1, false), clientId: new Uint8Array(0) }, 1, 2);
    expect(table.byClientId(new Uint8Array(0))).toEqual([]);
    expect(table.recordOf(0)).not.toHaveProperty("clientId");
    expect(table.hasClientId(0, new Uint8Array(0))).toBe(true);
    expect(table.hasClientId(0, Uint8Array.of(1))).toBe(false);
  });

  test("the bytes given may change afterwards, and those returned are the caller's", () => {
    const table = new LeaseTable([range(1, 2)]);
    const reused = client(1);
    table.bind(0, reused, 1, 100, { vendorClass: reused.clientId! });
    reused.clientId!.fill(0xee);
    reused.hardware!.address.fill(0xee);
    const record = table.recordOf(0);
    expect(record).toMatchObject(client(1));
    record.clientId!.fill(0xdd);
    expect(table.recordOf(0)).toMatchObject(client(1));
    // A view of the lease's own bytes as the new value, beside a longer one.
    table.bind(0, { ...client(1), clientId: table.clientIdOf(0) }, 2, 100, {
      vendorClass: ascii("x".repeat(300)),
    });
    expect(table.recordOf(0)).toMatchObject({ ...client(1), vendorClass: ascii("x".repeat(300)) });
  });

  test("more than an arena's chunk of long ids", () => {
    const table = new LeaseTable([range(1, 255), { low: 0x0b00_0000, high: 0x0b00_2000, pool: 1 }]);
    const idOf = (index: number): Uint8Array =>
      new Uint8Array(255).map((_, at) => (index * 31 + at * index) & 0xff);
    for (let index = 0; index < table.size; index += 1) {
      const clientId = idOf(index);
      clientId[0] = index & 0xff;
      clientId[1] = index >>> 8;
      table.bind(index, { clientId }, 1, 2);
    }
    for (let index = 0; index < table.size; index += 97) {
      expect(table.byClientId(table.recordOf(index).clientId!)).toEqual([index]);
    }
  });
});

describe("durability", () => {
  test("every change makes the lease pending, and only markDurable ends that", () => {
    const table = new LeaseTable([range(1, 1)]);
    const steps: readonly (() => void)[] = [
      () => table.offer(0, client(1), 1120),
      () => table.bind(0, client(1), 1000, 2000),
      () => table.bind(0, client(1), 1500, 2500),
      () => table.release(0, 1600),
      () => table.abandon(0, 1700, 1800),
      () => table.expireDue(1801, () => undefined),
    ];
    for (const step of steps) {
      step();
      expect(table.isDurable(0)).toBe(false);
      table.markDurable(0);
      expect(table.isDurable(0)).toBe(true);
    }
    table.markPending(0);
    expect(table.isDurable(0)).toBe(false);
  });

  test("what was loaded is durable", () => {
    const table = new LeaseTable([range(0, 255)]);
    for (const record of sampleRecords) {
      expect(table.load(record)).toBe(true);
      expect(table.isDurable(table.indexOf(record.address))).toBe(true);
    }
    expect(table.load({ ...sampleRecords[0]!, address: low - 1 })).toBe(false);
  });
});

test("a record that is loaded comes out as it went in, through the file too", () => {
  const table = new LeaseTable([range(0, 255)]);
  for (const record of sampleRecords) {
    table.load(record);
    const out = table.recordOf(table.indexOf(record.address));
    expect(out).toEqual(record);
    table.load(parseLeaseFile(writeRecord(out)).records[0]!);
    expect(writeRecord(table.recordOf(table.indexOf(record.address)))).toBe(writeRecord(record));
  }
});

// The model: plain objects, searched from end to end.
interface ModelLease {
  state: "never" | "free" | "active" | "abandoned";
  endsAt: number;
  client: number;
}

describe("against a simple model", () => {
  for (const seed of [1, 2, 3]) {
    test(`4,000 random operations (seed ${seed})`, () => {
      const prng = new Prng(seed, 7);
      const size = 40;
      const table = new LeaseTable([range(0, 24), range(100, 114)]);
      const model: ModelLease[] = Array.from({ length: size }, () => ({
        state: "never",
        endsAt: 0,
        client: -1,
      }));
      let now = 1000;
      for (let step = 0; step < 4_000; step += 1) {
        now += prng.nextBelow(3);
        operate(table, model, prng, now);
        compare(table, model, now);
      }
      expect(model.some((lease) => lease.state === "active")).toBe(true);
    });
  }
});

function operate(table: LeaseTable, model: ModelLease[], prng: Prng, now: number): void {
  const who = prng.nextBelow(60);
  const index = prng.nextBelow(model.length);
  const lease = model[index]!;
  switch (prng.nextBelow(6)) {
    case 0:
      table.offer(index, client(who), now + 20);
      if (lease.state !== "active") {
        Object.assign(lease, { state: "free", endsAt: now + 20, client: who });
      }
      break;
    case 1: {
      const free = table.takeFree(0, now);
      if (free < 0) break;
      table.bind(free, client(who), now, now + 30, { vendorClass: ascii("v".repeat(who)) });
      Object.assign(model[free]!, { state: "active", endsAt: now + 30, client: who });
      break;
    }
    case 2:
      table.bind(index, client(who), now, now + 50);
      Object.assign(lease, { state: "active", endsAt: now + 50, client: who });
      break;
    case 3:
      table.release(index, now);
      Object.assign(lease, { state: "free", endsAt: now });
      break;
    case 4:
      table.abandon(index, now, now + 10);
      Object.assign(lease, { state: "abandoned", endsAt: now + 10, client: -1 });
      break;
    default:
      table.expireDue(now, (due) => {
        const over = model[due]!;
        expect(over.endsAt).toBeLessThan(now);
        over.state = "free";
      });
      for (const left of model) {
        const isTimed = left.state === "active" || left.state === "abandoned";
        if (isTimed) expect(left.endsAt).toBeGreaterThanOrEqual(now);
      }
  }
}

function compare(table: LeaseTable, model: readonly ModelLease[], now: number): void {
  const count = (state: ModelLease["state"]): number =>
    model.filter((lease) => lease.state === state).length;
  expect(table.counts()).toMatchObject({
    total: model.length,
    neverUsed: count("never"),
    free: count("never") + count("free"),
    active: count("active"),
    abandoned: count("abandoned"),
  });
  const neverUsed = model.findIndex((lease) => lease.state === "never");
  const oldest = model
    .map((lease, index) => ({ ...lease, index }))
    .filter((lease) => lease.state === "free" && lease.endsAt <= now)
    .sort((left, right) => left.endsAt - right.endsAt || left.index - right.index)[0];
  expect(table.takeFree(0, now)).toBe(neverUsed >= 0 ? neverUsed : (oldest?.index ?? -1));
  const who = now % 60;
  const held = model.flatMap((lease, index) => (lease.client === who ? [index] : []));
  const found = table.byClientId(client(who).clientId!);
  expect([...found].sort((left, right) => left - right)).toEqual(held);
  expect(table.byHardware(1, client(who).hardware!.address)).toEqual(found);
}

test("80,000 leases of cable modems take at most 160 bytes each", () => {
  const table = new LeaseTable([{ low: 0x0a00_0000, high: 0x0a01_387f, pool: 0 }]);
  for (const startsAt of [1000, 1500]) {
    for (let index = 0; index < table.size; index += 1) {
      table.bind(index, client(index), startsAt, 2000, {
        agentOptions: Uint8Array.of(1, 4, 0, 0, 0, 1, 2, 6, ...client(index).hardware!.address),
        vendorClass: ascii("docsis3.0:052401010102"),
      });
    }
    // The second round changes nothing that takes room.
    expect(table.bytesReserved / table.size).toBeLessThanOrEqual(160);
  }
  expect(table.recordOf(table.size - 1).clientId).toEqual(client(79_999).clientId);
});
