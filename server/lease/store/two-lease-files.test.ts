import { describe, expect, test } from "vitest";
import { Prng } from "../../../base/prng.ts";
import { LeaseFileStore } from "./edge/lease-file-store.ts";
import {
  joinedDisks,
  LateSync,
  type SimulatedDisk,
  systemError,
  watchedDisk,
} from "./lease-disk.testing.ts";
import { markLine } from "./lease-file-mark.ts";
import { LeaseStoreError } from "./lease-store.ts";
import {
  addresses,
  afterPowerCut,
  type Faults,
  History,
  liveOn,
  newDisks,
  newTable,
  openTwo,
  twoPaths,
} from "./two-lease-files.testing.ts";

/** Crashes for each kind of fault: PROVLAB_CRASHES=2000 makes a campaign of 10,000. */
const crashesMin = Number(process.env["PROVLAB_CRASHES"] ?? 40);
const firstSeed = Number(process.env["PROVLAB_SEED"] ?? 1);
const campaignMsMax = 3_600_000;

/** Opens copies of the disks; the table as a start finds it, or why there is none. */
function startOn(disks: readonly [SimulatedDisk, SimulatedDisk]) {
  const table = newTable();
  openTwo(joinedDisks(disks[0], disks[1]), table).close();
  return table;
}

const faultKinds: readonly (readonly [string, Faults])[] = [
  ["nothing else", { errors: [0, 0], stalls: [30, 30] }],
  ["a slow disk", { errors: [0, 0], stalls: [95, 10] }],
  ["errors of one disk", { errors: [0, 8], stalls: [30, 30] }],
  ["errors of both disks", { errors: [4, 4], stalls: [50, 50] }],
  ["an erring and a slow disk", { errors: [5, 1], stalls: [10, 90] }],
];

describe.each(faultKinds)("crashes, and %s", (_name, faults) => {
  const title = `${crashesMin} from seed ${firstSeed}: nothing acknowledged is lost, nothing given up comes back`;
  test(title, { timeout: campaignMsMax }, () => {
    let crashes = 0;
    let acknowledged = 0;
    let lone = 0;
    let refused = 0;
    for (let seed = firstSeed; crashes < crashesMin; seed += 1) {
      const prng = new Prng(seed, 18);
      const history = new History();
      let disks = newDisks();
      for (let life = 0; life < 5; life += 1) {
        const what = `seed ${seed}, life ${life}`;
        if (liveOn(disks, history, prng, faults, 1 + prng.nextBelow(400))) crashes += 1;
        disks = afterPowerCut(disks, prng);
        const copies = (): [SimulatedDisk, SimulatedDisk] => [
          disks[0].afterPowerCut(new Prng(seed, life)),
          disks[1].afterPowerCut(new Prng(seed, life)),
        ];
        const found = startOn(copies());
        expect(history.problemOf(found), what).toBeUndefined();
        // One file alone has everything, or is refused.
        for (const gone of [0, 1] as const) {
          const left = copies();
          left[gone].remove(twoPaths[gone]);
          lone += 1;
          try {
            expect(history.problemOf(startOn(left)), `${what}, without ${gone}`).toBeUndefined();
          } catch (error) {
            if (!(error instanceof LeaseStoreError)) throw error;
            refused += 1;
          }
        }
      }
      acknowledged += history.count;
    }
    expect(acknowledged).toBeGreaterThan(10 * addresses);
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThan(lone);
  });
});

/** A disk's thread that ends what it does only while it may. */
class GatedSync extends LateSync {
  isOpen = true;

  override end(): boolean {
    return this.isOpen && super.end(1);
  }
}

