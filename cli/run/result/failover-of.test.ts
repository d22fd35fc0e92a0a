import { describe, expect, test } from "vitest";
import type { PairHistory } from "../../../reports/failover/history.ts";
import type { Target } from "../../../reports/result/run-result.ts";
import { OutageLog } from "../../../simulator/measure/outage-log.ts";
import type { SimulationOutcome } from "../../../simulator/run/edge/coordinator.ts";
import { failoverOf } from "./failover-of.ts";

const A = 0x7f00_0002;
const B = 0x7f00_0003;
const target: Target = {
  ...{ kind: "external", address: "127.0.0.2", port: 67, others: ["127.0.0.3"] },
};
const kill = { name: "kill", text: "kill -9 of node a", startedAtMs: 5000, node: "a" } as const;
const pair: PairHistory = { servers: [A, B], isLoadBalanced: false, events: [kill], roles: [] };

/** Node a acknowledges for 5 s, then node b; node a again at these times. */
function outcomeOf(staleMs: readonly number[] = [], addressesMoved = 0): SimulationOutcome {
  const log = new OutageLog([A, B], 10);
  log.begin(0);
  for (let ms = 1; ms < 10_000; ms += 10) {
    if (ms < 5000 || ms > 5600) log.acknowledged(ms < 5000 ? A : B, ms - 0.5, ms);
  }
  for (const ms of staleMs) log.acknowledged(A, ms - 0.5, ms);
  const phases = [{ startedAtMs: 0, durationMs: 10_000 }];
  const outages = { ...log.take(10_000), addressesMoved };
  return { phases, outages } as unknown as SimulationOutcome;
}

describe("a pair that the run did something to", () => {
  test("that goes over as it should breaks no rule", () => {
    const { failover, safety } = failoverOf({ outcome: outcomeOf(), target, pair }, []);
    expect(failover?.events).toMatchObject([{ name: "kill", interruption: { rtoMs: 610 } }]);
    expect(failover?.nodes.map(({ server }) => server)).toEqual(["127.0.0.2", "127.0.0.3"]);
    expect(safety).toEqual({
      ...{ acknowledgedWithoutLeadership: 0, addressesChangedAfterFailover: 0 },
    });
  });

  test("whose former active answers, or whose devices get other addresses, breaks them", () => {
    const outcome = outcomeOf([8003, 8013], 4);
    expect(failoverOf({ outcome, target, pair }, []).safety).toEqual({
      ...{ acknowledgedWithoutLeadership: 2, addressesChangedAfterFailover: 4 },
    });
  });
});

describe("targets of somebody else", () => {
  test("show what happened to them, but no rule of a pair holds for them", () => {
    const { failover, safety } = failoverOf({ outcome: outcomeOf([8003], 4), target }, []);
    expect(failover).toMatchObject({ source: "seen", events: [{ name: "silent-a" }, {}, {}] });
    expect(safety).toEqual({});
  });

  test("a run of one server has nothing of it", () => {
    const { others: _, ...one } = target;
    expect(failoverOf({ outcome: outcomeOf(), target: one }, [])).toEqual({ safety: {} });
    const without = { ...outcomeOf(), outages: undefined } as unknown as SimulationOutcome;
    expect(failoverOf({ outcome: without, target }, [])).toEqual({ safety: {} });
  });
});
