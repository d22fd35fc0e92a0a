import { expect, test } from "vitest";
import { nullLogger } from "../../base/log.ts";
import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { DhcpCounters } from "../dhcp/loop/counters.ts";
import { datagramOf, standingOf } from "./admission.testing.ts";
import { Admission } from "./admission.ts";
import { OverloadGuard } from "./overload-guard.ts";

const discover = datagramOf({ type: MessageType.discover, standing: "unknown" });
const renewal = datagramOf({ type: MessageType.request, standing: "known", isAddressed: true });

function setUp() {
  const lines: string[] = [];
  const dhcpCounters = new DhcpCounters();
  const logger = { ...nullLogger, warn: (line: string) => void lines.push(line) };
  const guard = new OverloadGuard(new Admission(standingOf), dhcpCounters, logger);
  const counters = { received: 0, sent: 0, truncated: 0, kernelDrops: 0, sendErrors: 0 };
  let nowMs = 0;
  let toldAtMs = 0;
  /** Ten batches a second of a DISCOVER and a renewal that waited this long; returns what was served. */
  const play = (seconds: number, waitedMs: number): number => {
    let served = 0;
    for (let turn = 0; turn < seconds * 10; turn += 1) {
      nowMs += 100;
      const socket = { receivedAtMs: () => nowMs - waitedMs, counters };
      const clock = { monotonicMs: () => nowMs, wallMs: () => nowMs };
      guard.open(socket, 2, nowMs);
      for (const [index, bytes] of [discover, renewal].entries()) {
        if (!guard.refuses(bytes, socket, index, clock)) served += 1;
      }
      if (nowMs - toldAtMs < 1000) continue;
      toldAtMs = nowMs;
      guard.tell(nowMs);
    }
    return served;
  };
  return { play, lines, counters: dhcpCounters };
}

test("a server in time drops nothing and says nothing", () => {
  const { play, lines, counters } = setUp();
  expect(play(60, 15)).toBe(1200);
  expect(counters.shed).toBe(0);
  expect(lines).toEqual([]);
});

test("what is dropped is counted by its reason, and told at most every ten seconds", () => {
  const { play, lines, counters } = setUp();
  play(35, 5000);
  const stale = counters.droppedFor("overload-stale");
  expect(stale).toBe(350);
  expect(counters.shed).toBe(stale);
  expect(counters.snapshot()).toMatchObject({ "dropped.overload-stale": stale });
  play(20, 0);
  expect(counters.shed).toBe(stale);
  expect(lines).toEqual([
    "Overload: requests are dropped, those of unknown clients first.",
    expect.stringMatching(/^Overload: 100 requests were dropped/),
    expect.stringMatching(/^Overload: 100 requests were dropped/),
    expect.stringMatching(/^Overload: 100 requests were dropped/),
    expect.stringMatching(/^The overload is over: 40 requests were dropped/),
  ]);
});

test("overload that comes and goes does not flood the log", () => {
  const { play, lines } = setUp();
  for (let round = 0; round < 20; round += 1) {
    play(2, 500);
    play(2, 0);
  }
  expect(lines.length).toBeGreaterThan(2);
  expect(lines.length).toBeLessThanOrEqual(8);
});
