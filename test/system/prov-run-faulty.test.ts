import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { PersonaResult, RunResult } from "../../reports/result/run-result.ts";
import { personaKinds } from "../../scenarios/population/personas.ts";
import { runProv } from "../prov-command.testing.ts";
import { connect, smallScenario } from "../small-scenario.testing.ts";

// Faulty devices and a bad network against the bundled server, with the compiled `prov`.

const folder = mkdtempSync(join(tmpdir(), "provlab-faulty-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function run(name: string, sections: object, workers: number): Promise<RunResult> {
  const path = join(folder, `${name}.yaml`);
  const scenario = {
    population: { cableModems: 260, cmtsCount: 4 },
    clients: { retransmit: { firstDelay: "2 s", maxDelay: "2 s", jitter: "50 ms" } },
    phases: [connect(200)],
  };
  writeFileSync(path, smallScenario("faulty", { ...scenario, ...sections }));
  const out = join(folder, `${name}-${workers}`);
  const args = ["run", path, "--out", out, "--workers", String(workers), "--progress", "none"];
  const ran = await runProv(args, { cwd: folder });
  expect(ran.stderr).toBe("");
  return JSON.parse(readFileSync(join(out, "result.json"), "utf8")) as RunResult;
}

// A device that was refused waits for up to ten seconds (RFC 2131 section 4.4.1): so all wait at once.
describe.concurrent("prov run with faulty devices", () => {
  const personas = personaKinds.map((kind) => ({ kind, percent: 5 }));

  test.each([1, 2])("each persona has its documented effect, over %i workers", async (workers) => {
    const result = await run("personas", { personas }, workers);
    expect(result.reasons).toEqual([]);
    expect(result.verdict).toBe("pass");
    const of = (kind: string): PersonaResult =>
      result.personas!.find((each) => each.kind === kind)!;
    for (const kind of personaKinds) expect(of(kind)).toMatchObject({ devices: 13, bound: 13 });
    expect(of("foreign-address")).toMatchObject({ naks: 13, declines: 0 });
    expect(of("ignores-nak").naks).toBeGreaterThanOrEqual(5 * 13);
    expect(of("decline-loop").declines).toBe(3 * 13);
    expect(of("duplicate-mac").twinLeases).toBeGreaterThanOrEqual(13);
    expect(of("malformed-options").retransmissions).toBeGreaterThanOrEqual(2 * 13);
    for (const kind of ["never-renews", "giant-packets", "wrong-relay-port", "no-client-id"]) {
      expect(of(kind)).toMatchObject({ completed: 13, naks: 0, declines: 0, timeouts: 0 });
    }
    // The leases of the devices, and of the twins on the other CMTSs.
    expect(result.safety.audit).toBe("all 273 leases in the lease file");
    expect(result.safety.expected).toBeUndefined();
  });
});

test.concurrent("prov run on a bad network: delays are in every latency, all conditions are counted", async () => {
  const network = {
    ...{ lossPercent: 2, duplicatePercent: 3, reorderPercent: 2, delay: { fixed: "30 ms" } },
    cmts: { packetsPerSecond: 150, queuePackets: 50 },
  };
  const result = await run("network", { network }, 2);
  expect(result.verdict).toBe("pass");
  const [discover] = result.phases[0].streams;
  expect(discover!.completed).toBe(260);
  expect(discover!.latencyMs.p50).toBeGreaterThanOrEqual(119);
  expect(discover!.serviceMs.p50).toBeGreaterThanOrEqual(119);
  for (const direction of [result.network!.toServer, result.network!.toDevices]) {
    expect(direction.lost).toBeGreaterThan(0);
    expect(direction.duplicated).toBeGreaterThan(0);
    expect(direction.reordered).toBeGreaterThan(0);
    expect(direction.delayed).toBeGreaterThan(480);
    expect(direction.dropped).toBe(0);
  }
});
