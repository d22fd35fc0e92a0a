import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import {
  ControlServer,
  type ControlSource,
  NoAnswerError,
} from "../server/control/control-server.ts";
import type { ControlLine, OrderLine } from "../server/ha/control-messages.ts";
import { nodeStatus, pairStatus } from "../server/ha/pair-status.testing.ts";
import type { PairStatus } from "../server/ha/pair-status.ts";
import { runCleanUpCommand, runFailback } from "./failback.ts";
import { runServe } from "./serve/command.ts";
import { runStatus } from "./status.ts";

let folder: string;
let config: string;
let stdout: string;
let stderr: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "provlab-pair-"));
  config = join(folder, "prov.yaml");
  const socket = join(folder, "s");
  writeFileSync(config, `schema: provlab/prov@1\ntime: {}\ncontrol: { socket: ${socket} }\n`);
  stdout = "";
  stderr = "";
  vi.spyOn(process.stdout, "write").mockImplementation((chunk) => {
    stdout += String(chunk);
    return true;
  });
  vi.spyOn(process.stderr, "write").mockImplementation((chunk) => {
    stderr += String(chunk);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

async function serve(source: Partial<ControlSource>): Promise<void> {
  const silent = () => Promise.reject(new NoAnswerError("the thread of the pair hangs"));
  const both = { status: silent, carryOut: silent, ...source };
  const server = await ControlServer.open(join(folder, "s"), both);
  onTestFinished(() => server.close());
}

const healthy = pairStatus([
  nodeStatus("prov02.example", "active"),
  nodeStatus("prov01.example", "standby"),
]);
const [own, peer] = healthy.nodes;

describe("prov status", () => {
  test("OPS-15: 80 columns, and 0 when all is well", async () => {
    await serve({ status: async () => healthy });
    expect(await runStatus(["-c", config])).toBe(0);
    expect(stdout).toMatch(/^Leader: {3}prov02.example, epoch 4$/m);
    expect(stdout).toMatch(/^Healthy\.$/m);
    expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
  });

  test("as JSON it is what the server says", async () => {
    await serve({ status: async () => healthy });
    expect(await runStatus(["-c", config, "--json"])).toBe(0);
    expect(JSON.parse(stdout)).toEqual(healthy);
  });

  test.each<readonly [string, Partial<PairStatus>, string]>([
    ["without a leader", { leader: undefined }, "Nobody serves."],
    ["without the store", { leader: undefined, storeAnswers: false }, "The store does not answer."],
    [
      "OPS-8: with failed actions",
      { nodes: [own, { ...peer, role: "failed", troubles: ["failed: gateway-lost"] }] },
      "prov01.example has failed actions.",
    ],
    [
      "OPS-10: with a node that is behind",
      { nodes: [own, { ...peer, isInSync: false }] },
      "prov01.example is not in sync.",
    ],
    [
      "with a node that is gone",
      { nodes: [own, { ...peer, role: "dead", isInSync: false }] },
      "prov01.example is not heard.",
    ],
  ])("99 %s", async (_name, change, complaint) => {
    await serve({ status: async () => ({ ...healthy, ...change }) });
    expect(await runStatus(["-c", config])).toBe(99);
    expect(stdout.trimEnd().split("\n").at(-1)).toBe(complaint);
  });

  test("a server without a pair says so", async () => {
    const single = { schema: "provlab/pair-status@1", role: "single" } as const;
    await serve({ status: async () => ({ ...single, services: ["dhcp", "time"] }) });
    expect(await runStatus(["-c", config])).toBe(0);
    expect(stdout).toBe("No pair: one server of dhcp, time.\n");
  });

  test("OPS-9: 2 and what to do when nobody answers", async () => {
    expect(await runStatus(["-c", config])).toBe(2);
    expect(stderr).toMatch(/no server has made it: start the node \(prov serve\)/);
    await serve({});
    expect(await runStatus(["-c", config])).toBe(2);
    expect(stderr).toMatch(/s: the thread of the pair hangs$/m);
    writeFileSync(config, "schema: provlab/prov@1\ntime: {}\n");
    expect(await runStatus(["-c", config])).toBe(2);
    expect(stderr).toMatch(/add control: \{ socket: prov.sock \}/);
  });
});

const step = (elapsedMs: number, requirement: string): ControlLine => {
  return { kind: "step", elapsedMs, requirement, text: "go on" };
};

describe("prov failback and prov clean-up", () => {
  async function answer(...lines: readonly ControlLine[]): Promise<string[]> {
    const orders: string[] = [];
    const carryOut: ControlSource["carryOut"] = async (order, tell) => {
      orders.push(order);
      for (const line of lines) tell(line);
    };
    await serve({ carryOut });
    return orders;
  }

  test("the steps with their times, and the gap", async () => {
    const done = { kind: "done", gapMs: 143.4, byHand: "switch it" } as const;
    const orders = await answer(step(0, "HA-16 (1)"), step(12.3, "HA-16 (2)"), done);
    expect(await runFailback(["-c", config])).toBe(0);
    expect(orders).toEqual(["failback"]);
    expect(stdout.split("\n")).toEqual([
      "  0.000 s  HA-16 (1)  go on",
      "  0.012 s  HA-16 (2)  go on",
      "Done, service gap 0.143 s as seen by this node.",
      "By hand: switch it",
      "",
    ]);
  });

  test("refused with every reason", async () => {
    await answer({ kind: "refused", reasons: ["prov01 is not heard", "prov01 is not in sync"] });
    expect(await runFailback(["-c", config])).toBe(2);
    expect(stderr).toBe(
      "prov failback: refused:\n  prov01 is not heard\n  prov01 is not in sync\n",
    );
  });

  test("stuck at a step, which is named", async () => {
    const progress = (elapsedMs: number): OrderLine => ({
      ...{ kind: "progress", elapsedMs, text: "prov01 is standby, has 512 of 80,000 leases" },
    });
    const why = "prov01: etcd did not answer in 400 ms";
    const stuck = { kind: "stuck", step: "HA-16 (5): stand by", msMax: 60_000, why } as const;
    await answer(step(0, "HA-16 (5)"), progress(2000), progress(4000), stuck);
    expect(await runFailback(["-c", config])).toBe(99);
    expect(stdout).toBe("  0.000 s  HA-16 (5)  go on\n");
    expect(stderr).toBe(
      "  2.000 s    prov01 is standby, has 512 of 80,000 leases\n" +
        "prov failback: given up, because nothing moved for 60.000 s at this step:\n" +
        `  HA-16 (5): stand by\n  ${why}\nNothing is undone; see prov status, then run it again.\n`,
    );
  });

  test("an answer that breaks off is no success", async () => {
    await answer(step(0, "HA-16 (1)"));
    expect(await runFailback(["-c", config])).toBe(2);
    expect(stderr).toMatch(/the server ended before the order did/);
  });

  test("OPS-13", async () => {
    const orders = await answer({ kind: "done" });
    expect(await runCleanUpCommand(["-c", config])).toBe(0);
    expect(orders).toEqual(["clean-up"]);
    expect(stdout).toBe("Done.\n");
  });
});

test("prov serve --recover is refused where there is no pair", async () => {
  expect(await runServe(["-c", config, "--recover"])).toBe(2);
  expect(stderr).toMatch(/--recover is for a node of a pair, and .* has no section ha/);
});
