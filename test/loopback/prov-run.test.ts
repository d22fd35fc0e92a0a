import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { LatencyHistogram } from "../../base/histogram.ts";
import type { RunResult } from "../../reports/result/run-result.ts";
import { startResponder } from "../../simulator/responder.testing.ts";
import { prov, runProv as runProvIn } from "../prov-command.testing.ts";
import { connect, smallScenario } from "../small-scenario.testing.ts";

// The whole product over loopback, as a person runs it: the compiled `prov`, no root, no set-up.

const folder = mkdtempSync(join(tmpdir(), "provlab-run-"));
afterAll(() => rmSync(folder, { recursive: true }));

const scenario = smallScenario("small", {
  population: { cableModems: 300, mtas: 100, cpes: 50, smartMeters: 50, cmtsCount: 4 },
  phases: [
    connect(400),
    {
      ...{ name: "mixed", powerCycle: true, duration: "2 s" },
      streams: [
        { exchange: "discover", ratePerSecond: 50 },
        { exchange: "renew", ratePerSecond: 100 },
      ],
    },
  ],
  thresholds: ["connect.discover.completed == 500", "mixed.renew.timeouts == 0"],
});

function runProv(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return runProvIn(args, { cwd: folder, env });
}

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function resultIn(out: string): RunResult {
  return JSON.parse(readFileSync(join(folder, out, "result.json"), "utf8")) as RunResult;
}

// Each waits for its phases most of the time, so they wait side by side.
describe.concurrent("prov run", () => {
  for (const backend of ["batch", "dgram"] as const) {
    test(`binds every kind of device and passes, over ${backend} sockets`, async () => {
      const path = write("small.yaml", scenario);
      const args = ["run", path, "--out", backend, "--progress", "none"];
      const ran = await runProv(args, { PROVLAB_SOCKET: backend });
      expect(ran.stderr).toBe("");
      expect(ran.stdout).toMatch(/^PASS {2}small · 500 devices/m);
      expect(ran.status).toBe(0);

      const result = resultIn(backend);
      expect(result.environment).toMatchObject({ durability: "fsync", socket: backend });
      expect(result.safety).toMatchObject({
        doubleAllocations: 0,
        acknowledgedLeasesLost: 0,
        addressesChangedOnRenewal: 0,
        audit: "all 500 leases in the lease file",
      });
      const [connect, mixed] = result.phases;
      expect(connect!.streams[0]).toMatchObject({ offered: 500, completed: 500, timeouts: 0 });
      expect(mixed!.streams.map(({ completed }) => completed)).toEqual([100, 200]);
      const { histogram, count } = mixed!.streams[1].latencyMs;
      expect(LatencyHistogram.fromBase64(histogram).count).toBe(count);
      for (const file of ["result.json", "timeseries.csv", "report.html"]) {
        expect(existsSync(join(folder, backend, file))).toBe(true);
      }
    });
  }

  test("a threshold that fails ends with status 99 and says which one", async () => {
    const path = write("failing.yaml", scenario.replace("completed == 500", "completed < 500"));
    const ran = await runProv(["run", path, "--out", "failing"]);
    expect(ran.stdout).toContain("FAILED connect.discover.completed < 500 (was 500)");
    expect(ran.status).toBe(99);
    expect(resultIn("failing").verdict).toBe("fail");
  });

  test("a late generator beside a threshold that fails ends with status 98", async () => {
    const text = scenario.replace(/slipMsP99Max: \d+/, "slipMsP99Max: 0.000001");
    const failing = text.replace("completed == 500", "completed == 499");
    const ran = await runProv(["run", write("invalid.yaml", failing), "--out", "invalid"]);
    expect(ran.status).toBe(98);
    expect(ran.stdout).toMatch(/^INVALID/m);
    const { reasons } = resultIn("invalid");
    expect(reasons[0]).toMatch(/^phase connect: 1 % of the discover transactions were sent/);
    expect(reasons).toContain(
      "Threshold failed: connect.discover.completed == 499, but it was 500.",
    );
  });

  test("a late generator passes if all holds in spite of it, and it is told", async () => {
    const text = scenario.replace(/slipMsP99Max: \d+/, "slipMsP99Max: 0.000001");
    const ran = await runProv(["run", write("late.yaml", text), "--out", "late"]);
    expect(ran.stdout).toMatch(/[Pp]hase connect: 1 % of the discover transactions were sent/);
    // On a machine that stood still for a second the rate was not kept.
    const { phases } = resultIn("late");
    const slipMsMax = Math.max(
      ...phases.flatMap(({ streams }) => streams.map(({ slipMs }) => slipMs.max)),
    );
    expect(ran.status).toBe(slipMsMax > 1000 ? 98 : 0);
  });

  test("a server that nobody runs: named after 4 s, status 2, and nothing is run", async () => {
    const path = write("nobody.yaml", scenario);
    const ran = await runProv(["run", path, "--target", "127.0.0.9:19067", "--out", "nobody"]);
    expect(ran.stderr).toContain(
      "no DHCP server at 127.0.0.9:19067 offered an address to the first cable-modem, mta, cpe, " +
        "smart-meter that asked\nNothing was run: is it serving there",
    );
    expect(ran.status).toBe(2);
    expect(existsSync(join(folder, "nobody", "result.json"))).toBe(false);
  });

  test("a server that falls silent after its first offers: over after 10 s, failed, and said so", async () => {
    const population = { cableModems: 300, mtas: 100, cpes: 50, smartMeters: 50, cmtsCount: 4 };
    let offers = 0;
    const responder = await startResponder(population, {
      ignore: () => {
        offers += 1;
        return offers > 4;
      },
    });
    const target = ["--target", `127.0.0.1:${responder.port}`];
    // However late the generator is: no answer is no answer.
    const text = scenario.replace(/slipMsP99Max: \d+/, "slipMsP99Max: 0.000001");
    const ran = await runProv(["run", write("silent.yaml", text), ...target, "--out", "silent"]);
    await responder.stop();
    expect(ran.status).toBe(99);
    const { phases, reasons, durationMs } = resultIn("silent");
    expect(phases.map(({ endedBy }) => endedBy)).toEqual(["silence"]);
    expect(durationMs).toBeLessThan(60_000);
    expect(reasons[0]).toMatch(/^Nobody answered: 127\.0\.0\.1:\d+ sent nothing in return for/);
  });
});

