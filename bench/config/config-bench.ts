import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { environmentOf } from "../../lab/machine/environment.ts";
import { packageVersion } from "../../lab/machine/package-root.ts";
import type { Environment } from "../../reports/result/run-result.ts";
import { firstLineOf, provCommand, searchPath, versionOrMissing } from "../contenders/contender.ts";
import { type CheckRun, killChecks, runCheck } from "./check-run.ts";
import { type ConfigCase, writeCase } from "./config-files.ts";

export const CONFIG_BENCH_SCHEMA = "provlab/config-bench@1";

/** What `npm run bench:config` writes. */
export interface ConfigBenchResult {
  readonly schema: typeof CONFIG_BENCH_SCHEMA;
  readonly startedAt: string;
  /** Why not everything was measured; undefined when it was. */
  readonly cutShort?: string;
  readonly environment: Environment;
  readonly roundsPlanned: number;
  readonly secondsMax: number;
  readonly cases: readonly CaseResult[];
}

export interface CaseResult {
  readonly id: string;
  readonly name: string;
  readonly isValid: boolean;
  readonly bytes: number;
  readonly contenders: readonly ContenderResult[];
}

export interface ContenderResult {
  readonly name: string;
  readonly version: string;
  /** Why there are no runs; undefined when there are. */
  readonly missing?: string | undefined;
  /** One a round; none after one that took too long. */
  readonly runs: readonly CheckRun[];
}

export interface ConfigBenchRequest {
  readonly cases: readonly ConfigCase[];
  readonly rounds: number;
  /** A run that takes longer is ended, and there is no other of that program on that file. */
  readonly secondsMax: number;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

interface Checker {
  readonly name: string;
  readonly version: () => string;
  readonly command: (config: string, leases: string) => readonly string[];
}

const checkers: readonly Checker[] = [
  {
    name: "prov dhcpd -t",
    version: packageVersion,
    command: (config, leases) =>
      provCommand("dhcpd", "-4", "-q", "-t", "-cf", config, "-lf", leases),
  },
  {
    name: "dhcpd -t",
    version: () => firstLineOf("dhcpd", "--version").replace(/^isc-dhcpd-/, ""),
    command: (config, leases) => ["dhcpd", "-4", "-q", "-t", "-cf", config, "-lf", leases],
  },
];

/**
 * Lets both programs check each file, taking turns. The files are in a temporary folder, which is gone
 * afterwards; the signal ends the run early with what was measured so far.
 */
export async function runConfigBench(request: ConfigBenchRequest): Promise<ConfigBenchResult> {
  const { cases, rounds, secondsMax, signal } = request;
  const startedAt = new Date().toISOString();
  const folder = mkdtempSync(join(tmpdir(), "provlab-bench-config-"));
  const cleanUp = (): void => {
    killChecks();
    rmSync(folder, { recursive: true, force: true });
  };
  process.on("exit", cleanUp);
  const results: CaseResult[] = [];
  try {
    for (const one of cases) {
      if (!signal.aborted) results.push(await measureCase(request, one, folder));
    }
  } finally {
    process.off("exit", cleanUp);
    cleanUp();
  }
  return {
    schema: CONFIG_BENCH_SCHEMA,
    startedAt,
    ...(signal.aborted ? { cutShort: "interrupted" } : {}),
    environment: environmentOf({ durability: "none", socket: "batch", workers: 1 }),
    roundsPlanned: rounds,
    secondsMax,
    cases: results,
  };
}

async function measureCase(
  { rounds, secondsMax, signal, onProgress }: ConfigBenchRequest,
  one: ConfigCase,
  folder: string,
): Promise<CaseResult> {
  const config = join(folder, "dhcpd.conf");
  const leases = join(folder, "dhcpd.leases");
  const bytes = writeCase(config, one);
  writeFileSync(leases, "");
  const contenders = checkers.map(({ name, version, command }) => {
    const runs: CheckRun[] = [];
    return { name, ...versionOrMissing(version), runs, words: command(config, leases) };
  });
  for (let round = 1; round <= rounds; round += 1) {
    for (const { name, missing, runs, words } of contenders) {
      if (signal.aborted || missing !== undefined || runs.some(({ isOver }) => isOver)) continue;
      const run = await runCheck(words, { PATH: searchPath }, secondsMax, signal);
      if (signal.aborted) continue;
      runs.push(run);
      onProgress(`round ${round} of ${rounds}: ${one.name}: ${name}: ${textOf(run)}`);
    }
  }
  const { id, name, isValid } = one;
  return { id, name, isValid, bytes, contenders: contenders.map(({ words: _, ...rest }) => rest) };
}

function textOf({ seconds, peakMiB, status, isOver }: CheckRun): string {
  const memory = peakMiB === undefined ? "" : `, ${peakMiB.toFixed(0)} MiB`;
  return isOver
    ? `not done in ${seconds.toFixed(0)} s${memory}`
    : `${seconds.toFixed(2)} s${memory}, status ${status}`;
}
