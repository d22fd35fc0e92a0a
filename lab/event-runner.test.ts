import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { PairAction, PairEvent, PairSide } from "../scenarios/language/pair-event.ts";
import { EventRunner, type Performed } from "./event-runner.ts";

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
});
afterEach(() => {
  vi.useRealTimers();
});

/** The simulation's clock does not begin at 0. */
const CLOCK_OFFSET_MS = 5000;
const START_MS = CLOCK_OFFSET_MS + 50;

function event(name: string, moment: PairEvent["moment"], more: Partial<PairEvent> = {}) {
  return { name, moment, action: { verb: "kill", node: "active" }, forMs: undefined, ...more };
}

function stageWith(performed: (action: PairAction) => Promise<Performed>) {
  const log: string[] = [];
  let active: PairSide | undefined = "a";
  const nowMs = (): number => Date.now() + CLOCK_OFFSET_MS;
  return {
    log,
    setActive: (side: PairSide | undefined) => {
      active = side;
    },
    stage: {
      nowMs,
      nodeOf: () => active,
      perform: (action: PairAction, side: PairSide | undefined) => {
        log.push(`${Math.round(nowMs() - START_MS)} ms: ${action.verb} ${side ?? ""}`.trim());
        return performed(action);
      },
    },
  };
}

const nothing = async (): Promise<Performed> => ({});

describe("the timeline", () => {
  test("events are counted from the start of the run, or of their phase", async () => {
    const { stage, log } = stageWith(nothing);
    const events = [
      event("late", { kind: "run", atMs: 3000 }),
      event("in-phase", { kind: "phase", phase: "mixed", afterMs: 500 }),
    ] as PairEvent[];
    const runner = new EventRunner(events, stage);
    runner.phaseStarts("connect", START_MS);
    await vi.advanceTimersByTimeAsync(1050);
    runner.phaseStarts("mixed", START_MS + 1000);
    await vi.advanceTimersByTimeAsync(5000);
    expect(log).toEqual(["1500 ms: kill a", "3000 ms: kill a"]);
    const { events: played, problems } = await runner.finish();
    expect(played.map(({ name, startedAtMs, node }) => [name, startedAtMs, node])).toEqual([
      ["in-phase", 1500, "a"],
      ["late", 3000, "a"],
    ]);
    expect(problems).toEqual([]);
  });

  test("the active node is whoever is active then", async () => {
    const { stage, log, setActive } = stageWith(nothing);
    const events = [event("one", { kind: "run", atMs: 1000 })] as PairEvent[];
    const runner = new EventRunner(events, stage);
    runner.phaseStarts("connect", START_MS);
    setActive("b");
    await vi.advanceTimersByTimeAsync(2000);
    expect(log).toEqual(["1000 ms: kill b"]);
    expect((await runner.finish()).events[0]?.text).toBe("kill -9 of node b");
  });

  test("a fault is taken back after its time", async () => {
    const undone: number[] = [];
    const { stage } = stageWith(async () => ({ undo: () => void undone.push(Date.now()) }));
    const moment = { kind: "run", atMs: 0 } as const;
    const runner = new EventRunner([event("one", moment, { forMs: 700 })] as PairEvent[], stage);
    runner.phaseStarts("connect", START_MS);
    await vi.advanceTimersByTimeAsync(1000);
    expect(undone).toEqual([750]);
    expect((await runner.finish()).events).toMatchObject([{ startedAtMs: 0, endedAtMs: 700 }]);
  });
});

describe("what is not played as planned is told", () => {
  test("an event whose moment does not come", async () => {
    const { stage, log } = stageWith(nothing);
    const events = [event("late", { kind: "run", atMs: 60_000 })] as PairEvent[];
    const runner = new EventRunner(events, stage);
    runner.phaseStarts("connect", START_MS);
    await vi.advanceTimersByTimeAsync(1000);
    const { events: played, problems } = await runner.finish();
    await vi.advanceTimersByTimeAsync(100_000);
    expect(log).toEqual([]);
    expect(played).toEqual([]);
    expect(problems).toEqual(["Event late was not played: the run was over before its moment."]);
  });

  test("an event that fails, and one whose node nobody is", async () => {
    const { stage, setActive } = stageWith(async () => {
      throw new Error("prov-a does not run");
    });
    const events = [
      event("one", { kind: "run", atMs: 0 }),
      event("two", { kind: "run", atMs: 1000 }),
    ] as PairEvent[];
    const runner = new EventRunner(events, stage);
    runner.phaseStarts("connect", START_MS);
    await vi.advanceTimersByTimeAsync(500);
    setActive(undefined);
    await vi.advanceTimersByTimeAsync(1000);
    const { events: played, problems } = await runner.finish();
    expect(problems).toEqual([
      "Event one failed: prov-a does not run",
      "Event two failed: no node is active",
    ]);
    expect(played.map(({ outcome }) => outcome)).toEqual([
      "prov-a does not run",
      "no node is active",
    ]);
  });

  test("a fault that lasts at the end of the run is left as it is, and has no end", async () => {
    const undo = vi.fn();
    const { stage } = stageWith(async () => ({ undo }));
    const moment = { kind: "run", atMs: 0 } as const;
    const runner = new EventRunner([event("one", moment, { forMs: 60_000 })] as PairEvent[], stage);
    runner.phaseStarts("connect", START_MS);
    await vi.advanceTimersByTimeAsync(1000);
    const { events } = await runner.finish();
    expect(undo).not.toHaveBeenCalled();
    expect(events[0]).not.toHaveProperty("endedAtMs");
  });
});
