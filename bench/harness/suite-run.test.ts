import { describe, expect, test } from "vitest";
import { loopbackNetwork } from "../../lab/machine/server-network.ts";
import type { DhcpContender } from "../contenders/dhcp-contender.ts";
import { quickPlan } from "./bench-plan.ts";
import type { Bench } from "./server-start.ts";
import type { Suite } from "./suite.ts";
import { runSuite } from "./suite-run.ts";

function contender(id: string, changes: Partial<DhcpContender> = {}): DhcpContender {
  return {
    ...{ id, name: id, settings: "none", durability: "none", firstRate: 100 },
    ...{ needsInterface: false, version: () => "1.0" },
    prepare: () => {
      throw new Error("nothing is started here");
    },
    ...changes,
  };
}

function bench(
  changes: { rounds?: number; suiteMsMax?: number; signal?: AbortSignal } = {},
): Bench {
  const { rounds = 2, suiteMsMax = 60_000, signal = new AbortController().signal } = changes;
  return {
    plan: { ...quickPlan, rounds, suiteMsMax },
    network: loopbackNetwork(),
    ...{ processors: undefined, seed: 1, folder: "/nonexistent", signal, onProgress: () => {} },
  };
}

function suite(measure: Suite["measure"]): Suite {
  return {
    ...{ id: "made", title: "Made", generator: "a test", columns: [], contenders: [] },
    ...{ method: () => ["So and so."], turnMs: () => 0, measure },
  };
}

describe("a suite's run", () => {
  test("the contenders take turns, and every round adds a value to its cell", async () => {
    const turns: string[] = [];
    const made = suite(async (turn) => {
      turns.push(`${turn.contender.id}${turn.round}`);
      turn.score("load", "rate", 10 * turn.round, turn.round === 2);
      turn.score("load", "memory", undefined);
    });
    const result = await runSuite(bench(), made, [contender("a"), contender("b")], new Map());
    expect(turns).toEqual(["a1", "b1", "a2", "b2"]);
    expect(result.rows).toEqual(
      ["a", "b"].map((server) => ({
        ...{ server, subject: "load" },
        cells: { rate: { values: [10, 20], isBound: true } },
      })),
    );
    expect(result.cutShort).toBeUndefined();
  });

  test("whom one round is enough for has one", async () => {
    const turns: string[] = [];
    const made: Suite = {
      ...suite(async ({ contender: { id }, round }) => void turns.push(`${id}${round}`)),
      takesOneRound: ({ id }) => id === "b",
    };
    await runSuite(bench(), made, [contender("a"), contender("b")], new Map());
    expect(turns).toEqual(["a1", "b1", "a2"]);
  });

  test("who fails has no further turn, and keeps what was measured; the others go on", async () => {
    const made = suite(async (turn) => {
      turn.score("", "rate", 1);
      turn.keep("", { round: turn.round });
      if (turn.contender.id === "a") throw new Error("it died");
    });
    const { servers, rows, trials } = await runSuite(
      bench({ rounds: 3 }),
      made,
      [contender("a"), contender("b")],
      new Map(),
    );
    expect(servers.map(({ missing }) => missing)).toEqual(["it died", undefined]);
    expect(rows.map(({ cells }) => cells["rate"]!.values)).toEqual([[1], [1, 1, 1]]);
    expect(trials.filter(({ server }) => server === "b")).toHaveLength(3);
  });

  test("who is not installed, or has no place to live, has no turn", async () => {
    const absent = contender("absent", {
      version: () => {
        throw new Error("ENOENT");
      },
    });
    const homeless = contender("homeless", { needsInterface: true });
    const made = suite(async () => expect.unreachable());
    const { servers } = await runSuite(bench(), made, [absent, homeless], new Map());
    expect(servers.map(({ missing }) => missing)).toEqual([
      ...["not installed", "needs root, for network namespaces"],
    ]);
  });

  test.each([
    ["interrupted", (stop: AbortController) => bench({ signal: stop.signal })],
    ["out of time", () => bench({ suiteMsMax: -1 })],
  ] as const)("%s: no further turn begins, and nobody is to blame", async (reason, benchFor) => {
    const stop = new AbortController();
    let turns = 0;
    const made = suite(async () => {
      turns += 1;
      stop.abort();
      throw new Error("interrupted");
    });
    const both = [contender("a"), contender("b")];
    const result = await runSuite(benchFor(stop), made, both, new Map());
    expect(result.cutShort).toBe(reason);
    expect(turns).toBeLessThanOrEqual(1);
    expect(result.servers.map(({ missing }) => missing)).toEqual([undefined, undefined]);
  });

  test("a capacity that is known is not searched again, and is where a search begins", async () => {
    const found = { maximumPerSecond: 4000, end: "found", trials: [] } as const;
    const made = suite(async (turn) => {
      expect(turn.searchFrom("bare")).toEqual({ rate: 100, steps: quickPlan.firstSearch });
      turn.learn("bare", found);
      expect(await turn.capacity("bare")).toBe(4000);
      expect(await turn.pace("bare")).toBe(4000);
      expect(turn.searchFrom("bare")).toEqual({ rate: 4000, steps: quickPlan.laterSearch });
      expect(turn.searchFrom("docsis").rate).toBe(100);
    });
    const result = await runSuite(bench({ rounds: 1 }), made, [contender("a")], new Map());
    expect(result.servers[0]!.missing).toBeUndefined();
  });

  test("where no rate was kept, the pace is the lowest that was tried", async () => {
    const trials = [900, 300, 600].map((ratePerSecond) => ({ ratePerSecond }));
    const found = { maximumPerSecond: undefined, end: "generator", trials } as const;
    const capacities = new Map([["a/bare", found]]) as unknown as Parameters<typeof runSuite>[3];
    const made = suite(async (turn) => {
      turn.score("", "pace", await turn.pace("bare"));
    });
    const result = await runSuite(bench({ rounds: 1 }), made, [contender("a")], capacities);
    expect(result.rows[0]!.cells["pace"]!.values).toEqual([300]);
  });
});
