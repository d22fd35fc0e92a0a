import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LatencyHistogram } from "../../base/histogram.ts";
import { type BundledServer, startBundledServer } from "../../cli/run/server/bundled-server.ts";
import type { RunResult } from "../../reports/result/run-result.ts";
import { readScenario } from "../../scenarios/language/scenario-file.ts";
import { Population } from "../../scenarios/population/population.ts";
import { dhcpdConf } from "../../scenarios/servers/dhcpd-conf.ts";
import { prov } from "../prov-command.testing.ts";
import { connect, smallScenario } from "../small-scenario.testing.ts";

/** 2,000 devices that boot and renew; nobody acts by itself, so what they do is the schedule. */
export const scenarioText = smallScenario("parts", {
  population: { cableModems: 1200, mtas: 400, cpes: 200, smartMeters: 200, cmtsCount: 8 },
  clients: { ownTimers: false },
  phases: [
    {
      ...connect(1000),
      streams: [{ exchange: "discover", ratePerSecond: 1000, arrivals: "poisson" }],
    },
    {
      ...{ name: "mixed", powerCycle: true, duration: "2 s", drain: "10 s" },
      streams: [
        { exchange: "discover", ratePerSecond: 100 },
        { exchange: "renew", ratePerSecond: 300 },
      ],
    },
  ],
  thresholds: [
    "connect.discover.completed == 2000",
    "mixed.discover.completed == 200",
    "mixed.renew.completed == 600",
  ],
});

/** A folder with the scenario, and the processes that a test starts in it. */
export class SegmentLab {
  readonly folder = mkdtempSync(join(tmpdir(), "provlab-segments-"));
  readonly scenario = this.path("parts.yaml");

  constructor() {
    writeFileSync(this.scenario, scenarioText);
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  run(args: readonly string[]) {
    return spawnSync(process.execPath, [prov, ...args], {
      cwd: this.folder,
      encoding: "utf8",
      timeout: 90_000,
    });
  }

  start(args: readonly string[]) {
    return spawn(process.execPath, [prov, ...args], {
      cwd: this.folder,
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  /** A server for the scenario's devices; stop it. */
  server(name: string, nextPort?: () => Promise<number>): Promise<BundledServer> {
    const reading = readScenario(this.scenario, scenarioText);
    if (reading.kind === "failed") throw new Error("the scenario is wrong");
    const { population, server } = reading.scenario;
    const config = dhcpdConf(new Population(population), { ...server, localAddress: 0x7f00_0001 });
    return startBundledServer(this.path(name), { config, files: undefined }, nextPort);
  }

  result(out: string): RunResult {
    return JSON.parse(readFileSync(this.path(`${out}/result.json`), "utf8")) as RunResult;
  }

  text(name: string): string {
    return readFileSync(this.path(name), "utf8");
  }

  close(): void {
    rmSync(this.folder, { recursive: true });
  }
}

/** What must be the same whoever plays the run: the counts, not the times. */
export function countsOf({ phases, safety }: RunResult) {
  return {
    acknowledged: safety.acknowledged,
    streams: phases.flatMap(({ name, streams }) =>
      streams.map(({ exchange, offered, sent, completed, timeouts, notEligible }) => ({
        ...{ phase: name, exchange, offered, sent, completed, timeouts, notEligible },
      })),
    ),
  };
}

/** Whether the merged latencies are those of all parts together, bucket by bucket. */
export function sumOfLatencies(parts: readonly RunResult[], phase: number, stream: number): string {
  const sum = new LatencyHistogram();
  for (const { phases } of parts) {
    const { histogram } = phases[phase].streams[stream].latencyMs;
    sum.merge(LatencyHistogram.fromBase64(histogram));
  }
  return sum.toBase64();
}
