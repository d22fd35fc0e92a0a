import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { packageRoot, provCommand } from "../../lab/machine/package-root.ts";
import { type ProgramEnd, runToEnd } from "../../lab/machine/run-to-end.ts";
import { readScenarioFile } from "../../lab/machine/scenario-file.ts";
import type { Scenario } from "../../scenarios/language/scenario.ts";
import {
  exitStatus,
  flag,
  listOf,
  runProgram,
  tellProgress,
  wholeNumber,
} from "../harness/cli-options.ts";
import { appendRow, readRows, resultIn, writeResultFiles } from "../results/result-files.ts";
import { type DrillScale, loadPercentOf, settingsOf } from "./drill-scale.ts";
import { drillTable, oneLine, troubleList } from "./drill-table.ts";
import { isClean, latest, remaining, talliesOf } from "./drill-tally.ts";
import { type DrillRun, type DrillTrial, trialOf, trialWithoutResult } from "./drill-trial.ts";

const scenarioFolder = join(packageRoot, "scenarios");
const drills = readdirSync(scenarioFolder)
  .map((name) => /^drill-(.*)\.yaml$/.exec(name)?.[1])
  .filter((name) => name !== undefined)
  .toSorted();

const usage = `npm run campaign:drills -- [--drill kill,pause] [--seeds N] [--devices N] [--load PERCENT]
                 [--at-once N] [--seed N] [--minutes N] [--again] [--out FOLDER]

Plays the shipped drills (${drills.join(", ")}),
each with N seeds from --seed on, and writes a table and JSON. --devices and --load make them smaller; the load
is what so many devices carry unless told. --at-once plays so many side by side, each with its own pair and
etcd: for what must not happen, not for times, so the generator may be 500 ms late. Begins no run after
--minutes (default 60). Goes on where an earlier campaign in the folder ended, and plays its invalid runs
again; with --again it begins anew.
`;

const program = {
  name: "drills",
  usage,
  folder: "drill-campaign",
  options: {
    drill: listOf("drill", drills),
    seeds: wholeNumber({ min: 1, max: 1000 }, 20),
    devices: wholeNumber({ min: 100, max: 80_000 }, 80_000),
    load: wholeNumber({ min: 1, max: 100 }, undefined),
    "at-once": wholeNumber({ min: 1, max: 32 }, 1),
    seed: wholeNumber({ min: 0, max: 0xfff_ffff }, 1),
    minutes: wholeNumber({ min: 1, max: 2880 }, 60),
    again: flag(),
  },
};

/** Besides its phases, a run starts a pair, ends it and reads the lease files. */
const GRACE_MS = 5 * 60_000;
const STOP_MS_MAX = 30_000;
/** How much of a program's last words is told. */
const WORD_LINES = 3;

process.exitCode = await runProgram(program, async (options, folder, signal) => {
  const { drill: chosen = drills, seeds, devices, seed, minutes, again } = options;
  const atOnce = options["at-once"];
  const scale = { devices, loadPercent: options.load ?? loadPercentOf(devices), atOnce };
  const endMs = performance.now() + minutes * 60_000;
  const file = join(folder, "trials.jsonl");
  if (again) rmSync(file, { force: true });
  const trials = readRows<DrillTrial>(file);
  const wanted = Array.from({ length: seeds }, (_, index) => seed + index);
  const mine = (): readonly DrillTrial[] =>
    latest(trials, scale).filter((trial) => wanted.includes(trial.seed));
  const refused = new Set<string>();
  const queue = [...remaining(chosen, wanted, mine())];
  const playInTurn = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (signal.aborted || performance.now() > endMs) return;
      if (refused.has(next.drill)) continue;
      const trial = await playDrill({ ...next, ...scale }, folder, signal);
      if (trial === undefined) {
        if (!signal.aborted) refused.add(next.drill);
        continue;
      }
      trials.push(trial);
      appendRow(file, trial);
      tellProgress(`${next.drill}, seed ${next.seed}: ${trial.verdict}. ${oneLine(trial.reasons)}`);
      writeTable(folder, scale, chosen, mine());
    }
  };
  await Promise.all(Array.from({ length: atOnce }, playInTurn));
  process.stdout.write(writeTable(folder, scale, chosen, mine()));
  if (!isClean(talliesOf(chosen, mine()))) return exitStatus.found;
  return remaining(chosen, wanted, mine()).length > 0 ? exitStatus.internalError : exitStatus.pass;
});

/** Undefined for a drill that this machine cannot play, which is told, and for one that was interrupted. */
async function playDrill(
  play: DrillRun,
  folder: string,
  signal: AbortSignal,
): Promise<DrillTrial | undefined> {
  const { drill, seed } = play;
  const scenarioFile = join(scenarioFolder, `drill-${drill}.yaml`);
  const loading = readScenarioFile(scenarioFile, []);
  if (loading.kind === "failed") throw new Error(`${scenarioFile}: no scenario of this version`);
  const { scenario } = loading;
  const out = join(folder, drill, `seed-${seed}`);
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const command = provCommand(
    ...["run", scenarioFile, "--seed", String(seed), "--out", out, "--progress", "plain"],
    ...settingsOf(scenario, play).flatMap((setting) => ["--set", setting]),
  );
  const msMax = lengthMs(scenario) + GRACE_MS;
  let end: ProgramEnd;
  try {
    end = await runToEnd(command, { signal, msMax, stopMsMax: STOP_MS_MAX });
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  } finally {
    removeStores(join(out, "server"));
  }
  const { status } = end;
  const words = end.output.trim().split("\n").slice(-WORD_LINES).join(" ");
  if (status === exitStatus.usage) {
    tellProgress(`${drill} cannot be played: ${words}`);
    return undefined;
  }
  const reading = resultIn(out);
  if (reading === undefined) {
    const reason = `It ended with ${status ?? "a signal"} and no result: ${words}`;
    return trialWithoutResult(play, reason);
  }
  if (reading.kind === "failed") return trialWithoutResult(play, reading.problems.join(" "));
  const trial = trialOf(play, reading.result);
  // The logs of the servers are of interest only when a run did not pass.
  if (trial.verdict === "pass") rmSync(join(out, "server"), { recursive: true, force: true });
  return trial;
}

/** The longest that its phases may take. */
function lengthMs({ phases }: Scenario): number {
  return phases.reduce(
    (sum, { until, timeLimitMs }) =>
      sum + (typeof until === "string" ? timeLimitMs : until.durationMs),
    0,
  );
}

/** A member of etcd sets aside 64 MiB for each file of its log. */
function removeStores(folder: string): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder).filter((each) => /^etcd-\d$/.test(each))) {
    rmSync(join(folder, name), { recursive: true, force: true });
  }
}

function writeTable(
  folder: string,
  scale: DrillScale,
  chosen: readonly string[],
  trials: readonly DrillTrial[],
): string {
  const tallies = talliesOf(chosen, trials);
  const { devices, loadPercent, atOnce } = scale;
  const sharing = atOnce === 1 ? "" : `, ${atOnce} drills at once`;
  const words = `${devices} devices, ${loadPercent} % of the guide's load${sharing}.`;
  const table = [words, drillTable(tallies), troubleList(trials)]
    .filter((part) => part !== "")
    .join("\n\n");
  const commits = [...new Set(trials.map(({ commit }) => commit))];
  const result = { schema: "provlab/drills@1", ...scale, commits, tallies, trials };
  writeResultFiles(folder, { name: "drills", result, table });
  return table;
}
