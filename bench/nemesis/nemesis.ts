import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hash32 } from "../../base/prng.ts";
import { namespacesMissing } from "../../lab/machine/ip-command.ts";
import { missingFor, missingForVerb } from "../../lab/needs.ts";
import type { PairVerb } from "../../scenarios/language/pair-event.ts";
import type { PairPlan } from "../../scenarios/language/pair-section.ts";
import { appendRow } from "../results/result-files.ts";
import { type Fault, faultSchedule, nemesisVerbs } from "./fault-schedule.ts";
import { nemesisScenario, type RoundPlan } from "./nemesis-scenario.ts";
import { isClean, type PlayedRound, playRound, scenarioFile } from "./play-round.ts";
import { shrink } from "./shrink.ts";

export interface NemesisRequest {
  readonly seed: number;
  /** The number of the first round; what a round does depends on the seed and its number alone. */
  readonly first: number;
  readonly rounds: number;
  /** No round begins after this time. */
  readonly minutes: number;
  /** Rounds that may be played to find the faults that a failure needs; 0: none. */
  readonly shrinkTries: number;
  /** Exists; `rounds.jsonl` in it is appended to, and rounds that found something are kept. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onResult: (line: string) => void;
}

export interface NemesisReport {
  readonly played: number;
  readonly failed: number;
  /** The first round that was not played. */
  readonly nextRound: number;
}

const MS_A_MINUTE = 60_000;
const STREAM = 0x726f_756e;
const LATE_TRIES = 2;

/** Throws Error with a sentence for the user when no pair can be had on this machine. */
export async function runNemesis(request: NemesisRequest): Promise<NemesisReport> {
  const { seed, first, rounds, minutes, folder, signal, onResult } = request;
  const network = namespacesMissing() === undefined ? "namespaces" : "loopback";
  const verbs = possibleVerbs({ kind: "provlab", profile: "fast", network }, onResult);
  const endMs = performance.now() + minutes * MS_A_MINUTE;
  const rowsFile = join(folder, "rounds.jsonl");
  let round = first;
  let failed = 0;
  for (; round < first + rounds && performance.now() < endMs; round += 1) {
    const roundSeed = hash32(seed, STREAM, round);
    const faults = faultSchedule(roundSeed, verbs);
    const plan = { round, seed: roundSeed, faults, network } as const;
    const work = join(folder, `round-${round}`);
    const played = await playOrStop(plan, work, signal);
    if (played === undefined) break;
    const verdict = await verdictOf(request, plan, played, work);
    if (verdict === undefined) break;
    appendRow(rowsFile, roundRow(plan, played, verdict));
    onResult(roundLine(plan, played, verdict));
    for (const finding of [...played.findings.unsafe, ...played.findings.late]) {
      onResult(`  ${finding}`);
    }
    if (verdict === "fail") {
      failed += 1;
      await tellFailure(request, plan, work);
    }
    rmSync(work, { recursive: true, force: true });
  }
  return { played: round - first, failed, nextRound: round };
}

/** `late`: something was late, but in time when the round was played again. */
type Verdict = "pass" | "late" | "fail";

/**
 * An unsafe round fails at once. A late one may be due to the machine, which stood still for longer than the
 * dead time: it fails when it is late once more. Keeps the folder of a round that is not clean. Undefined
 * when it was aborted.
 */
async function verdictOf(
  { folder, signal }: NemesisRequest,
  plan: RoundPlan,
  played: PlayedRound,
  work: string,
): Promise<Verdict | undefined> {
  if (isClean(played)) return "pass";
  keep(work, keptFolder(folder, plan));
  if (played.findings.unsafe.length > 0) return "fail";
  for (let tries = 0; tries < LATE_TRIES; tries += 1) {
    const again = await playOrStop(plan, work, signal);
    if (again === undefined) return undefined;
    if (!isClean(again)) return "fail";
  }
  return "late";
}

const keptFolder = (folder: string, { round }: RoundPlan): string =>
  join(folder, "findings", `round-${round}`);

function keep(work: string, kept: string): void {
  rmSync(kept, { recursive: true, force: true });
  mkdirSync(kept, { recursive: true });
  cpSync(work, kept, { recursive: true, filter: (path) => !path.endsWith(".sock") });
}

/** Undefined when it was aborted. */
async function playOrStop(
  plan: RoundPlan,
  folder: string,
  signal: AbortSignal,
): Promise<PlayedRound | undefined> {
  if (signal.aborted) return undefined;
  try {
    return await playRound(plan, folder, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    rmSync(folder, { recursive: true, force: true });
    return undefined;
  }
}

function possibleVerbs(pair: PairPlan, onResult: (line: string) => void): readonly PairVerb[] {
  const missing = missingFor(pair, []);
  if (missing !== undefined) throw new Error(missing);
  return nemesisVerbs.filter((verb) => {
    const reason = missingForVerb(pair, verb);
    if (reason !== undefined) onResult(`without ${verb}: ${reason}`);
    return reason === undefined;
  });
}

const faultWords = ({ verb, value, atMs, forMs }: Fault): string => {
  const until = forMs === undefined ? "" : ` to ${(atMs + forMs) / 1000}`;
  return `${verb} ${JSON.stringify(value)} at ${atMs / 1000}${until} s`;
};

function roundLine(
  { round, seed, faults }: RoundPlan,
  { elapsedMs }: PlayedRound,
  verdict: Verdict,
): string {
  const seconds = Math.round(elapsedMs / 1000);
  return `round ${round}, seed ${seed}: ${verdict} in ${seconds} s; ${faults.map(faultWords).join(", ")}`;
}

function roundRow({ round, seed, faults }: RoundPlan, played: PlayedRound, verdict: Verdict) {
  const { findings, elapsedMs, result } = played;
  const rtoMs = result?.failover?.events.map(({ interruption }) => interruption?.rtoMs ?? 0) ?? [];
  return {
    ...{ round, seed, verdict, faults, findings },
    seconds: Math.round(elapsedMs / 1000),
    acknowledged: result?.safety.acknowledged ?? 0,
    leaderChanges: result?.failover?.leaderChanges ?? 0,
    rtoMsMax: Math.max(0, ...rtoMs),
  };
}

/** Tells how to play it again, and which of its faults are enough. */
async function tellFailure(
  { folder, shrinkTries, signal, onResult }: NemesisRequest,
  plan: RoundPlan,
  work: string,
): Promise<void> {
  const kept = keptFolder(folder, plan);
  onResult(`  again: prov run ${scenarioFile(kept)} --seed ${plan.seed}`);
  const faults = await shrink(plan.faults, shrinkTries, async (fewer) => {
    const played = await playOrStop({ ...plan, faults: fewer }, work, signal);
    return played !== undefined && !isClean(played);
  });
  if (faults.length === plan.faults.length) return;
  const smallest = join(kept, "smallest.yaml");
  writeFileSync(smallest, nemesisScenario({ ...plan, faults }));
  onResult(`  ${faults.map(faultWords).join(", ")} is enough: prov run ${smallest}`);
}
