import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../lab/machine/package-root.ts";
import type { RunResult } from "../../reports/result/run-result.ts";
import { nemesisScenario, type RoundPlan } from "./nemesis-scenario.ts";
import { type RoundFindings, roundFindings } from "./round-verdict.ts";

export interface PlayedRound {
  readonly findings: RoundFindings;
  readonly elapsedMs: number;
  /** Undefined when the run came to no result. */
  readonly result: RunResult | undefined;
}

/** Half a minute on a machine with nothing else to do; orders to a pair that hangs take the longest. */
const ROUND_MS_MAX = 240_000;
const STOP_MS_MAX = 30_000;
const SAID_MAX = 4000;

/**
 * Plays a round as a user would, by `prov run` on its scenario file, which is left in the folder beside
 * what the run wrote. Rejects when the signal is aborted.
 */
export async function playRound(
  plan: RoundPlan,
  folder: string,
  signal: AbortSignal,
): Promise<PlayedRound> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const file = scenarioFile(folder);
  writeFileSync(file, nemesisScenario(plan));
  const startMs = performance.now();
  const ended = await run(file, folder, signal);
  const elapsedMs = performance.now() - startMs;
  signal.throwIfAborted();
  const path = join(folder, "result.json");
  if (!existsSync(path)) {
    const unsafe = [`The run has no result: ${ended}`];
    return { findings: { unsafe, late: [] }, elapsedMs, result: undefined };
  }
  const result = JSON.parse(readFileSync(path, "utf8")) as RunResult;
  return { findings: roundFindings(result, plan.faults), elapsedMs, result };
}

export const isClean = ({ findings: { unsafe, late } }: PlayedRound): boolean =>
  unsafe.length + late.length === 0;

/** The scenario of a round in its folder. */
export const scenarioFile = (folder: string): string => join(folder, "scenario.yaml");

/** Resolves with how it ended, in words. */
async function run(file: string, folder: string, signal: AbortSignal): Promise<string> {
  const program = join(packageRoot, "dist/cli/main.js");
  // In the folder, so that the names of control sockets are short.
  const child = spawn(process.execPath, [program, "run", file, "--out", ".", "--report", "none"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString("utf8")).slice(-SAID_MAX);
  });
  let isTooLong = false;
  let hardStop: NodeJS.Timeout | undefined;
  const stop = (): void => {
    child.kill("SIGTERM");
    hardStop = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
  };
  const limit = setTimeout(() => {
    isTooLong = true;
    stop();
  }, ROUND_MS_MAX);
  signal.addEventListener("abort", stop);
  try {
    const [status, bySignal] = (await once(child, "close")) as [number | null, string | null];
    const how = isTooLong
      ? `not over within ${ROUND_MS_MAX / 1000} s`
      : `status ${status ?? bySignal}`;
    return `${how}; ${said.trim()}`;
  } finally {
    clearTimeout(limit);
    clearTimeout(hardStop);
    signal.removeEventListener("abort", stop);
  }
}