describe("prov run that does not get to its end", () => {
  /** Starts a run in a group of its own and waits until its devices have leases. */
  async function startRun(out: string) {
    const path = write("long.yaml", scenario.replace("duration: 2 s", "duration: 60 s"));
    const run = spawn(process.execPath, [prov, "run", path, "--out", out], {
      cwd: folder,
      detached: true,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    run.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    const leases = join(folder, out, "server", "dhcpd.leases");
    await expect.poll(() => sizeOf(leases)).toBeGreaterThan(10_000);
    const server = Number(readFileSync(join(folder, out, "server", "server.pid"), "utf8"));
    return { run, server, said: () => said };
  }

  test("Ctrl-C ends it early with what there is: status 98, and no server left behind", async () => {
    const { run, server } = await startRun("stopped");
    process.kill(-run.pid!, "SIGINT");
    const [status] = await once(run, "exit");
    expect(status).toBe(98);
    expect(resultIn("stopped")).toMatchObject({
      verdict: "invalid",
      reasons: ["The run was stopped early."],
      safety: { acknowledgedLeasesLost: 0 },
    });
    expect(() => process.kill(server, 0)).toThrow("ESRCH");
  });

  test("a server that dies is named, status 1, and an earlier result is not left standing", async () => {
    mkdirSync(join(folder, "died"));
    writeFileSync(join(folder, "died", "result.json"), "{}");
    const { run, server, said } = await startRun("died");
    process.kill(server, "SIGKILL");
    const [status] = await once(run, "exit");
    expect(said()).toContain("the bundled server ended by itself (SIGKILL)");
    expect(status).toBe(1);
    expect(existsSync(join(folder, "died", "result.json"))).toBe(false);
  });

  test("a run that is killed takes its server with it", async () => {
    const { run, server } = await startRun("killed");
    run.kill("SIGKILL");
    await once(run, "exit");
    await expect.poll(() => isRunning(server)).toBe(false);
  });
});

function sizeOf(path: string): number {
  return existsSync(path) ? statSync(path).size : 0;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("mistakes of the user end with status 2 and leave nothing behind", () => {
  const cases: readonly (readonly [string, readonly string[], RegExp])[] = [
    ["no such file", ["run", "absent.yaml"], /absent.yaml: there is no such file/],
    ["no scenario", ["run"], /missing required argument/],
    ["an unknown option", ["run", "small.yaml", "--fast"], /unknown option '--fast'/],
    ["an unknown command", ["rnu", "small.yaml"], /unknown command 'rnu'/],
    [
      "a bad target",
      ["run", "small.yaml", "--target", "localhost"],
      /write ADDRESS or ADDRESS:PORT/,
    ],
    ["a bad seed", ["run", "small.yaml", "--seed", "-1"], /whole number|argument/],
    ["a bad setting", ["run", "small.yaml", "--set", "seed"], /write path=value/],
    [
      "a wrong value",
      ["run", "small.yaml", "--set", "seed=x"],
      /small.yaml.*seed must be a number/,
    ],
    [
      "a wrong value for config",
      ["config", "small.yaml", "--set", "seed=x"],
      /seed must be a number/,
    ],
  ];
  test.each(cases)("%s", async (_name, args, expected) => {
    write("small.yaml", scenario);
    const ran = await runProv(args);
    expect(ran.stderr).toMatch(expected);
    expect(ran.stdout).toBe("");
    expect(ran.status).toBe(2);
    expect(existsSync(join(folder, "runs"))).toBe(false);
  });
});

test("prov config prints a dhcpd.conf that prov dhcpd accepts", async () => {
  const printed = await runProv(["config", write("small.yaml", scenario)]);
  expect(printed.status).toBe(0);
  const checked = await runProv(["dhcpd", "-t", "-cf", write("dhcpd.conf", printed.stdout)]);
  expect(checked.stderr).not.toMatch(/error/i);
  expect(checked.status).toBe(0);
});