/** Two files in step, with a disk for each that can fail or stand still. */
function setUp() {
  const disks = newDisks();
  const failing = [false, false];
  const watched = disks.map((each, place) =>
    watchedDisk(each, () => {
      if (failing[place]) throw systemError("EIO");
    }),
  );
  const disk = joinedDisks(watched[0], watched[1]);
  const syncs = [new GatedSync(disk), new GatedSync(disk)];
  const history = new History();
  const table = newTable();
  const told: string[] = [];
  const store = openTwo(disk, table, syncs, (message) => told.push(message));
  const give = (index: number, client = 1): number => {
    table.load(history.change(index, client));
    store.appendLease(index);
    return history.latest(index);
  };
  const isActive = (path: string, index: number): boolean => {
    const found = newTable();
    LeaseFileStore.check(path, found, disk);
    return found.isActive(index);
  };
  const catchUp = (from: number): void => {
    for (let second = from; second < from + 20; second += 1) while (store.maintain(second));
  };
  catchUp(0);
  expect(store.files.map(({ isInStep }) => isInStep)).toEqual([true, true]);
  told.length = 0;
  return { disks, failing, syncs, history, table, told, store, give, isActive, catchUp };
}

const inStepOf = ({ store }: { store: LeaseFileStore }) =>
  store.files.map(({ isInStep }) => isInStep);
const [pathA, pathB] = twoPaths;

