import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { libcMissingReason } from "../../base/net/kernel/libc.ts";
import type { PersonaResult, RunResult } from "../../reports/result/run-result.ts";
import { personaKinds } from "../../scenarios/population/personas.ts";
import { runProv } from "../prov-command.testing.ts";
import { bootAll, type ScenarioSections, smallScenario } from "../small-scenario.testing.ts";

// Boots of faulty devices, and boots behind slow CMTSs, with the compiled `prov`.

const folder = mkdtempSync(join(tmpdir(), "provlab-boot-faulty-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function run(
  name: string,
  sections: Omit<ScenarioSections, "phases"> & Pick<ScenarioSections, "population">,
): Promise<RunResult> {
  const path = join(folder, `${name}.yaml`);
  const clients = { retransmit: { firstDelay: "2 s", maxDelay: "2 s", jitter: "50 ms" } };
  writeFileSync(path, smallScenario(name, { clients, phases: [bootAll(100)], ...sections }));
  const out = join(folder, name);
  const ran = await runProv(["run", path, "--out", out, "--workers", "2", "--progress", "none"], {
    cwd: folder,
  });
  expect(ran.stderr).toBe("");
  return JSON.parse(readFileSync(join(out, "result.json"), "utf8")) as RunResult;
}

describeUnless(libcMissingReason(), "prov run with boots", () => {
  // Both wait most of the time, so they wait side by side.
  test.concurrent("brings devices of every persona on line, and each has its documented effect", async () => {
    const result = await run("personas", {
      population: { cableModems: 120, mtas: 40, cpes: 40, smartMeters: 20, cmtsCount: 4 },
      personas: personaKinds.map((kind) => ({ kind, percent: 5 })),
    });
    expect(result.reasons).toEqual([]);
    const of = (kind: string): PersonaResult =>
      result.personas!.find((each) => each.kind === kind)!;
    // 5 % of 120, 40, 40 and 20.
    for (const kind of personaKinds) expect(of(kind)).toMatchObject({ devices: 11, bound: 11 });
    expect(of("foreign-address").naks).toBe(11);
    expect(of("ignores-nak").naks).toBe(5 * 11);
    expect(of("decline-loop").declines).toBe(3 * 11);
    expect(of("duplicate-mac").twinLeases).toBeGreaterThanOrEqual(11);
    const [boot] = result.phases[0].streams;
    expect(boot).toMatchObject({ offered: 220, completed: 220, timeouts: 0 });
    expect(result.timeToOnlineMs!["all"].count).toBe(220);
    expect(result.safety).toMatchObject({ doubleAllocations: 0, acknowledgedLeasesLost: 0 });
  });

  test.concurrent("lets TFTP through a CMTS no faster than the CMTS forwards", async () => {
    const meters = 20;
    const packetsPerSecond = 100;
    const result = await run("slow-cmts", {
      population: { smartMeters: meters, cmtsCount: 2 },
      boot: { tftp: { firstRetry: "10 s" }, files: { meterImageBytes: 65_536 } },
      network: { cmts: { packetsPerSecond, queuePackets: 1000 } },
    });
    expect(result.verdict).toBe("pass");
    const { downloads, steps } = result.phases[0].boot!;
    expect(downloads).toMatchObject({ files: meters, verified: meters });
    // Every DATA packet comes through one of two CMTSs, and the last meter waits for its last one.
    const packets = downloads.bytes / 1428;
    const leastMs = ((packets / 2 - 1) * 1000) / packetsPerSecond;
    expect(leastMs).toBeGreaterThan(2000);
    expect(result.phases[0].durationMs).toBeGreaterThan(leastMs);
    expect(steps.find(({ step }) => step === "tftp")!.durationMs.max).toBeGreaterThan(leastMs / 2);
    for (const direction of [result.network!.toServer, result.network!.toDevices]) {
      expect(direction.throttled).toBeGreaterThan(packets / 4);
      expect(direction).toMatchObject({ lost: 0, dropped: 0 });
    }
  });
});
