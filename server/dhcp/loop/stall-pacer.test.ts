import { expect, test } from "vitest";
import { StallPacer } from "./stall-pacer.ts";

const burst = 32;

/** How many replies of this pace, asked for from 0 to `stallMs`, leave in each ms after the stall. */
function leaving(stallMs: number, perMs: number): number[] {
  const pacer = new StallPacer();
  const waiting = Array.from({ length: Math.round(stallMs * perMs) }, (_, index) => index / perMs);
  pacer.resume(stallMs, 0, stallMs);
  const counts: number[] = [];
  for (let nowMs = stallMs; waiting.length > 0; nowMs += 1) {
    pacer.advance(nowMs, true);
    let count = 0;
    while (waiting.length > 0 && pacer.take(waiting[0])) {
      waiting.shift();
      count += 1;
    }
    counts.push(count);
  }
  return counts;
}

test.each([
  { stallMs: 400, perMs: 5, endsMs: 200, most: 10 },
  { stallMs: 400, perMs: 40, endsMs: 200, most: 80 },
  // What was asked for slowly does not take half of the stall.
  { stallMs: 5000, perMs: 0.5, endsMs: 310, most: 8 },
  { stallMs: 100, perMs: 0.3, endsMs: 1, most: 30 },
])(
  "a stall of $stallMs ms at $perMs requests a ms is made up for in $endsMs ms",
  ({ stallMs, perMs, endsMs, most }) => {
    const counts = leaving(stallMs, perMs);
    expect(counts.length).toBeLessThanOrEqual(endsMs + 1);
    expect(counts.length).toBeGreaterThan(0.8 * endsMs);
    expect(counts[0]).toBeLessThanOrEqual(burst + 1);
    expect(Math.max(...counts.slice(1), 0)).toBeLessThanOrEqual(most);
  },
);

test.each([
  ["a long wait of the disk", 10, 0, true],
  ["a short one", 9, 0, false],
  ["a loop that stood still", 1000, 990, true],
  ["one that had nothing to do", 1000, 991, false],
])("%s: %s ms, the oldest at %s: %s", (_, stalledMs, oldestMs, isStall) => {
  const pacer = new StallPacer();
  pacer.resume(stalledMs, oldestMs, 1000);
  expect(pacer.isPacing).toBe(isStall);
});

test("a reply that nothing held back is prompt", () => {
  const pacer = new StallPacer();
  pacer.resume(400, 600, 1000);
  expect(pacer.isPrompt(996, 1000)).toBe(true);
  expect(pacer.isPrompt(995, 1000)).toBe(false);
});

test("it ends once the lost time has passed again, and nothing waits", () => {
  const pacer = new StallPacer();
  pacer.resume(400, 600, 1000);
  for (const [nowMs, isHolding, isPacing] of [
    [1200, false, true],
    [1395, false, true],
    [1396, true, true],
    [1397, false, false],
  ] as const) {
    pacer.advance(nowMs, isHolding);
    expect(pacer.isPacing, `at ${nowMs} ms`).toBe(isPacing);
  }
});

test("a loop that turns rarely does not make up for it in one burst, but never falls further behind", () => {
  const pacer = new StallPacer();
  pacer.resume(400, 600, 1000);
  pacer.advance(1300, true);
  // 300 ms of requests, and 10 ms more, of which 5 came in each.
  let count = 0;
  while (pacer.take(600 + count / 5)) count += 1;
  expect(count).toBe(5 * 310 + 1);
});

test("a stall before the first is made up for takes it back to its own beginning", () => {
  const pacer = new StallPacer();
  pacer.resume(400, 600, 1000);
  for (let nowMs = 1001; nowMs <= 1100; nowMs += 1) pacer.advance(nowMs, true);
  pacer.resume(50, 750, 1100);
  for (let credit = 0; credit < burst; credit += 1) pacer.take(2000);
  expect(pacer.take(750)).toBe(true);
  expect(pacer.take(751)).toBe(false);
});
