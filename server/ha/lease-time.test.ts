import { expect, test } from "vitest";
import type { Heartbeat } from "../../protocol/heartbeat/packet.ts";
import { apartText, areApart, type LeaseMoment, LeaseTime } from "./lease-time.ts";

const dayMs = 1_800_000_000_000;
const hourMs = 3_600_000;

/** One node, its clock of the day wrong by `aheadMs`. */
class Node {
  monotonicMs = 5000;
  aheadMs: number;
  isServing = false;
  readonly time: LeaseTime;

  constructor(aheadMs: number) {
    this.aheadMs = aheadMs;
    this.time = LeaseTime.of({ wallMs: () => this.wallMs, monotonicMs: () => this.monotonicMs });
  }

  get wallMs(): number {
    return dayMs + this.monotonicMs + this.aheadMs;
  }

  get leaseMs(): number {
    return this.time.baseMs + this.monotonicMs;
  }

  get moment(): LeaseMoment {
    const { wallMs, monotonicMs, isServing } = this;
    return { wallMs, monotonicMs, isServing };
  }

  pass(): void {
    this.time.pass(this.moment);
  }

  says(): Pick<Heartbeat, "role" | "wallMs" | "leaseMs"> {
    const { wallMs, leaseMs, isServing } = this;
    return { role: isServing ? "active" : "standby", wallMs, leaseMs };
  }

  hears(other: Node, roundTripMs = 0): void {
    this.time.hear(other.says(), roundTripMs, this.moment);
    this.pass();
  }
}

const trueMs = (node: Node): number => dayMs + node.monotonicMs;

test.each([hourMs, -hourMs, 1500])(
  "TIME-8: a standby node whose clock is %i ms off goes by the active one's, also when it takes over",
  (aheadMs) => {
    const active = new Node(0);
    active.isServing = true;
    const standby = new Node(aheadMs);
    standby.hears(active);
    expect(standby.leaseMs).toBe(trueMs(standby));
    expect(standby.time.clockApartMs).toBe(-aheadMs);
    standby.isServing = true;
    for (let turn = 0; turn < 3; turn += 1) {
      standby.monotonicMs += hourMs;
      standby.pass();
    }
    expect(standby.leaseMs).toBe(trueMs(standby));

    // And back: the first one hears who serves now, by whatever clock.
    active.isServing = false;
    active.monotonicMs = standby.monotonicMs;
    active.hears(standby);
    active.isServing = true;
    expect(active.leaseMs).toBe(trueMs(active));
  },
);

test.each([hourMs, -hourMs])(
  "a clock that is set by %i ms while its node serves moves nothing",
  (byMs) => {
    const active = new Node(0);
    active.isServing = true;
    active.pass();
    active.aheadMs = byMs;
    active.monotonicMs += 10;
    active.pass();
    expect(active.leaseMs).toBe(trueMs(active));
    const standby = new Node(byMs);
    standby.monotonicMs = active.monotonicMs;
    standby.hears(active);
    expect(standby.leaseMs).toBe(trueMs(standby));
    expect(standby.time.clockApartMs).toBe(0);
  },
);

test("while nobody serves a node goes by its own clock, whatever the other one's is", () => {
  const first = new Node(0);
  const second = new Node(hourMs);
  first.hears(second);
  expect(first.leaseMs).toBe(first.wallMs);
  first.aheadMs = -hourMs;
  first.pass();
  expect(first.leaseMs).toBe(first.wallMs);
  expect(first.time.clockApartMs).toBe(hourMs);
});

test("a node that has ended to serve keeps its time until it hears another one serve", () => {
  const node = new Node(0);
  node.isServing = true;
  node.pass();
  node.isServing = false;
  node.aheadMs = hourMs;
  node.pass();
  expect(node.leaseMs).toBe(trueMs(node));
  const other = new Node(hourMs + 200);
  other.isServing = true;
  node.hears(other);
  expect(node.leaseMs).toBe(node.wallMs);
});

test("clocks that differ by less than leases are counted in are alike: nothing adds up", () => {
  const active = new Node(900);
  active.isServing = true;
  const standby = new Node(0);
  standby.hears(active);
  expect(standby.leaseMs).toBe(standby.wallMs);
  expect(areApart(standby.time.clockApartMs)).toBe(false);
});

test("half of the way there and back counts; what was long under way or answers nothing does not", () => {
  const active = new Node(2 * hourMs);
  active.isServing = true;
  const standby = new Node(0);
  for (const roundTripMs of [undefined, 1001]) {
    standby.time.hear(active.says(), roundTripMs, standby.moment);
  }
  expect(standby.time.clockApartMs).toBeUndefined();
  expect(standby.leaseMs).toBe(standby.wallMs);
  standby.hears(active, 40);
  expect(standby.time.clockApartMs).toBe(2 * hourMs + 20);
  expect(standby.leaseMs).toBe(standby.wallMs + 2 * hourMs + 20);
});

test("in words", () => {
  expect([hourMs, -1500].map(apartText)).toEqual(["3600.0 s ahead of", "1.5 s behind"]);
  expect([undefined, 999, -999, 1000, -1000].map(areApart)).toEqual([
    false,
    false,
    false,
    true,
    true,
  ]);
});
