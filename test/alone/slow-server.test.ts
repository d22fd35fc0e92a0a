import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { diskStallEnvironment } from "../../lab/disk-stalls.ts";
import { packageRoot } from "../../lab/machine/package-root.ts";
import type { RunResult } from "../../reports/result/run-result.ts";
import { markdownTable } from "../../reports/text/markdown.ts";
import { prov } from "../prov-command.testing.ts";
import { smallScenario } from "../small-scenario.testing.ts";

// Servers that were made slow on purpose, each beside a generator that runs freely and one that is stopped for
// 40 of every 100 ms: none of them may pass, and the run says why. Prints a table of them.

const folder = mkdtempSync(join(tmpdir(), "provlab-slow-server-"));
const rows: string[][] = [];

const scenario = smallScenario("slow", {
  population: { cableModems: 200, cmtsCount: 2 },
  phases: [
    {
      ...{ name: "connect", streams: [{ exchange: "discover", outstanding: 8 }] },
      ...{ until: "all-bound", timeLimit: "60 s" },
    },
    {
      ...{ name: "rates", powerCycle: true, duration: "8 s" },
      streams: [
        { exchange: "discover", ratePerSecond: 20 },
        { exchange: "renew", ratePerSecond: 40 },
      ],
    },
  ],
  thresholds: [
    "connect.discover.completed == 200",
    "rates.discover.latencyMs.p99 < 250",
    "rates.renew.latencyMs.p99 < 250",
    "rates.discover.retransmissions == 0",
    "rates.renew.retransmissions == 0",
  ],
});

const slowServer = pathToFileURL(join(packageRoot, "test", "alone", "slow-server.mjs")).href;
const hooked = {
  NODE_OPTIONS: `--import=${slowServer}`,
  PROVLAB_DIST: pathToFileURL(`${packageRoot}/dist/`).href,
};

const causes = [
  ["none", {}],
  ["20 ms a decision", { ...hooked, PROVLAB_DECISION_MS: "20" }],
  ["one in a hundred answers dropped", { ...hooked, PROVLAB_DROP_EVERY: "100" }],
  ["each sync takes 300 ms", diskStallEnvironment({ stallMs: 300 })],
] as const;

beforeAll(() => writeFileSync(join(folder, "slow.yaml"), scenario));

afterAll(() => {
  rmSync(folder, { recursive: true });
  const head = ["server made slower by", "generator", "verdict", "status", "what the run says"];
  process.stdout.write(`\n${markdownTable(head, rows)}\n`);
});

/** Stops the program again and again until it has ended. */
function starve(program: ChildProcess): void {
  const cycle = setInterval(() => {
    program.kill("SIGSTOP");
    setTimeout(() => program.kill("SIGCONT"), 40);
  }, 100);
  program.once("exit", () => clearInterval(cycle));
}

async function play(out: string, env: Readonly<Record<string, string>>, isStarved: boolean) {
  // A machine that runs tests is busy: only the generator that we stop ourselves counts as late.
  const limit = isStarved ? ["--set", "generator.slipMsP99Max=5"] : [];
  const options = ["--out", out, "--report", "none", "--workers", "1", ...limit];
  const args = [prov, "run", "slow.yaml", ...options];
  const run = spawn(process.execPath, args, {
    ...{ cwd: folder, env: { ...process.env, ...env } },
    stdio: ["ignore", "pipe", "ignore"],
  });
  let said = "";
  run.stdout.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  if (isStarved) starve(run);
  const [status] = (await once(run, "exit")) as [number | null];
  const result = JSON.parse(readFileSync(join(folder, out, "result.json"), "utf8")) as RunResult;
  return { status, said, result };
}

describe.each(causes)("a server with this fault: %s", (cause, env) => {
  // They leave the machine idle, so both may run at once.
  test.concurrent.each([
    ["free", false],
    ["starved", true],
  ] as const)("beside a generator that is %s", async (generator, isStarved) => {
    const out = `${cause} ${generator}`.replaceAll(" ", "-");
    const { status, said, result } = await play(out, env, isStarved);
    const { verdict, reasons } = result;
    const words = reasons.length > 0 ? reasons : result.generator.problems;
    rows.push([cause, generator, verdict.toUpperCase(), String(status), words.join(" ")]);
    if (cause === "none") {
      expect([verdict, status], said).toEqual(["pass", 0]);
      expect(result.generator.problems.length > 0).toBe(isStarved);
      return;
    }
    // Starved or not, the threshold that failed is named; beside it, what the generator did.
    expect(verdict, said).toBe(isStarved ? "invalid" : "fail");
    expect(status).toBe(isStarved ? 98 : 99);
    expect(reasons.some((reason) => reason.startsWith("Threshold failed: rates."))).toBe(true);
    expect(reasons.some((reason) => reason.includes("were sent"))).toBe(isStarved);
  });
});
