import fc from "fast-check";
import { expect, test } from "vitest";
import { bytesEqual } from "../../../protocol/bytes.ts";
import type { LeaseClient, LeaseExtras } from "../lease.ts";
import { anyRecord } from "../lease-arbitrary.testing.ts";
import { LeaseFileStore } from "../store/edge/lease-file-store.ts";
import { SimulatedDisk } from "../store/lease-disk.testing.ts";
import { LeaseTable } from "./lease-table.ts";

// The way of a lease through the rows of the table, after whatever happened to it: the bytes of the file
// are those of its record, and clients find what they hold.

const seed = 20_261_126;
const low = 0x0a09_0000;
const size = 12;
const nowSeconds = 1_795_498_569;
const range = { min: low, max: low + size - 1 };

// Few clients and classes, so that leases move between them and share them.
const client: fc.Arbitrary<LeaseClient> = fc.record(
  {
    hardware: fc.record({
      type: fc.constantFrom(1, 6),
      address: fc.constantFrom(
        Uint8Array.of(2, 0, 0, 0, 0, 1),
        Uint8Array.of(2, 7),
        new Uint8Array(),
      ),
    }),
    clientId: fc.constantFrom(Uint8Array.of(1, 2, 3), Uint8Array.of(255), new Uint8Array()),
  },
  { requiredKeys: [] },
);
const extras: fc.Arbitrary<LeaseExtras> = fc.record(
  {
    vendorClass: fc.oneof(fc.constant(Uint8Array.of(0x64, 0x6f)), fc.uint8Array({ maxLength: 60 })),
    agentOptions: fc.uint8Array({ maxLength: 30 }),
    hostname: fc.constantFrom(Uint8Array.of(0x61), Uint8Array.of(0x62, 0xff), new Uint8Array()),
    variables: fc.constant([["seen", true] as const]),
    billing: fc.constant({ className: "gold" }),
    reserved: fc.boolean(),
    bootp: fc.boolean(),
  },
  { requiredKeys: [] },
);
const index = fc.nat(size - 1);
const seconds = fc.integer({ min: nowSeconds, max: nowSeconds + 100 });

type Step = (table: LeaseTable) => readonly number[];

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(index, client, seconds, extras).map(
    ([at, who, endsAt, more]): Step =>
      (table) => {
        table.bind(at, who, nowSeconds, endsAt, more);
        return [at];
      },
  ),
  fc.tuple(index, client, seconds).map(
    ([at, who, until]): Step =>
      (table) => {
        table.offer(at, who, until);
        return [at];
      },
  ),
  index.map(
    (at): Step =>
      (table) => {
        table.release(at, nowSeconds);
        return [at];
      },
  ),
  fc.tuple(index, seconds).map(
    ([at, until]): Step =>
      (table) => {
        table.abandon(at, nowSeconds, until);
        return [at];
      },
  ),
  fc.tuple(index, fc.uint8Array({ maxLength: 20 })).map(
    ([at, value]): Step =>
      (table) => {
        table.setBindings(at, new Map([["vendor-class-identifier", value]]));
        return [at];
      },
  ),
  seconds.map(
    (now): Step =>
      (table) => {
        const expired: number[] = [];
        table.expireDue(now, (at) => expired.push(at));
        return expired;
      },
  ),
  anyRecord(range).map(
    (record): Step =>
      (table) => {
        table.load(record);
        return [table.indexOf(record.address)];
      },
  ),
);

function all(table: LeaseTable, isWanted: (index: number) => boolean): number[] {
  return Array.from({ length: table.size }, (_, at) => at).filter(isWanted);
}

function ascending(found: readonly number[]): number[] {
  return [...found].sort((left, right) => left - right);
}

test(`a lease is written as its record is, and found by its client (seed ${seed})`, () => {
  const property = fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
    const table = new LeaseTable([{ low, high: low + size - 1, pool: 0 }], { hashSeed: 7 });
    const disk = new SimulatedDisk();
    const open = (path: string): LeaseFileStore =>
      LeaseFileStore.open(path, table, { disk, create: true });
    const [byIndex, byRecord] = [open("by-index"), open("by-record")];
    for (const apply of steps) {
      for (const at of apply(table)) {
        byIndex.appendLease(at);
        byRecord.append(table.recordOf(at));
      }
    }
    byIndex.commit();
    byRecord.commit();
    expect(disk.contents("by-index")).toEqual(disk.contents("by-record"));
    for (let at = 0; at < table.size; at += 1) {
      const clientId = table.clientIdOf(at).slice();
      const hardware = table.hardwareOf(at);
      if (clientId.length > 0) {
        const found = table.byClientId(clientId);
        const expected = all(table, (other) => bytesEqual(table.clientIdOf(other), clientId));
        expect(ascending(found)).toEqual(expected);
      }
      if (hardware === undefined) continue;
      const { type, address } = { type: hardware.type, address: hardware.address.slice() };
      const found = table.byHardware(type, address);
      const expected = all(table, (other) => {
        const known = table.hardwareOf(other);
        return known?.type === type && bytesEqual(known.address, address);
      });
      expect(ascending(found)).toEqual(expected);
    }
  });
  fc.assert(property, { seed, numRuns: 300 });
});

test("a flood of distinct vendor classes costs no more than there are leases", () => {
  const leases = 200;
  const table = new LeaseTable([{ low, high: low + leases - 1, pool: 0 }]);
  const vendorClass = new Uint8Array(500);
  let reservedAfterOneRound = 0;
  for (let round = 0; round < 100; round += 1) {
    for (let at = 0; at < leases; at += 1) {
      new DataView(vendorClass.buffer).setUint32(0, round * leases + at);
      const hardware = { type: 1, address: Uint8Array.of(2, 0, 0, 0, 0, at) };
      table.bind(at, { hardware }, nowSeconds, nowSeconds + 10, { vendorClass });
    }
    if (round === 0) reservedAfterOneRound = table.bytesReserved;
  }
  // Ten megabytes of classes went through; one megabyte holds those that are left.
  expect(table.bytesReserved).toBe(reservedAfterOneRound);
  const kept = table.bindingsOf(7).get("vendor-class-identifier");
  new DataView(vendorClass.buffer).setUint32(0, 99 * leases + 7);
  expect(kept).toEqual(vendorClass);
});
