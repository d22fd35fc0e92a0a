import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { provCommand } from "../../lab/machine/package-root.ts";
import { runToEnd } from "../../lab/machine/run-to-end.ts";
import type { RunResult } from "../../reports/result/run-result.ts";
import { resultIn } from "../results/result-files.ts";
import { nemesisScenario, type RoundPlan } from "./nemesis-scenario.ts";
import { type RoundFindings, roundFindings } from "./round-verdict.ts";

export interface PlayedRound {
  readonly findings: RoundFindings;
  readonly elapsedMs: number;
  /** Undefined when the run came to no result. */
  readonly result: RunResult | undefined;
}

/** A round takes half a minute on an idle machine; an order to a pair that hangs takes the longest. */
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
  // In the folder, so that the names of control sockets are short.
  const end = await runToEnd(provCommand("run", file, "--out", ".", "--report", "none"), {
    ...{ signal, folder, msMax: ROUND_MS_MAX, stopMsMax: STOP_MS_MAX },
  });
  const { status, isOver, elapsedMs, output } = end;
  const reading = resultIn(folder);
  if (reading?.kind === "read") {
    const { result } = reading;
    return { findings: roundFindings(result, plan.faults), elapsedMs, result };
  }
  const how = isOver ? `not over within ${ROUND_MS_MAX / 1000} s` : `status ${status ?? "none"}`;
  const said = reading?.problems.join(" ") ?? output.trim().slice(-SAID_MAX);
  const unsafe = [`The run has no result: ${how}; ${said}`];
  return { findings: { unsafe, late: [] }, elapsedMs, result: undefined };
}

export const isClean = ({ findings: { unsafe, late } }: PlayedRound): boolean =>
  unsafe.length + late.length === 0;

/** The scenario of a round in its folder. */
export const scenarioFile = (folder: string): string => join(folder, "scenario.yaml");
