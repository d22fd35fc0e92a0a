import type { Prng } from "../../../base/prng.ts";
import type { LeaseRecord } from "../lease.ts";
import { LeaseTable } from "../table/lease-table.ts";
import { LeaseFileStore } from "./edge/lease-file-store.ts";
import {
  joinedDisks,
  LateSync,
  SimulatedCrash,
  SimulatedDisk,
  systemError,
  watchedDisk,
} from "./lease-disk.testing.ts";
import type { BackgroundSync, LeaseDisk } from "./lease-disk.ts";
import { LeaseStoreError } from "./lease-store.ts";

export const twoPaths = ["/a/leases", "/b/leases"] as const;
const low = 0x0a09_0000;
export const addresses = 6;
export const newTable = (): LeaseTable =>
  new LeaseTable([{ low, high: low + addresses - 1, pool: 0 }]);

/** A state of a lease: the number of the change is its time. Client 0 is nobody. */
interface Version {
  readonly number: number;
  readonly client: number;
}

/** Every state that each lease was given, and which of them was acknowledged last. */
export class History {
  #number = 1000;
  readonly #versions = Array.from({ length: addresses }, (): Version[] => []);
  readonly #acknowledged = new Array<number>(addresses).fill(0);
  /** Acknowledgements so far. */
  count = 0;

  change(index: number, client: number): LeaseRecord {
    this.#number += 1;
    this.#versions[index].push({ number: this.#number, client });
    return recordOf(index, this.#number, client);
  }

  latest(index: number): number {
    return this.#versions[index].at(-1)?.number ?? 0;
  }

  acknowledge(index: number, number: number): void {
    this.#acknowledged[index] = Math.max(this.#acknowledged[index], number);
    this.count += 1;
  }

  /** What a table has that contradicts an acknowledgement; undefined when it is right. */
  problemOf(table: LeaseTable): string | undefined {
    for (let index = 0; index < addresses; index += 1) {
      const { startsAt, bindingState, hardware } = table.recordOf(index);
      const client = bindingState === "active" ? (hardware?.address.at(-1) ?? 0) : 0;
      const least = this.#acknowledged[index];
      const possible = this.#versions[index].filter(({ number }) => number >= least);
      // A rewrite leaves out an address that nobody has.
      const isNobodys = client === 0 && (least === 0 || possible.some((one) => one.client === 0));
      if (isNobodys || possible.some((one) => one.number === startsAt && one.client === client)) {
        continue;
      }
      return (
        `lease ${index}: found client ${client} since ${startsAt}, acknowledged ${least}, ` +
        `of ${JSON.stringify(this.#versions[index].slice(-5))}`
      );
    }
    return undefined;
  }
}

function recordOf(index: number, number: number, client: number): LeaseRecord {
  const isActive = client > 0;
  return {
    address: low + index,
    bindingState: isActive ? "active" : "free",
    startsAt: number,
    endsAt: isActive ? number + 1_000_000 : number,
    cltt: number,
    nextBindingState: "free",
    rewindBindingState: "free",
    ...(isActive && { hardware: { type: 1, address: Uint8Array.of(2, 0, 0, 0, index, client) } }),
  };
}

/** What may go wrong in a life, each a chance in a hundred at each call of the disk. */
export interface Faults {
  /** Of the first and of the second disk. */
  readonly errors: readonly [number, number];
  /** That a wait for each disk does not see its end. */
  readonly stalls: readonly [number, number];
}

/** A disk's thread that is as slow as chance wants. */
class ChanceSync extends LateSync {
  readonly #isSlow: () => boolean;

  constructor(disk: LeaseDisk, isSlow: () => boolean) {
    super(disk);
    this.#isSlow = isSlow;
  }

