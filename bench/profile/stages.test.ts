import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { Call } from "./cpu-profile.ts";
import { flameGraph } from "./flame-graph.ts";
import { stageRows, stageTable } from "./stage-table.ts";
import { serverStages, simulatorStages, stageOf, timeByStage } from "./stages.ts";

function call(
  name: string,
  file: string,
  selfMicros: number,
  children: readonly Call[] = [],
): Call {
  const below = children.reduce((sum, { totalMicros }) => sum + totalMicros, 0);
  return { name, file, line: 1, selfMicros, totalMicros: selfMicros + below, children };
}

const tree = call("(root)", "", 0, [
  call("(idle)", "", 5000),
  call("turn", "server/dhcp/loop/edge/listener.js", 10, [
    call("receive", "base/net/batch-socket.js", 100, [call("subarray", "", 20)]),
    call("respond", "server/dhcp/decide/engine.js", 200, [
      call("classify", "server/config/model/evaluate.js", 80, [
        call("indexOf", "server/lease/table/lease-table.js", 40),
      ]),
      call("bind", "server/lease/table/lease-table.js", 60),
    ]),
    call("commit", "server/lease/store/edge/lease-file-store.js", 30, [
      call("sync", "server/lease/store/edge/node-disk.js", 300),
    ]),
  ]),
  call("(garbage collector)", "", 60),
]);

describe("timeByStage", () => {
  test("follows the nearest rule up the stack, so that helpers count for who called them", () => {
    expect(Object.fromEntries(timeByStage(tree, serverStages))).toEqual({
      idle: 5000,
      other: 10,
      receive: 120,
      decide: 260,
      classify: 120,
      commit: 30,
      sync: 300,
      "garbage collection": 60,
    });
  });

  test("knows a function by its name, also by one that every object has", () => {
    expect(stageOf(call("toString", "", 1), serverStages)).toBeUndefined();
  });

  test("takes a rule with names for these names only", () => {
    const sender = { ...call("send", "server/dhcp/loop/commit-pipeline.js", 1), name: "run" };
    expect(stageOf(sender, serverStages)).toBeUndefined();
    expect(stageOf({ ...sender, name: "#commit" }, serverStages)).toBe("commit");
  });
});

test("every rule names files that exist", () => {
  const root = resolve(fileURLToPath(import.meta.url), "../../..");
  const files = ["base", "protocol", "server", "simulator"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) =>
      join(folder, name),
    ),
  );
  const unknown = [...serverStages, ...simulatorStages]
    .map(({ file }) => file)
    .filter((prefix) => !files.some((file) => file.startsWith(prefix.replace(/\/$/, ""))));
  expect(unknown).toEqual([]);
});

describe("the table of stages", () => {
  const rows = stageRows(timeByStage(tree, serverStages), 10, serverStages);

  test("has the stages in the order of a packet's way, idle time left out", () => {
    expect(rows.map(({ stage, nsPerPacket }) => [stage, nsPerPacket])).toEqual([
      ["receive", 12_000],
      ["classify", 12_000],
      ["decide", 26_000],
      ["commit", 3000],
      ["sync", 30_000],
      ["garbage collection", 6000],
      ["other", 1000],
    ]);
    expect(rows.reduce((sum, { percent }) => sum + percent, 0)).toBeCloseTo(100);
  });

  test("is Markdown with a sum", () => {
    expect(stageTable(rows)).toContain("| sync | 30,000 | 33.3 |");
    expect(stageTable(rows)).toContain("| **all** | 90,000 | 100.0 |");
  });

  test("refuses a run without packets", () => {
    expect(() => stageRows(new Map(), 0, serverStages)).toThrow("no packet");
  });
});

describe("flameGraph", () => {
  const page = flameGraph({
    title: "a < b",
    about: "made up",
    tree: call("(root)", "", 0, [
      call("(idle)", "", 1000),
      call("turn", "server/dhcp/loop/edge/listener.js", 999, [call("tiny", "", 0.5)]),
    ]),
    rules: serverStages,
  });

  test("shows shares of the busy time", () => {
    expect(page).toContain("<title>a &lt; b</title>");
    expect(page).toContain("100.00 % of the busy time");
    expect(page).not.toContain("(idle)");
  });

  test("leaves out what is too narrow to see, and asks nobody for anything", () => {
    expect(page).not.toContain("tiny");
    expect(page).not.toMatch(/https?:/);
  });
});
