import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Prng } from "../../../base/prng.ts";
import { LeaseTable } from "../table/lease-table.ts";
import { LeaseFileStore } from "./edge/lease-file-store.ts";
import { nodeDisk } from "./edge/node-disk.ts";
import {
  LateSync,
  SimulatedCrash,
  SimulatedDisk,
  systemError,
  watchedDisk,
} from "./lease-disk.testing.ts";
import type { LeaseDisk } from "./lease-disk.ts";
import { LeaseStoreError } from "./lease-store.ts";

const low = 0x0a09_0000;
const leases = 24;
const newTable = (): LeaseTable => new LeaseTable([{ low, high: low + leases - 1, pool: 0 }]);

/** What a client was told, and what it might see: the second of each address's acknowledged ACK. */
class Promises {
  readonly #acknowledged = new Map<number, number>();
  readonly #tried = new Map<number, Set<number>>();

  try(index: number, second: number): void {
    const tried = this.#tried.get(index) ?? new Set();
    this.#tried.set(index, tried.add(second));
  }

  acknowledge(index: number, second: number): void {
    this.#acknowledged.set(index, second);
  }

  get count(): number {
    return this.#acknowledged.size;
  }

  /** Each acknowledged lease is there, in the state promised or in one asked for later. */
  check(table: LeaseTable, what: string): void {
    for (const [index, second] of this.#acknowledged) {
      const found = table.startsAt(index);
      expect(table.isActive(index), `${what}: lease ${index} is missing`).toBe(true);
      expect(found, `${what}: lease ${index} went back in time`).toBeGreaterThanOrEqual(second);
      expect(this.#tried.get(index)?.has(found), `${what}: lease ${index} is made up`).toBe(true);
      expect(table.hasHardware(index, hardwareOf(index)), what).toBe(true);
    }
  }
}

function hardwareOf(index: number): { type: number; address: Uint8Array } {
  return { type: 1, address: Uint8Array.of(2, 0, 0, 0, 0, index) };
}

const rounds = 20;

type Serve = (disk: LeaseDisk, path: string, promises: Promises, firstSecond: number) => void;

function opened(disk: LeaseDisk, path: string, table: LeaseTable): LeaseFileStore {
  return LeaseFileStore.open(path, table, {
    ...{ disk, backgroundSyncs: [new LateSync(disk)], rewriteBytesMin: 700, leasesPerSlice: 4 },
  });
}

/**
 * The same life under load: a batch is appended while the one before is synced, every fourth time
 * there is a pause for housekeeping.
 */
function servePipelined(
  disk: LeaseDisk,
  path: string,
  promises: Promises,
  firstSecond: number,
): void {
  const table = newTable();
  const store = opened(disk, path, table);
  let underWay: readonly (readonly [index: number, second: number])[] = [];
  const end = (): void =>
    tolerate(() => {
      const batch = underWay;
      underWay = [];
      store.endCommit(1);
      for (const [index, second] of batch) promises.acknowledge(index, second);
    });
  for (let round = 0; round < rounds; round += 1) {
    const second = firstSecond + round;
    const batch = [0, 1, 2].map((place) => [(round * 5 + place * 7) % leases, second] as const);
    for (const [index] of batch) {
      table.bind(index, { hardware: hardwareOf(index) }, second, second + 1_000_000);
      promises.try(index, second);
      store.append(table.recordOf(index));
    }
    end();
    tolerate(() => {
      const isDurable = store.beginCommit();
      underWay = batch;
      if (isDurable) end();
    });
    if (round % 4 !== 3) continue;
    end();
    for (let slice = 0; slice < 12; slice += 1) tolerate(() => store.maintain(second * 100));
  }
  end();
  store.close();
}

/**
 * A server's life in short: batches of three leases, each acknowledged after its commit, and a
 * rewrite that is nearly always under way. Ends early when the machine crashes.
 */
function serveInPlace(
  disk: LeaseDisk,
  path: string,
  promises: Promises,
  firstSecond: number,
): void {
  const table = newTable();
  const store = opened(disk, path, table);
  for (let round = 0; round < rounds; round += 1) {
    const second = firstSecond + round;
    const batch = [0, 1, 2].map((place) => (round * 5 + place * 7) % leases);
    for (const index of batch) {
      table.bind(index, { hardware: hardwareOf(index) }, second, second + 1_000_000);
      promises.try(index, second);
      store.append(table.recordOf(index));
    }
    tolerate(() => {
      store.commit();
      for (const index of batch) promises.acknowledge(index, second);
    });
    for (let slice = 0; slice < 3; slice += 1) tolerate(() => store.maintain(second * 100));
  }
  store.close();
}

/** The listener does the same: it goes on without the ACKs of the batch. */
function tolerate(call: () => void): void {
  try {
    call();
  } catch (error) {
    if (!(error instanceof LeaseStoreError)) throw error;
  }
}

function untilCrash(call: () => void): boolean {
  try {
    call();
    return false;
  } catch (error) {
    if (error instanceof SimulatedCrash) return true;
    // The machine may also fail while the store is opened, before anything was promised.
    if (error instanceof LeaseStoreError) return false;
    throw error;
  }
}

const path = "/var/db/dhcpd.leases";

function newDisk(): SimulatedDisk {
  const disk = new SimulatedDisk();
  disk.install(path, new Uint8Array(0));
  return disk;
}

function callsOf(run: (disk: LeaseDisk) => void, disk: LeaseDisk): (keyof LeaseDisk)[] {
  const names: (keyof LeaseDisk)[] = [];
  run(watchedDisk(disk, (_, name) => names.push(name)));
  return names;
}

const lives: readonly (readonly [how: string, serve: Serve])[] = [
  ["in place", serveInPlace],
  ["in the background", servePipelined],
];

describe.each(lives)("commits that are synced %s", (_how, serve) => {
  const cleanRun = callsOf((disk) => serve(disk, path, new Promises(), 1_000), newDisk());

  describe("a power cut at any call of the disk", () => {
    test("the life below has all calls that matter, rewrites among them", () => {
      const count = (name: keyof LeaseDisk): number =>
        cleanRun.filter((call) => call === name).length;
      expect(count("rename")).toBeGreaterThanOrEqual(2);
      expect(count("syncDirectory")).toBe(count("rename"));
      expect(count("write")).toBeGreaterThan(rounds);
      expect(count("sync")).toBeGreaterThan(rounds);
    });

    for (const when of ["before", "after"] as const) {
      test(`${when} each of ${cleanRun.length} calls loses nothing acknowledged`, () => {
        let acknowledged = 0;
        for (let at = 1; at <= cleanRun.length; at += 1) {
          for (let seed = 0; seed < 4; seed += 1) {
            const what = `${when} call ${at} (${cleanRun[at - 1]}), seed ${seed}`;
            const disk = newDisk();
            const promises = new Promises();
            const crash = (call: number): void => {
              if (call === at) throw new SimulatedCrash(what);
            };
            const watched =
              when === "before"
                ? watchedDisk(disk, crash)
                : watchedDisk(disk, () => undefined, crash);
            expect(
              untilCrash(() => serve(watched, path, promises, 1_000)),
              what,
            ).toBe(true);
            acknowledged += promises.count;
            const found = disk.afterPowerCut(new Prng(seed, at));
            const table = newTable();
            LeaseFileStore.open(path, table, { disk: found }).close();
            promises.check(table, what);
            // And service goes on from there, through another power cut.
            serve(found, path, promises, 2_000);
            const again = newTable();
            LeaseFileStore.open(path, again, {
              disk: found.afterPowerCut(new Prng(seed, 1)),
            }).close();
            promises.check(again, what);
          }
        }
        expect(acknowledged).toBeGreaterThan(1_000);
      });
    }
  });

  describe("errors of the disk", () => {
    for (const code of ["EIO", "ENOSPC"]) {
      test(`${code} at each call, then a power cut: nothing acknowledged is lost`, () => {
        for (let at = 1; at <= cleanRun.length; at += 1) {
          const what = `${code} at call ${at} (${cleanRun[at - 1]})`;
          const disk = newDisk();
          const promises = new Promises();
          const failing = watchedDisk(disk, (call) => {
            if (call === at) throw systemError(code);
          });
          expect(
            untilCrash(() => serve(failing, path, promises, 1_000)),
            what,
          ).toBe(false);
          const table = newTable();
          LeaseFileStore.open(path, table, { disk: disk.afterPowerCut(new Prng(7, at)) }).close();
          promises.check(table, what);
        }
      });
    }

    test("several random errors and then a power cut (seeds 1 to 300)", () => {
      let acknowledged = 0;
      for (let seed = 1; seed <= 300; seed += 1) {
        const prng = new Prng(seed, 3);
        const disk = newDisk();
        const promises = new Promises();
        const crashAt = 20 + prng.nextBelow(cleanRun.length);
        const failing = watchedDisk(disk, (call) => {
          if (call === crashAt) throw new SimulatedCrash(`call ${call}`);
          if (call > 8 && prng.nextBelow(12) === 0) throw systemError("EIO");
        });
        untilCrash(() => serve(failing, path, promises, 1_000));
        acknowledged += promises.count;
        const table = newTable();
        LeaseFileStore.open(path, table, { disk: disk.afterPowerCut(prng) }).close();
        promises.check(table, `seed ${seed}`);
      }
      expect(acknowledged).toBeGreaterThan(1_000);
    });

    test("a full disk: no acknowledgement, service again once there is room, nothing lost", () => {
      for (let capacityBytes = 300; capacityBytes < 6_000; capacityBytes += 97) {
        const disk = newDisk();
        const promises = new Promises();
        disk.capacityBytes = capacityBytes;
        serve(disk, path, promises, 1_000);
        const before = promises.count;
        disk.capacityBytes = Number.POSITIVE_INFINITY;
        serve(disk, path, promises, 2_000);
        expect(promises.count).toBeGreaterThan(Math.min(before, leases - 1));
        const table = newTable();
        LeaseFileStore.open(path, table, { disk: disk.afterPowerCut(new Prng(1, 1)) }).close();
        promises.check(table, `${capacityBytes} bytes`);
        expect(disk.openFiles).toBe(0);
        expect(disk.paths).not.toContain(`${path}.rewrite`);
      }
    });
  });

  test("the end of the process at each call, on real files, loses nothing acknowledged", () => {
    const directory = mkdtempSync(join(tmpdir(), "provlab-crash-"));
    try {
      // Two calls of the life above are for the file that is there already.
      for (let at = 2; at <= cleanRun.length; at += 1) {
        const own = join(directory, `${at}.leases`);
        nodeDisk.close(nodeDisk.open(own, "new"));
        const promises = new Promises();
        const opened = new Set<number>();
        const disk = watchedDisk(
          {
            ...nodeDisk,
            open: (name, mode) => {
              const file = nodeDisk.open(name, mode);
              opened.add(file);
              return file;
            },
            close: (file) => {
              opened.delete(file);
              nodeDisk.close(file);
            },
          },
          (call) => {
            if (call === at) throw new SimulatedCrash(`call ${at}`);
          },
        );
        untilCrash(() => serve(disk, own, promises, 1_000));
        for (const file of opened) nodeDisk.close(file);
        const table = newTable();
        LeaseFileStore.open(own, table).close();
        promises.check(table, `call ${at} (${cleanRun[at - 1]})`);
      }
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
