import { describe, expect, test } from "vitest";
import { haProfiles, mistakesOfTimes, stopMsMax } from "./heartbeat-times.ts";
import { PeerDetector } from "./peer-detector.ts";

const { guide, fast } = haProfiles;

/** Lets time go on in steps of 10 ms; `links` are heard every keepalive. Tells when the peer died. */
function run(
  detector: PeerDetector,
  times: { keepaliveMs: number },
  from: number,
  to: number,
  links: readonly number[],
): number | undefined {
  let diedAtMs: number | undefined;
  for (let nowMs = from + 10; nowMs <= to; nowMs += 10) {
    if (nowMs % times.keepaliveMs === 0) for (const link of links) detector.heard(link);
    const events = detector.pass(nowMs);
    if (events.some((event) => event.kind === "peer" && event.life === "dead")) diedAtMs = nowMs;
  }
  return diedAtMs;
}

test("HA-27 keepalive, HA-27 deadtime, HA-28: the guide's profile has the values of table 2.2.2 and ha.cf", () => {
  expect(guide).toEqual({
    keepaliveMs: 3000,
    warnMs: 9000,
    deadMs: 15_000,
    initialDeadMs: 120_000,
    gatewayDeadMs: 15_000,
  });
});

test("HA-8: detection takes 18 s at most with the guide's profile, stopping 2 s", () => {
  // HA-8 counts one keepalive and the deadtime.
  expect(guide.keepaliveMs + guide.deadMs).toBe(18_000);
  expect(stopMsMax).toBe(2000);
});

test("the fast profile leaves half of a second for the claim and the first answer", () => {
  expect(fast.keepaliveMs + fast.deadMs).toBeLessThanOrEqual(500);
});

test("both profiles are in order; a mistake names its field", () => {
  expect(mistakesOfTimes(guide)).toEqual([]);
  expect(mistakesOfTimes(fast)).toEqual([]);
  const { deadMs } = guide;
  expect(mistakesOfTimes({ ...guide, warnMs: deadMs + 1 })).toEqual([
    { field: "deadMs", message: "must be at least warnMs, which is 15001 ms here" },
  ]);
  expect(mistakesOfTimes({ ...guide, initialDeadMs: deadMs })).toMatchObject([
    { field: "initialDeadMs" },
  ]);
});

describe.each(Object.entries(haProfiles))("HA-10 with the profile %s", (_, times) => {
  const { keepaliveMs, warnMs, deadMs, initialDeadMs } = times;
  const heardUntilMs = keepaliveMs * 20;

  test("silence on all links for deadtime, and no sooner, means that the peer is dead", () => {
    const detector = new PeerDetector(times, 2, 0);
    expect(run(detector, times, 0, heardUntilMs, [0, 1])).toBeUndefined();
    expect(run(detector, times, heardUntilMs, heardUntilMs + 2 * deadMs, [])).toBe(
      heardUntilMs + deadMs,
    );
    expect(detector.linkStates).toEqual(["dead", "dead"]);
  });

  test("one of two links lost warns after warntime, and the peer lives", () => {
    const detector = new PeerDetector(times, 2, 0);
    run(detector, times, 0, heardUntilMs, [0, 1]);
    run(detector, times, heardUntilMs, heardUntilMs + warnMs, [0]);
    expect(detector.linkStates).toEqual(["up", "late"]);
    run(detector, times, heardUntilMs + warnMs, heardUntilMs + 3 * deadMs, [0]);
    expect(detector.linkStates).toEqual(["up", "dead"]);
    expect(detector.life).toBe("alive");
    detector.heard(1);
    expect(detector.linkStates).toEqual(["up", "up"]);
  });

  test("at the start initdead counts, and one heartbeat ends it", () => {
    expect(run(new PeerDetector(times, 2, 0), times, 0, initialDeadMs * 2, [])).toBe(initialDeadMs);
    const detector = new PeerDetector(times, 2, 0);
    detector.heard(1);
    expect(run(detector, times, 0, initialDeadMs, [])).toBe(deadMs + 10);
  });

  test("a program that stood still does not conclude that the peer is dead", () => {
    const detector = new PeerDetector(times, 1, 0);
    run(detector, times, 0, heardUntilMs, [0]);
    const wokenAtMs = heardUntilMs + 100 * deadMs;
    expect(detector.pass(wokenAtMs)).toContainEqual({ kind: "stalled", stalledMs: 100 * deadMs });
    expect(detector.life).toBe("alive");
    expect(run(detector, times, wokenAtMs, wokenAtMs + 2 * deadMs, [])).toBe(
      wokenAtMs + deadMs - keepaliveMs,
    );
  });
});