describe("two files", () => {
  test("each has every lease, and is a lease file of ISC's by itself", () => {
    const { store, give, isActive } = setUp();
    for (let index = 0; index < addresses; index += 1) give(index);
    store.commit();
    store.close();
    for (const path of twoPaths) {
      for (let index = 0; index < addresses; index += 1) expect(isActive(path, index)).toBe(true);
    }
  });

  test("an acknowledgement does not wait for the slower disk, which gets what waits later", () => {
    const { store, syncs, give, isActive, told, catchUp } = setUp();
    syncs[1].isOpen = false;
    for (const index of [0, 1, 2]) {
      give(index);
      expect(store.beginCommit()).toBe(false);
      expect(store.endCommit(0)).toBe(true);
    }
    expect(store.files[1].queuedBytes).toBeGreaterThan(0);
    expect(isActive(pathA, 2)).toBe(true);
    expect(isActive(pathB, 2)).toBe(false);
    syncs[1].isOpen = true;
    catchUp(100);
    expect(isActive(pathB, 2)).toBe(true);
    expect(told).toEqual([]);
    store.close();
  });

  test("a disk whose sync does not end is left out after ten seconds, and caught up when it does", () => {
    const { store, syncs, give, isActive, told, catchUp } = setUp();
    syncs[1].isOpen = false;
    give(0);
    store.commit();
    for (let second = 100; second < 110; second += 1) store.maintain(second);
    expect(told).toEqual([]);
    store.maintain(110);
    expect(told).toEqual([
      "/b/leases is behind: one sync of it takes over 10 s. /b/leases is left out until it is caught up.",
    ]);
    give(1);
    store.commit();
    syncs[1].isOpen = true;
    catchUp(200);
    expect(told[1]).toBe("/b/leases is caught up: both lease files are written again.");
    expect(inStepOf({ store })).toEqual([true, true]);
    expect(isActive(pathB, 1)).toBe(true);
    store.close();
  });

  test("a disk that lets too much wait is left out", () => {
    const { store, syncs, give, told } = setUp();
    syncs[0].isOpen = false;
    give(0);
    store.commit();
    for (let batch = 0; batch < 45 && told.length === 0; batch += 1) {
      for (let change = 0; change < 1_000; change += 1) give(change % addresses);
      store.commit();
    }
    expect(told[0]).toMatch(/^\/a\/leases is behind: \d{7} bytes wait for its disk\./);
    expect(inStepOf({ store })).toEqual([false, true]);
    syncs[0].isOpen = true;
    store.close();
  });

  test("a file is rewritten when it has grown, while the other disk is broken for days", () => {
    const { store, failing, disks, give } = setUp();
    failing[1] = true;
    let grown = 0;
    for (let second = 100; second < 400; second += 1) {
      give(second % addresses);
      store.commit();
      for (let slice = 0; slice < 10; slice += 1) {
        try {
          store.maintain(second);
        } catch (error) {
          expect(String(error)).toContain("Can't rewrite /b/leases: EIO");
        }
      }
      grown = Math.max(grown, disks[0].contents(pathA)!.length);
    }
    expect(inStepOf({ store })).toEqual([true, false]);
    expect(grown).toBeLessThan(6_000);
    failing[1] = false;
    store.close();
  });

  test("a disk that is always at work is left out for the rewrite that it has no time for", () => {
    const { store, syncs, disks, give, told } = setUp();
    let grown = 0;
    for (let second = 100; second < 400; second += 1) {
      give(second % addresses);
      expect(store.beginCommit()).toBe(false);
      // One sync of the slow disk ends, and the next one begins with what waited for it.
      syncs[1].isOpen = true;
      expect(store.endCommit(0)).toBe(true);
      syncs[1].isOpen = !store.files[1].isInStep;
      store.maintain(second);
      grown = Math.max(grown, disks[0].contents(pathA)!.length, disks[1].contents(pathB)!.length);
    }
    expect(told[0]).toContain("/b/leases is behind: its disk has no time for a rewrite.");
    expect(told[1]).toContain("/b/leases is caught up");
    expect(grown).toBeLessThan(20_000);
    store.close();
  });

  test("a disk that fails is left out at once and caught up when it works again", () => {
    const { store, failing, disks, history, give, isActive, told, catchUp } = setUp();
    failing[0] = true;
    give(0);
    store.commit();
    expect(told[0]).toMatch(/^Can't append 1 record to \/a\/leases: EIO\..* is left out until/);
    // The other file says durably that it has everything: it may start alone.
    expect(() => catchUp(100)).toThrow("Can't rewrite /a/leases: EIO");
    const left = disks.map((each) => each.afterPowerCut(new Prng(1, 1)));
    left[0].remove(pathA);
    const table = newTable();
    openTwo(joinedDisks(left[0], left[1]), table).close();
    expect(table.isActive(0)).toBe(true);
    failing[0] = false;
    give(1);
    store.commit();
    catchUp(200);
    expect(inStepOf({ store })).toEqual([true, true]);
    expect(isActive(pathA, 1)).toBe(true);
    expect(history.count).toBe(0);
    store.close();
  });

  test("while both disks fail nothing is acknowledged; then service goes on", () => {
    const { store, failing, give, isActive } = setUp();
    failing.fill(true);
    give(0);
    expect(() => store.commit()).toThrow(LeaseStoreError);
    give(0);
    expect(() => store.commit()).toThrow("EIO");
    failing.fill(false);
    give(1);
    store.commit();
    expect([isActive(pathA, 1), isActive(pathB, 1)]).toContain(true);
    store.close();
  });

  test("a file that is named alone goes on, and the other one is caught up when it comes back", () => {
    const { store, disks, give } = setUp();
    give(0);
    store.commit();
    store.close();
    const disk = joinedDisks(disks[0], disks[1]);
    const told = LeaseFileStore.open(pathB, newTable(), { disk });
    expect(told.report.warnings[0]).toContain("/b/leases was written together with another");
    const table = newTable();
    table.load(new History().change(5, 2));
    told.append(table.recordOf(5));
    told.commit();
    told.close();
    const both = newTable();
    const again = openTwo(disk, both);
    expect(again.report.warnings).toEqual([
      "/a/leases is behind. It is written anew from /b/leases.",
    ]);
    expect(both.isActive(5)).toBe(true);
    again.close();
  });

  test("a file that says it has everything, and has not, says so no more before anything is acknowledged", () => {
    const disks = newDisks();
    const mark = { set: "0123456789abcdef", bytes: 0 };
    disks[0].install(pathA, markLine({ ...mark, generation: 8, standing: "both" }));
    disks[1].install(pathB, markLine({ ...mark, generation: 7, standing: "alone" }));
    const table = newTable();
    const store = openTwo(joinedDisks(disks[0], disks[1]), table);
    table.load(new History().change(5, 2));
    store.appendLease(5);
    store.commit();
    const [, left] = afterPowerCut(disks, nothingMore);
    const lost = newDisks()[0];
    lost.remove(pathA);
    expect(() => openTwo(joinedDisks(lost, left), newTable())).toThrow("/a/leases is missing");
    store.close();
  });

  test("a start refuses an older copy, a lost file and one of another server", () => {
    const { store, disks, give } = setUp();
    const old = disks[1].contents(pathB)!.slice();
    give(0);
    store.commit();
    store.close();
    const [a, b] = disks;
    const open = () => openTwo(joinedDisks(a, b), newTable()).close();
    open();
    open();
    const now = b.contents(pathB)!.slice();
    b.remove(pathB);
    expect(open).toThrow("/b/leases is missing. Leases that were acknowledged may be in that file");
    b.install(pathB, new Uint8Array(0));
    expect(open).toThrow("/b/leases is empty.");
    b.install(pathB, Buffer.from("lease 10.9.0.9 {\n  binding state active;\n}\n"));
    expect(open).toThrow("/b/leases was not written together with /a/leases");
    b.install(pathB, now);
    open();
    // Another lease in the generation that the older copy does not know.
    const table = newTable();
    table.load(new History().change(1, 1));
    const last = openTwo(joinedDisks(a, b), table);
    last.append(table.recordOf(1));
    last.commit();
    last.close();
    b.install(pathB, old);
    expect(open).toThrow(
      "/b/leases is an older copy. Leases that were acknowledged may be in that",
    );
  });
});

describe("cuts", () => {
  test.each([
    ["first", 0],
    ["second", 1],
  ] as const)("of the %s file at every byte lose nothing or are refused", (_name, place) => {
    const { store, disks, history, give } = setUp();
    for (const [index, client] of [
      [0, 1],
      [1, 2],
      [0, 0],
      [0, 2],
    ]) {
      const number = give(index, client);
      store.commit();
      history.acknowledge(index, number);
    }
    store.close();
    const whole = disks[place].contents(twoPaths[place])!;
    let refused = 0;
    for (let end = 0; end <= whole.length; end += 1) {
      const copies = disks.map((each) => each.afterPowerCut(new Prng(1, 1)));
      copies[place].install(twoPaths[place], whole.slice(0, end));
      const table = newTable();
      try {
        openTwo(joinedDisks(copies[0], copies[1]), newTable()).close();
        // What the first start has written after the cut is read by the second one.
        openTwo(joinedDisks(copies[0], copies[1]), table).close();
        expect(history.problemOf(table), `cut at ${end}`).toBeUndefined();
      } catch (error) {
        if (!(error instanceof LeaseStoreError)) throw error;
        refused += 1;
      }
    }
    // Without its last mark a file says nothing of the other one.
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThan(whole.length);
  });

  test.each([
    ["first", 0],
    ["second", 1],
  ] as const)(
    "of both files at every byte that is not synced, while the sync of the %s is outstanding",
    (_name, slow) => {
      const { store, syncs, disks, history, give } = setUp();
      syncs[slow].isOpen = false;
      for (const index of [0, 1]) {
        const number = give(index, 1);
        store.commit();
        history.acknowledge(index, number);
      }
      give(1, 2);
      store.beginCommit();
      const files = disks.map((each, place) => ({
        bytes: each.contents(twoPaths[place])!.slice(),
        durable: each.afterPowerCut(nothingMore).contents(twoPaths[place])!.length,
      }));
      for (let a = files[0].durable; a <= files[0].bytes.length; a += 1) {
        for (let b = files[1].durable; b <= files[1].bytes.length; b += 31) {
          const copies = newDisks();
          copies[0].install(pathA, files[0].bytes.slice(0, a));
          copies[1].install(pathB, files[1].bytes.slice(0, b));
          const table = newTable();
          openTwo(joinedDisks(copies[0], copies[1]), table).close();
          expect(history.problemOf(table), `cut at ${a} and ${b}`).toBeUndefined();
        }
      }
    },
  );
});

/** A power cut that leaves only what was synced. */
const nothingMore = { nextBelow: () => 0 } as unknown as Prng;
