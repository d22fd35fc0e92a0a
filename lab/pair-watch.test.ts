import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { NodeView } from "./control-client.ts";
import { type AskNode, PairWatch } from "./pair-watch.ts";

beforeEach(() => {
  vi.useFakeTimers({ now: 1000 });
});
afterEach(() => {
  vi.useRealTimers();
});

type Answer = Awaited<ReturnType<AskNode>>;
const view = (role: string, epoch = 1, isInSync = true): NodeView => ({
  ...{ role, epoch, isInSync, isLeader: role === "active" },
});

function watched() {
  const says: Record<"a" | "b", Answer> = { a: "down", b: "down" };
  const watch = new PairWatch({ a: async () => says.a, b: async () => says.b }, () => Date.now());
  watch.start();
  const later = async (ms: number, more: Partial<typeof says> = {}): Promise<void> => {
    Object.assign(says, more);
    await vi.advanceTimersByTimeAsync(ms);
  };
  const stop = async (): Promise<void> => {
    const stopped = watch.stop();
    await vi.advanceTimersByTimeAsync(100);
    await stopped;
  };
  return { watch, later, stop };
}

test("in order: one serves, the other one could", async () => {
  const { watch, later, stop } = watched();
  await later(100, { a: view("starting", 0), b: view("starting", 0) });
  expect(watch.isInOrder).toBe(false);
  await later(100, { a: view("active"), b: view("standby", 1, false) });
  expect(watch.isInOrder).toBe(false);
  expect(watch.words).toBe("node a is active, node b is standby and not in sync");
  await later(100, { b: view("standby") });
  expect(watch.isInOrder).toBe(true);
  await stop();
});

test("a former active one that does not know better yet is not the active one", async () => {
  const { watch, later, stop } = watched();
  await later(100, { a: view("active"), b: view("standby") });
  expect(watch.active).toBe("a");
  await later(100, { a: "silent", b: view("claiming") });
  expect(watch.active).toBe("a");
  await later(100, { b: view("active", 2) });
  await later(100, { a: view("active", 1) });
  expect(watch.active).toBe("b");
  await stop();
});

test("an active node that hears of its successor's epoch does not have that epoch", async () => {
  const { watch, later, stop } = watched();
  await later(100, { a: view("active", 5), b: view("standby", 5) });
  await later(100, { a: { ...view("active", 6), isLeader: false }, b: view("claiming", 6) });
  expect(watch.active).toBe("a");
  await later(100, { a: view("standby", 6), b: view("active", 6) });
  expect(watch.active).toBe("b");
  await stop();
  const active = watch.changesSince(0).filter(({ role }) => role === "active");
  expect(active.map(({ node, epoch }) => [node, epoch])).toEqual([
    ["a", 5],
    ["b", 6],
  ]);
});

test("roles are told from the start of the run, those that were there before at 0", async () => {
  const { watch, later, stop } = watched();
  await later(100, { a: view("active"), b: view("standby") });
  const startMs = Date.now();
  await later(1000);
  await later(100, { a: "down" });
  await later(100, { b: view("active", 2) });
  await stop();
  const changes = watch.changesSince(startMs);
  expect(changes.map(({ node, role, epoch }) => [node, role, epoch])).toEqual([
    ["a", "active", 1],
    ["b", "standby", 1],
    ["a", "down", 1],
    ["b", "active", 2],
  ]);
  expect(changes.slice(0, 2).map(({ atMs }) => atMs)).toEqual([0, 0]);
  // Looked at every 50 ms.
  expect(changes[2].atMs).toBeGreaterThanOrEqual(1000);
  expect(changes[2].atMs).toBeLessThanOrEqual(1050);
});
