import { describe, expect, test } from "vitest";
import { loopbackNetwork } from "../../lab/machine/server-network.ts";
import type { DhcpContender } from "../contenders/dhcp-contender.ts";
import { quickPlan } from "./bench-plan.ts";
import { capacityOf, learnCapacity, paceOf, searchFrom } from "./dhcp-run.ts";
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
    capacities: new Map(),
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
  test("the contenders take runs, and every round adds a value to its cell", async () => {
    const runs: string[] = [];
    const made = suite(async (run) => {
      runs.push(`${run.contender.id}${run.round}`);
      run.score("load", "rate", 10 * run.round, run.round === 2);
      run.score("load", "memory", undefined);
    });
    const result = await runSuite(bench(), made, [contender("a"), contender("b")]);
    expect(runs).toEqual(["a1", "b1", "a2", "b2"]);
    expect(result.rows).toEqual(
      ["a", "b"].map((server) => ({
        ...{ server, subject: "load" },
        cells: { rate: { values: [10, 20], isBound: true } },
      })),
    );
    expect(result.cutShort).toBeUndefined();
  });

  test("whom one round is enough for has one", async () => {
    const runs: string[] = [];
    const made: Suite = {
      ...suite(async ({ contender: { id }, round }) => void runs.push(`${id}${round}`)),
      takesOneRound: ({ id }) => id === "b",
    };
    await runSuite(bench(), made, [contender("a"), contender("b")]);
    expect(runs).toEqual(["a1", "b1", "a2"]);
  });

  test("who fails has no further run, and keeps what was measured; the others go on", async () => {
    const made = suite(async (run) => {
      run.score("", "rate", 1);
      run.keep("", { round: run.round });
      if (run.contender.id === "a") throw new Error("it died");
    });
    const { servers, rows, trials } = await runSuite(bench({ rounds: 3 }), made, [
      contender("a"),
      contender("b"),
    ]);
    expect(servers.map(({ missing }) => missing)).toEqual(["it died", undefined]);
    expect(rows.map(({ cells }) => cells["rate"].values)).toEqual([[1], [1, 1, 1]]);
    expect(trials.filter(({ server }) => server === "b")).toHaveLength(3);
  });

  test("a later round knows what an earlier one explained", async () => {
    const known: boolean[] = [];
    const made = suite(async (run) => {
      known.push(run.isExplained("load"));
      run.explain("load", "too slow");
    });
    await runSuite(bench(), made, [contender("a")]);
    expect(known).toEqual([false, true]);
  });

  test("who is not installed, or has no place to live, has no run", async () => {
    const absent = contender("absent", {
      version: () => {
        throw new Error("ENOENT");
      },
    });
    const homeless = contender("homeless", { needsInterface: true });
    const made = suite(async () => expect.unreachable());
    const { servers } = await runSuite(bench(), made, [absent, homeless]);
    expect(servers.map(({ missing }) => missing)).toEqual([
      ...["not installed", "needs root, for network namespaces"],
    ]);
  });

  test.each([
    ["interrupted", (stop: AbortController) => bench({ signal: stop.signal })],
    ["out of time", () => bench({ suiteMsMax: -1 })],
  ] as const)("%s: no further run begins, and nobody is to blame", async (reason, benchFor) => {
    const stop = new AbortController();
    let runs = 0;
    const made = suite(async () => {
      runs += 1;
      stop.abort();
      throw new Error("interrupted");
    });
    const both = [contender("a"), contender("b")];
    const result = await runSuite(benchFor(stop), made, both);
    expect(result.cutShort).toBe(reason);
    expect(runs).toBeLessThanOrEqual(1);
    expect(result.servers.map(({ missing }) => missing)).toEqual([undefined, undefined]);
  });

  test("a capacity that is known is not searched again, and is where a search begins", async () => {
    const found = { maximumPerSecond: 4000, end: "found", trials: [] } as const;
    const made = suite(async (run) => {
      expect(searchFrom(run, "bare")).toEqual({ rate: 100, steps: quickPlan.firstSearch });
      learnCapacity(run, "bare", found);
      expect(await capacityOf(run, "bare")).toBe(found);
      expect(await paceOf(run, "bare")).toBe(4000);
      expect(searchFrom(run, "bare")).toEqual({ rate: 4000, steps: quickPlan.laterSearch });
      expect(searchFrom(run, "docsis").rate).toBe(100);
    });
    const result = await runSuite(bench({ rounds: 1 }), made, [contender("a")]);
    expect(result.servers[0].missing).toBeUndefined();
  });

  test("where no rate was kept, the pace is the lowest that was tried", async () => {
    const trials = [900, 300, 600].map((ratePerSecond) => ({ ratePerSecond }));
    const found = { maximumPerSecond: undefined, end: "generator", trials } as const;
    const capacities = new Map([["a/bare", found]]) as unknown as Bench["capacities"];
    const made = suite(async (run) => {
      run.score("", "pace", await paceOf(run, "bare"));
    });
    const knowing = { ...bench({ rounds: 1 }), capacities };
    const result = await runSuite(knowing, made, [contender("a")]);
    expect(result.rows[0].cells["pace"].values).toEqual([300]);
  });
});
