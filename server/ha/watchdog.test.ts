import { expect, test } from "vitest";
import { DataPlanePulse, Watchdog } from "./watchdog.ts";

const times = { turnMsMax: 400, commitMsMax: 1000, blindMsMax: 100 };

/** Lets time go on in steps of 10 ms, and the data plane do something in each. */
function run(
  watchdog: Watchdog,
  pulse: DataPlanePulse,
  [from, to]: readonly [number, number],
  act: () => void,
  isSuspect = false,
): void {
  for (let nowMs = from + 10; nowMs <= to; nowMs += 10) {
    act();
    watchdog.pass(nowMs, pulse.read(), isSuspect);
  }
}

const health = ({ dataPlaneTurns, storeWrites }: Watchdog) => [dataPlaneTurns, storeWrites];

test("HA-11: a loop that stands still is noticed, and that it goes on", () => {
  const pulse = new DataPlanePulse();
  const watchdog = new Watchdog(times, 0);
  run(watchdog, pulse, [0, 1000], () => pulse.turned());
  run(watchdog, pulse, [1000, 1390], () => undefined);
  expect(health(watchdog)).toEqual([true, true]);
  run(watchdog, pulse, [1390, 1400], () => undefined);
  expect(health(watchdog)).toEqual([false, true]);
  run(watchdog, pulse, [1400, 1410], () => pulse.turned());
  expect(health(watchdog)).toEqual([true, true]);
});

test("HA-11: a store that takes nothing is noticed, though new commits begin", () => {
  const pulse = new DataPlanePulse();
  const watchdog = new Watchdog(times, 0);
  run(watchdog, pulse, [0, 5000], () => {
    pulse.turned();
    pulse.commitBegun();
    pulse.commitsWritten();
  });
  run(watchdog, pulse, [5000, 5990], () => {
    pulse.turned();
    pulse.commitBegun();
  });
  expect(health(watchdog)).toEqual([true, true]);
  run(watchdog, pulse, [5990, 6010], () => pulse.turned());
  expect(health(watchdog)).toEqual([true, false]);
  pulse.commitsWritten();
  run(watchdog, pulse, [6010, 6020], () => pulse.turned());
  expect(health(watchdog)).toEqual([true, true]);
});

test("HA-11: a store that does a part of a commit now and then works, but not without end", () => {
  const pulse = new DataPlanePulse();
  const watchdog = new Watchdog(times, 0);
  const turn = () => pulse.turned();
  run(watchdog, pulse, [0, 100], turn);
  pulse.commitBegun();
  for (let fromMs = 100; fromMs < 3700; fromMs += 900) {
    run(watchdog, pulse, [fromMs, fromMs + 900], turn);
    expect(health(watchdog)).toEqual([true, true]);
    pulse.commitMoved();
  }
  run(watchdog, pulse, [3700, 4090], turn);
  expect(health(watchdog)).toEqual([true, true]);
  run(watchdog, pulse, [4090, 4110], turn);
  expect(health(watchdog)).toEqual([true, false]);
});

test("HA-11: a store that does not say whether a node that stood still leads is noticed", () => {
  const pulse = new DataPlanePulse();
  const watchdog = new Watchdog(times, 0);
  run(watchdog, pulse, [0, 5000], () => pulse.turned());
  run(watchdog, pulse, [5000, 5990], () => pulse.turned(), true);
  expect(health(watchdog)).toEqual([true, true]);
  run(watchdog, pulse, [5990, 6010], () => pulse.turned(), true);
  expect(health(watchdog)).toEqual([true, false]);
  run(watchdog, pulse, [6010, 6020], () => pulse.turned());
  expect(health(watchdog)).toEqual([true, true]);
});

test("an idle store is a good one", () => {
  const pulse = new DataPlanePulse();
  const watchdog = new Watchdog(times, 0);
  run(watchdog, pulse, [0, 5000], () => pulse.turned());
  expect(health(watchdog)).toEqual([true, true]);
});

test("a watchdog that slept itself blames nobody", () => {
  const pulse = new DataPlanePulse();
  const watchdog = new Watchdog(times, 0);
  run(watchdog, pulse, [0, 100], () => pulse.turned());
  pulse.commitBegun();
  watchdog.pass(60_000, pulse.read(), true);
  expect(health(watchdog)).toEqual([true, true]);
});

test("two threads share one pulse", () => {
  const shared = DataPlanePulse.memory();
  new DataPlanePulse(shared).turned();
  expect(new DataPlanePulse(shared).read().turns).toBe(1);
});
