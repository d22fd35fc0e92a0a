import { describe, expect, test } from "vitest";
import { GatewayWatch } from "./gateway-watch.ts";
import { haProfiles } from "./heartbeat-times.ts";

const address = 0xc0a8_0afe;
const identifier = 77;

describe.each(Object.entries(haProfiles))("HA-12, HA-27 ping with the profile %s", (_, times) => {
  const { keepaliveMs, gatewayDeadMs } = times;

  /** Pings; the gateway answers as long as `answersUntilMs`. When was it lost? */
  function lostAtMs(answersUntilMs: number, untilMs: number, source = address, id = identifier) {
    const watch = new GatewayWatch({ address, identifier, times }, 0);
    let replies: { source: number; id: number; sequence: number }[] = [];
    let requests = 0;
    for (let nowMs = 10; nowMs <= untilMs; nowMs += 10) {
      const sequence = watch.pass(nowMs, replies);
      replies = [];
      if (sequence !== undefined) requests += 1;
      if (sequence !== undefined && nowMs < answersUntilMs) replies = [{ source, id, sequence }];
      if (!watch.answers) return { nowMs, requests };
    }
    return { requests };
  }

  test("one request a keepalive, and a gateway that answers is there", () => {
    const requests = 20;
    const forMs = requests * keepaliveMs;
    expect(lostAtMs(Number.POSITIVE_INFINITY, forMs)).toEqual({ requests });
  });

  test("no reply for deadping: it is lost", () => {
    const answersUntilMs = 5 * keepaliveMs;
    const { nowMs } = lostAtMs(answersUntilMs, 10 * gatewayDeadMs) as { nowMs: number };
    expect(nowMs - answersUntilMs).toBeGreaterThan(gatewayDeadMs - keepaliveMs - 1);
    expect(nowMs - answersUntilMs).toBeLessThanOrEqual(gatewayDeadMs + keepaliveMs);
  });

  test.each([
    ["another address", address + 1, identifier],
    ["another program's request", address, identifier + 1],
  ])("a reply of %s does not count", (__, source, id) => {
    const { nowMs } = lostAtMs(Number.POSITIVE_INFINITY, 10 * gatewayDeadMs, source, id) as {
      nowMs: number;
    };
    expect(nowMs).toBe(gatewayDeadMs);
  });
});
