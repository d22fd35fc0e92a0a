import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { EtcdError } from "../../server/etcd/etcd-error.ts";
import type { KeyValue, RangeAnswer, RangeQuery } from "../../server/etcd/etcd-messages.ts";
import { leaseKey } from "../../server/etcd/pair-keys.ts";
import { writeRecord } from "../../server/lease/format/lease-file.ts";
import {
  PairFollow,
  type PairFollowOptions,
} from "../../server/lease/replicated/edge/pair-follow.ts";
import { unpackRecords } from "../../server/lease/replicated/lease-batch.ts";
import { LeaseFollower } from "../../server/lease/replicated/lease-follower.ts";
import type { PairNotice } from "../../server/lease/replicated/pair-messages.ts";
import { MemoryLeaseStore } from "../../server/lease/store/memory-lease-store.testing.ts";
import { LeaseTable } from "../../server/lease/table/lease-table.ts";
import { clientOf, keys, low } from "./pair-node.ts";

// A standby node reads the leases of its pair from an etcd that is slow, in virtual time.

const LEASES = 8000;
const hour = 3_600_000;

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
});
afterEach(() => {
  vi.useRealTimers();
});

/** How an answer comes: when its last byte is there, and the longest time without a byte before. */
interface Answering {
  readonly ms: number;
  readonly silentMs: number;
}

interface Etcd {
  /** How the page is answered that is asked for as the so many-eth. */
  readonly answering: (pagesAsked: number) => Answering;
  /** Planted: the limit is one for the whole page, as it was. */
  readonly limitsWholePages?: boolean;
}

const leases: readonly KeyValue[] = Array.from({ length: LEASES }, (_, index) => {
  const text = writeRecord({
    ...{ address: low + index, bindingState: "active", startsAt: 1000, endsAt: 4600 },
    ...{ nextBindingState: "free", rewindBindingState: "free", ...clientOf(index % 256) },
  });
  const value = new TextEncoder().encode(text);
  return { key: leaseKey(keys, low + index), value, modRevision: 2 + index };
}).toSorted((one, other) => (one.key < other.key ? -1 : 1));

function rangeOf({
  key,
  end = `${key}\0`,
  limit = Number.POSITIVE_INFINITY,
}: RangeQuery): RangeAnswer {
  const found = leases.filter((lease) => lease.key >= key && lease.key < end);
  const count = found.length;
  return { revision: 1 + LEASES, found: found.slice(0, limit), hasMore: count > limit, count };
}

/** A node that reads from it. `pages`: how often a page was asked for. */
function standby({ answering, limitsWholePages = false }: Etcd) {
  const notices: PairNotice[] = [];
  const table = new LeaseTable([{ low, high: low + LEASES - 1, pool: 0 }]);
  const file = new MemoryLeaseStore();
  file.loadInto(table);
  const follower = new LeaseFollower(table, file);
  const reader = { follower, notices, pages: 0 };
  const client: PairFollowOptions["client"] = {
    attemptMs: 80,
    range: async (query) => rangeOf(query),
    readPage: async (query, silentMsMax) => {
      const isLeases = query.end !== undefined;
      const { ms, silentMs } = isLeases ? answering(reader.pages++) : { ms: 1, silentMs: 1 };
      const waitedMs = limitsWholePages ? ms : silentMs;
      const tookMs = waitedMs >= silentMsMax ? silentMsMax : ms;
      await new Promise((resolve) => setTimeout(resolve, tookMs));
      if (waitedMs < silentMsMax) return rangeOf(query);
      throw new EtcdError(`http://127.0.0.1:2379 did not answer in ${silentMsMax} ms`);
    },
    watch: () => ({ pause: () => {}, resume: () => {}, cancel: () => {} }),
  };
  const following = new PairFollow({
    ...{ client, keys, probeMs: 200 },
    post: (notice) => {
      notices.push(notice);
      if (notice.kind === "leases") following.taken(notice.records.length);
      const { kind } = notice;
      if (kind === "loading" || kind === "leases" || kind === "complete") follower.take(notice);
    },
  });
  onTestFinished(() => following.stop());
  void following.run();
  return reader;
}

const count = (
  { notices }: { readonly notices: readonly PairNotice[] },
  kind: PairNotice["kind"],
) => notices.filter((notice) => notice.kind === kind).length;

const trickling: Answering = { ms: 20_000, silentMs: 1000 };

test("pages of which a byte comes now and then are all read, and the progress shows it", async () => {
  const reader = standby({ answering: () => trickling });
  await vi.advanceTimersByTimeAsync(100_000);
  const { reading } = reader.follower;
  expect(reading?.leasesInAll).toBe(LEASES);
  expect(reading?.leasesRead).toBeGreaterThan(1500);
  expect(reading?.leasesRead).toBeLessThan(LEASES);
  await vi.advanceTimersByTimeAsync(300_000);
  expect(reader.follower.isComplete).toBe(true);
  expect(reader.follower.reading).toBeUndefined();
  expect(count(reader, "trouble")).toBe(0);
});

test("planted: with a limit for the whole page the same reading never ends", async () => {
  const reader = standby({ answering: () => trickling, limitsWholePages: true });
  await vi.advanceTimersByTimeAsync(hour);
  expect(reader.follower.isComplete).toBe(false);
  expect(count(reader, "leases")).toBe(0);
});

test("an etcd that takes 150 ms for everything is no trouble", async () => {
  const reader = standby({ answering: () => ({ ms: 150, silentMs: 150 }) });
  await vi.advanceTimersByTimeAsync(1000);
  expect(reader.follower.isComplete).toBe(true);
  expect(count(reader, "trouble")).toBe(0);
  // 512, 1024, 2048, 4096 keys and the rest: the round trips are few.
  expect(reader.pages).toBe(5);
});

test("pages become smaller again when etcd sends more slowly", async () => {
  const reader = standby({ answering: (page) => ({ ms: page < 2 ? 150 : 3000, silentMs: 10 }) });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(reader.follower.isComplete).toBe(true);
  const pages = reader.notices.flatMap((notice) =>
    notice.kind === "leases" ? [unpackRecords(notice.records).size] : [],
  );
  expect(pages.slice(0, 6)).toEqual([512, 1024, 2048, 1024, 512, 512]);
});

test("a member that falls silent costs one page, not what was read before", async () => {
  const stalls = [3, 4, 9];
  const reader = standby({
    answering: (page) => ({ ms: 1000, silentMs: stalls.includes(page) ? hour : 10 }),
  });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(reader.follower.isComplete).toBe(true);
  expect(count(reader, "loading")).toBe(1);
  expect(count(reader, "trouble")).toBe(stalls.length);
  expect(reader.pages).toBe(Math.ceil(LEASES / 512) + stalls.length);
});

test("an etcd that stalls for ever leaves the reading where it is, with the trouble told", async () => {
  const reader = standby({ answering: (page) => ({ ms: 1000, silentMs: page < 5 ? 10 : hour }) });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(reader.follower.reading).toEqual({ leasesRead: 5 * 512, leasesInAll: LEASES });
  await vi.advanceTimersByTimeAsync(hour);
  expect(reader.follower.reading).toEqual({ leasesRead: 5 * 512, leasesInAll: LEASES });
  expect(reader.notices.at(-1)).toMatchObject({
    kind: "trouble",
    text: expect.stringContaining("did not answer in 5000 ms"),
  });
});