  override end(msMax: number): boolean {
    // A single file is waited for without a limit.
    if (msMax !== Number.POSITIVE_INFINITY && this.#isSlow()) return false;
    return super.end(1);
  }
}

export function newDisks(): [SimulatedDisk, SimulatedDisk] {
  const disks: [SimulatedDisk, SimulatedDisk] = [new SimulatedDisk(), new SimulatedDisk()];
  disks[0].install(twoPaths[0], new Uint8Array(0));
  disks[1].install(twoPaths[1], new Uint8Array(0));
  return disks;
}

/** Power cut on both: what the machine finds. */
export function afterPowerCut(
  disks: readonly [SimulatedDisk, SimulatedDisk],
  prng: Prng,
): [SimulatedDisk, SimulatedDisk] {
  return [disks[0].afterPowerCut(prng), disks[1].afterPowerCut(prng)];
}

export function openTwo(
  disk: LeaseDisk,
  table: LeaseTable,
  syncs: readonly BackgroundSync[] = [],
  tell: (message: string) => void = () => undefined,
) {
  return LeaseFileStore.open(twoPaths, table, {
    ...{ disk, backgroundSyncs: syncs, rewriteBytesMin: 1_500, leasesPerSlice: 2 },
    tell,
    newSet: () => "0123456789abcdef",
  });
}

/**
 * Serves from the disks until call `crashAt` of them, or for some rounds; returns whether the machine
 * stopped. Throws LeaseStoreError when the store does not open.
 */
export function liveOn(
  disks: readonly [SimulatedDisk, SimulatedDisk],
  history: History,
  prng: Prng,
  { errors, stalls }: Faults,
  crashAt: number,
): boolean {
  let calls = 0;
  let isOpen = false;
  const chance = (percent: number): boolean => prng.nextBelow(100) < percent;
  const watched = disks.map((disk, place) =>
    watchedDisk(disk, () => {
      calls += 1;
      if (calls === crashAt) throw new SimulatedCrash(`call ${calls}`);
      if (isOpen && chance(errors[place])) throw systemError(chance(50) ? "EIO" : "ENOSPC");
    }),
  );
  const disk = joinedDisks(watched[0], watched[1]);
  const syncs = watched.map((_, place) => new ChanceSync(disk, () => chance(stalls[place])));
  const table = newTable();
  try {
    const store = openTwo(disk, table, syncs);
    isOpen = true;
    serve(store, table, history, prng);
    tolerate(() => store.close());
    return false;
  } catch (error) {
    if (error instanceof SimulatedCrash) return true;
    throw error;
  }
}

function serve(store: LeaseFileStore, table: LeaseTable, history: History, prng: Prng): void {
  let underWay: [index: number, number: number][] = [];
  const settle = (msMax: number): void =>
    tolerate(() => {
      try {
        if (!store.endCommit(msMax)) return;
        for (const [index, number] of underWay) history.acknowledge(index, number);
        underWay = [];
      } catch (error) {
        underWay = [];
        throw error;
      }
    });
  let nowSeconds = 0;
  for (let round = 0; round < 24; round += 1) {
    const batch: [number, number][] = [];
    for (let change = 0; change <= prng.nextBelow(2); change += 1) {
      const index = prng.nextBelow(addresses);
      table.load(history.change(index, prng.nextBelow(3)));
      store.appendLease(index);
      batch.push([index, history.latest(index)]);
    }
    for (let looks = 0; looks < 3 && underWay.length > 0; looks += 1) settle(0);
    settle(Number.POSITIVE_INFINITY);
    tolerate(() => {
      const isDurable = store.beginCommit();
      underWay = batch;
      if (isDurable) settle(0);
    });
    if (prng.nextBelow(3) > 0) continue;
    settle(Number.POSITIVE_INFINITY);
    nowSeconds += prng.nextBelow(40);
    for (let slice = 0; slice < 1 + prng.nextBelow(8); slice += 1) {
      tolerate(() => store.maintain(nowSeconds));
    }
  }
  settle(Number.POSITIVE_INFINITY);
}

/** The listener goes on without the ACKs of the batch. */
function tolerate(call: () => void): void {
  try {
    call();
  } catch (error) {
    if (!(error instanceof LeaseStoreError)) throw error;
  }
}
