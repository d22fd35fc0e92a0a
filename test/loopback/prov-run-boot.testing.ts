import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { RunResult } from "../../reports/result/run-result.ts";
import { runProv } from "../prov-command.testing.ts";
import { bootAll, restore, smallScenario } from "../small-scenario.testing.ts";

/** 150 MTAs and 130 CPEs behind 101 modems: with two workers, many sit behind another worker's. */
export const street = smallScenario("street", {
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

/** Runs of scenarios in a folder; each has its output in a folder of its name. */
export class BootRuns {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  write(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }

  async run(name: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const out = join(this.folder, name);
    const ran = await runProv(["run", ...args, "--out", out, "--progress", "none"], {
      cwd: this.folder,
      env,
    });
    const result = (): RunResult => JSON.parse(readFileSync(join(out, "result.json"), "utf8"));
    return { ...ran, out, result };
  }

  /** Plays the street over so many workers; every device comes on line, twice, with the right files. */
  async expectStreetOnLine(workers: number): Promise<void> {
    const path = this.write("street.yaml", street);
    const ran = await this.run(`workers-${workers}`, [path, "--workers", String(workers)]);
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
    const [connect, storm, again] = result.phases.map(({ boot }) => boot!);
    for (const boot of [connect!, again!]) {
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
  }
}

/** The steps that each kind has gone through, in their order. */
function stepsOf({ phases }: RunResult): Record<string, string[]> {
  const steps: Record<string, string[]> = {};
  for (const { kind, step } of phases[0].boot!.steps) {
    steps[kind] = [...(steps[kind] ?? []), step];
  }
  return steps;
}
