import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { libcMissingReason } from "../../base/net/libc.ts";
import type { RunResult } from "../../reports/result/run-result.ts";
import { runProv } from "../prov-command.testing.ts";
import { bootAll, restore, smallScenario } from "../small-scenario.testing.ts";

// Whole boots over loopback, as a person runs them: the compiled `prov`, no root, no set-up.

const root = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "provlab-boot-"));
afterAll(() => rmSync(folder, { recursive: true }));

const scenario = smallScenario("street", {
  population: { cableModems: 101, mtas: 150, cpes: 130, smartMeters: 20, cmtsCount: 4 },
  phases: [
    bootAll(400),
    { name: "storm", streams: [{ exchange: "download", allWithin: "1 s" }], duration: "2 s" },
    restore,
  ],
  thresholds: [
    "connect.boot.completed == 401",
    "storm.download.completed == 271",
    "restore.boot.completed == 401",
  ],
});

async function run(
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
) {
  const out = join(folder, name);
  const ran = await runProv(["run", ...args, "--out", out], { cwd: folder, env });
  const result = (): RunResult => JSON.parse(readFileSync(join(out, "result.json"), "utf8"));
  return { ...ran, out, result };
}

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** The steps that each kind has gone through, in their order. */
function stepsOf({ phases }: RunResult): Record<string, string[]> {
  const steps: Record<string, string[]> = {};
  for (const { kind, step } of phases[0].boot!.steps) {
    steps[kind] = [...(steps[kind] ?? []), step];
  }
  return steps;
}

describeUnless(libcMissingReason(), "prov run with boots", () => {
  // 150 MTAs and 130 CPEs behind 101 modems: with two workers, many sit behind another worker's.
  // These runs wait most of the time, so they wait side by side.
  test.concurrent.each([1, 2])(
    "brings every kind of device on line, over %i workers",
    async (workers) => {
      const path = write("street.yaml", scenario);
      const ran = await run(`workers-${workers}`, [path, "--workers", String(workers)]);
      expect(ran.stderr).toBe("");
      expect(ran.stdout).toMatch(/^PASS/m);
      expect(ran.status).toBe(0);

      const result = ran.result();
      expect(result.environment).toMatchObject({ durability: "fsync", workers });
      expect(stepsOf(result)).toEqual({
        "cable-modem": ["ranging", "dhcp", "time", "tftp", "check", "registration"],
        mta: ["modem", "dhcp", "tftp", "check"],
        cpe: ["modem", "dhcp"],
        "smart-meter": ["dhcp", "ntp", "tftp", "check", "syslog"],
      });
      const [connect, storm, restore] = result.phases.map(({ boot }) => boot!);
      for (const boot of [connect!, restore!]) {
        expect(boot.timeToOnlineMs["all"]).toMatchObject({ count: 401 });
        // SYS-5: every file is the right one, and every modem's is signed (MIC).
        expect(boot.downloads).toMatchObject({ files: 271, verified: 271, contentsChecked: 251 });
        expect(boot.failures).toEqual([]);
        expect(boot.steps.every(({ passedOver }) => passedOver === 0)).toBe(true);
      }
      expect(storm!.downloads).toMatchObject({ files: 271, verified: 271 });
      expect(result.safety).toMatchObject({ acknowledged: 802, doubleAllocations: 0 });
      expect(result.timeSeries.at(-1)!.online).toBe(401);
      // LOG-6: every meter has reported, in both boots.
      const log = readFileSync(join(ran.out, "server", "log", "messages"), "latin1");
      expect(log.match(/on line with meter\.zip/g)).toHaveLength(40);
    },
  );

  test.concurrent("loses nobody and no byte on a network that loses 5 % each way", async () => {
    const smaller = [
      ...["generator.slipMsP99Max=10000", "population.cableModems=400", "population.mtas=100"],
      ...[
        "population.cpes=50",
        "population.smartMeters=50",
        "phases.0.streams.0.ratePerSecond=200",
        "thresholds.0=connect.boot.completed == 600",
      ],
    ].flatMap((setting) => ["--set", setting]);
    const ran = await run("lossy", [join(root, "scenarios/lossy-boot.yaml"), ...smaller]);
    expect(ran.stdout).toMatch(/^PASS/m);
    const result = ran.result();
    const { downloads, timeToOnlineMs } = result.phases[0].boot!;
    expect(timeToOnlineMs["all"].count).toBe(result.population.devices);
    expect(downloads.verified).toBe(downloads.files);
    expect(downloads.retransmissions["tftp"]).toBeGreaterThan(0);
    expect(result.generator.simulatedLoss!.dropped).toBeGreaterThan(100);
  });

  test.concurrent("a server that nobody runs: nobody on line, a verdict, no crash", async () => {
    const text = scenario.replaceAll("timeLimit: 90 s", "timeLimit: 1 s\n    drain: 100 ms");
    const ran = await run("nobody", [write("nobody.yaml", text), "--target", "127.0.0.9:19067"]);
    expect(ran.status).toBe(99);
    expect(ran.result().reasons[0]).toContain("before every device was on line");
  });
});

describe("prov run with boots where it cannot be", () => {
  test("the portable socket has no addresses for devices, so it is refused with the way out", async () => {
    const ran = await run("dgram", [write("street.yaml", scenario)], { PROVLAB_SOCKET: "dgram" });
    expect(ran.stderr).toContain("needs the batched socket");
    expect(ran.status).toBe(1);
  });

  test("a folder of boot files that is not there ends with status 2", async () => {
    const ran = await run("no-files", [
      write("street.yaml", scenario),
      "--boot-files",
      "/nonexistent",
    ]);
    expect(ran.stderr).toContain("--boot-files /nonexistent: cannot be read (ENOENT)");
    expect(ran.status).toBe(2);
  });
});
