import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { RunResult } from "../../reports/result/run-result.ts";
import { freePorts } from "../ports.testing.ts";
import { runProv } from "../prov-command.testing.ts";
import { connect, renew, smallScenario } from "../small-scenario.testing.ts";
import { DhcpdFolder } from "./dhcpd-command.testing.ts";

// Thresholds that end a run, over two workers, with the compiled `prov`.

const folder = mkdtempSync(join(tmpdir(), "provlab-abort-"));
const server = new DhcpdFolder();
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const GRACE_SECONDS = 2;

const scenario = (threshold: string): string =>
  smallScenario("ending", {
    population: { cableModems: 400, cmtsCount: 4 },
    clients: {
      retransmit: {
        firstDelay: "300 ms",
        maxDelay: "300 ms",
        jitter: "10 ms",
        transmissionsMax: 2,
      },
    },
    phases: [
      connect(400),
      { ...renew(100, 60), name: "peak" },
      { ...renew(100, 60), name: "afterwards" },
    ],
    thresholds: [{ metric: threshold, abortOnFail: true, grace: `${GRACE_SECONDS} s` }],
  });

async function run(name: string, text: string, ...args: readonly string[]) {
  const path = join(folder, `${name}.yaml`);
  writeFileSync(path, text);
  const out = join(folder, name);
  const ran = await runProv(["run", path, "--out", out, "--workers", "2", ...args], {
    cwd: folder,
  });
  expect(existsSync(join(out, "report.html")), ran.stderr).toBe(true);
  const result = JSON.parse(readFileSync(join(out, "result.json"), "utf8")) as RunResult;
  return { status: ran.status, stdout: ran.stdout, result };
}

test.concurrent("a threshold that fails ends the run with status 99, and everything is written", async () => {
  const { status, stdout, result } = await run(
    "latency",
    scenario("peak.renew.latencyMs.p50 < 0.000001"),
  );
  expect(status).toBe(99);
  expect(stdout).toMatch(/^FAIL {2}ending/m);
  expect(result.phases.map(({ name, endedBy }) => [name, endedBy])).toEqual([
    ["connect", "all-bound"],
    ["peak", "threshold"],
  ]);
  expect(result.phases[1].durationMs).toBeGreaterThanOrEqual(GRACE_SECONDS * 1000);
  expect(result.reasons[0]).toMatch(
    /^Phase peak was ended by its threshold peak\.renew\.latencyMs\.p50 < 0\.000001, but it was /,
  );
  expect(result.thresholds).toMatchObject([{ holds: false }]);
  // What was measured until then is there, of both workers.
  const [renew] = result.phases[1].streams;
  expect(renew!.completed).toBeGreaterThan(100);
  expect(result.safety.audit).toBe("all 400 leases in the lease file");
});

test.concurrent("who asks in vain and never gives up is a time-out as soon as another would have given up", async () => {
  const [address, port] = ["127.0.0.9", `${await freePorts()}`];
  const text = scenario("connect.discover.timeouts == 0");
  server.write("in-vain.yaml", text);
  // One address for each of the four CMTSs.
  const conf = server.prov("config", "in-vain.yaml", "--local-address", address).stdout;
  server.write("in-vain.conf", conf.replace(/range (\S+) \S+;/g, "range $1;"));
  server.write("in-vain.leases", "");
  const files = ["-cf", "in-vain.conf", "-lf", "in-vain.leases"];
  await server.dhcpd(["-d", "--no-pid", "-p", port, ...files]);

  const { status, result } = await run("in-vain", text, "--target", `${address}:${port}`);
  expect(status).toBe(99);
  expect(result.phases.map(({ name, endedBy }) => [name, endedBy])).toEqual([
    ["connect", "threshold"],
  ]);
  const [connect] = result.phases;
  expect(connect!.streams[0]).toMatchObject({ completed: 4 });
  expect(connect!.streams[0].timeouts).toBeGreaterThan(0);
  expect(result.reasons[0]).toMatch(
    /^Phase connect was ended by its threshold connect\.discover\.timeouts == 0, but it was \d+ after/,
  );
});
