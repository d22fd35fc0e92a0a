import { describe, expect, test } from "vitest";
import { readSmall, scenarioIn } from "../small-scenario.testing.ts";
import { conditionsOf } from "./network-conditions.ts";

function read(network: string, phaseNetwork = "{ lossPercent: 0 }") {
  return readSmall({ phase: `network: ${phaseNetwork}`, more: [`network: ${network}`] });
}

function networkOf(network: string) {
  return scenarioIn(read(network)).network;
}

describe("network:", () => {
  test("all of it, and one direction alone", () => {
    const network = networkOf(
      "{ lossPercent: 1, duplicatePercent: 2, reorderPercent: 3, reorderBy: 15 ms, " +
        "delay: { min: 5 ms, max: 9 ms }, toDevices: { lossPercent: 4, delay: { fixed: 7 ms } }, " +
        "cmts: { packetsPerSecond: 900 } }",
    );
    expect(network.cmts).toEqual({ packetsPerSecond: 900, queuePackets: 100 });
    expect(conditionsOf(network, "toServer")).toEqual({
      lossPercent: 1,
      duplicatePercent: 2,
      reorderPercent: 3,
      reorderByMs: 15,
      delay: { minMs: 5, maxMs: 9 },
    });
    expect(conditionsOf(network, "toDevices")).toMatchObject({
      lossPercent: 4,
      duplicatePercent: 2,
      delay: { fixedMs: 7 },
    });
  });

  test("mean and jitter are normal unless told; reordering holds back by 20 ms unless told", () => {
    expect(networkOf("{ delay: { mean: 20 ms, jitter: 5 ms } }").delay).toEqual({
      distribution: "normal",
      meanMs: 20,
      jitterMs: 5,
    });
    const network = networkOf("{ reorderPercent: 1 }");
    expect(conditionsOf(network, "toServer").reorderByMs).toBe(20);
  });

  test("a phase can have its own", () => {
    const reading = read("{ lossPercent: 5 }", "{ lossPercent: 50 }");
    expect(reading.kind === "ok" && reading.scenario.phases[0].network).toEqual({
      lossPercent: 50,
    });
  });

  for (const [what, network, message] of [
    ["more loss than any network has", "{ lossPercent: 51 }", /lossPercent.*is 51/],
    ["a delay of half a kind", "{ delay: { mean: 20 ms } }", /delay/],
    ["a delay without an end", "{ delay: { fixed: 11 s } }", /delay/],
    ["a min above its max", "{ delay: { min: 9 ms, max: 5 ms } }", /delay/],
    ["a CMTS that forwards nothing", "{ cmts: { packetsPerSecond: 0 } }", /packetsPerSecond/],
    ["a queue without an end", "{ cmts: { packetsPerSecond: 9, queuePackets: 1000000 } }", /queue/],
  ] as const) {
    test(`refuses ${what}`, () => {
      const reading = read(network);
      expect(reading.kind).toBe("failed");
      expect(JSON.stringify(reading)).toMatch(message);
    });
  }
});
