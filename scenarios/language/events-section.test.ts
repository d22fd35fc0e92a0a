import { describe, expect, test } from "vitest";
import { readSmall, scenarioIn } from "../small-scenario.testing.ts";
import { actionText, type PairEvent } from "./pair-event.ts";

function read(events: readonly string[], pair = "pair: {}", exchange = "discover") {
  const list = events.length === 0 ? " []" : events.map((event) => `\n  - ${event}`).join("");
  const stream = `{ exchange: ${exchange}, ratePerSecond: 10 }`;
  return readSmall({ stream, more: [pair, `events:${list}`] });
}

function scenarioOf(events: readonly string[], pair?: string) {
  return scenarioIn(read(events, pair));
}

function eventOf(event: string): PairEvent {
  return scenarioOf([event]).events[0];
}

test("a pair has the guide's times, in namespaces where they can be had, unless told", () => {
  expect(scenarioOf([], "pair: {}").pair).toEqual({
    ...{ kind: "provlab", profile: "guide", network: "auto" },
  });
  expect(scenarioOf([], "").pair).toBeUndefined();
});

describe("events:", () => {
  test.each<readonly [string, PairEvent["action"], string]>([
    ["kill: active", { verb: "kill", node: "active" }, "kill -9 of node b"],
    ["pause: a", { verb: "pause", node: "a" }, "node b stands still (SIGSTOP)"],
    ["cutLink: {}", { verb: "cutLink", direction: "both" }, "both links are cut"],
    [
      "cutLink: { link: 2, direction: a-to-b }",
      { verb: "cutLink", link: 2, direction: "a-to-b" },
      "link 2 is cut, a-to-b",
    ],
    [
      "cutStore: { node: standby, direction: from-store }",
      { verb: "cutStore", node: "standby", direction: "from-store" },
      "node b is cut from the store, from-store",
    ],
    ["killStore: 3", { verb: "killStore", member: 3 }, "kill -9 of member 3 of the store"],
    [
      "slowDisk: { node: a, by: 50 ms }",
      { verb: "slowDisk", node: "a", byMs: 50 },
      "each sync of the disk of node b takes 50 ms more",
    ],
    [
      "skewClock: { node: b, by: 1 h, direction: behind }",
      { verb: "skewClock", node: "b", byMs: 3_600_000, direction: "behind" },
      "the clock of node b is 1 h behind",
    ],
    ["failback: true", { verb: "failback" }, "fail-back"],
  ])("%s", (text, action, words) => {
    const event = eventOf(`{ at: 20 s, ${text} }`);
    expect(event.action).toEqual(action);
    expect(event.moment).toEqual({ kind: "run", atMs: 20_000 });
    expect(actionText(event.action, "b")).toBe(words);
  });

  test("from the start of a phase, and undone after a while", () => {
    const event = eventOf("{ phase: connect, after: 500 ms, pause: active, for: 10 s }");
    expect(event.moment).toEqual({ kind: "phase", phase: "connect", afterMs: 500 });
    expect(event.forMs).toBe(10_000);
  });

  test("an event without a name is called after what it does, a second one by its number", () => {
    const kill = "{ at: 1 s, kill: active }";
    const { events } = scenarioOf([kill, kill, "{ at: 2 s, killStore: 1, name: mine }", kill]);
    const names = events.map(({ name }) => name);
    expect(names).toEqual(["kill-active", "kill-active-2", "mine", "kill-active-3"]);
  });
});

describe("what cannot be is told with its place", () => {
  test.each<readonly [string, string, string, RegExp]>([
    ["no pair", "{ at: 1 s, kill: a }", "", /events are done to a pair/],
    ["nothing", "{ at: 1 s }", "pair: {}", /needs exactly one thing that happens/],
    ["two things", "{ at: 1 s, kill: a, stop: b }", "pair: {}", /exactly one thing/],
    ["no moment", "{ kill: a }", "pair: {}", /exactly one of `at: 20 s` and `phase/],
    ["two moments", "{ at: 1 s, phase: connect, kill: a }", "pair: {}", /exactly one of `at/],
    ["no such phase", "{ phase: mixed, kill: a }", "pair: {}", /"mixed" is no phase/],
    ["after nothing", "{ at: 1 s, after: 2 s, kill: a }", "pair: {}", /after goes with `phase/],
    ["nothing to undo", "{ at: 1 s, start: a, for: 5 s }", "pair: {}", /for goes with a fault/],
    ["no such node", "{ at: 1 s, kill: c }", "pair: {}", /must be one of a, b, active, standby/],
    ["a fourth member", "{ at: 1 s, killStore: 4 }", "pair: {}", /killStore/],
    [
      "a cut on loopback",
      "{ at: 1 s, cutLink: {} }",
      "pair: { network: loopback }",
      /cutLink needs namespaces/,
    ],
    [
      "a fail-back of somebody else's pair",
      "{ at: 1 s, failback: true }",
      "pair: { kind: kea }",
      /failback is nothing that a pair of kind kea has/,
    ],
    [
      "a peer on loopback",
      "{ at: 1 s, kill: a }",
      "pair: { kind: isc, network: loopback }",
      /real/,
    ],
    [
      "an address that moves on loopback",
      "{ at: 1 s, kill: a }",
      "pair: { network: loopback, serviceAddress: true }",
      /serviceAddress is true, but nothing moves on loopback/,
    ],
    [
      "an address that moves between somebody else's servers",
      "{ at: 1 s, kill: a }",
      "pair: { kind: kea, serviceAddress: true }",
      /a pair of kind kea has none/,
    ],
  ])("%s", (_, event, pair, message) => {
    expect(() => scenarioOf([event], pair)).toThrow(message);
  });

  test("a name that is taken", () => {
    const kill = "{ at: 1 s, kill: a, name: same }";
    expect(() => scenarioOf([kill, kill])).toThrow(/"same" is taken/);
  });

  test("a pair has no services beside DHCP", () => {
    const reading = read([], "pair: {}", "boot");
    expect(reading).toMatchObject({ kind: "failed" });
  });
});
