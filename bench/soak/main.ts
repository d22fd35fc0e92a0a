import { versionName } from "../../lab/machine/environment.ts";
import { formatCount } from "../../reports/text/format.ts";
import { exitStatus, runProgram, tellProgress, wholeNumber } from "../harness/cli-options.ts";
import { writeResultFiles } from "../results/result-files.ts";
import { type PlayedRun, type SoakReport, soak } from "./soak.ts";
import { figure, soakTable } from "./soak-table.ts";
import type { JudgedSeries } from "./soak-verdict.ts";

const usage = `npm run soak -- [--minutes N] [--rate PERCENT] [--seed N] [--out FOLDER]

Plays two runs side by side for N minutes (default 180), at PERCENT (default 100) of the guide's load: a pair with
restarts and fail-overs, and a server with all services under floods and malformed packets. Measures memory, heaps,
descriptors, threads, files and latency all the time, and judges their slopes: the worst case of the 90 % interval
must stay below a bound a month ahead (docs/soak.md). Needs etcd; network namespaces, as root, are taken if they can
be had. Exit status 0: all is flat, and both runs passed; 98: a run was too short or too disturbed to tell; 99:
something grows, or a run failed.
`;

const MINUTES_MAX = 1440;
const PERCENT_MAX = 100;

const program = {
  name: "soak",
  usage,
  folder: "soak",
  options: {
    minutes: wholeNumber({ min: 1, max: MINUTES_MAX }, 180),
    rate: wholeNumber({ min: 1, max: PERCENT_MAX }, 100),
    seed: wholeNumber({ min: 0, max: 0xffff_ffff }, 1),
  },
};

process.exitCode = await runProgram(program, async (options, folder, signal) => {
  const { minutes, rate: percent, seed } = options;
  const plan = { minutes, percent, seed };
  try {
    const report = await soak({ ...plan, folder, signal, onProgress: tellProgress });
    const status = statusOf(report);
    const text = textOf(report, plan);
    const result = { schema: "provlab/soak@1", version: versionName(), ...plan, status, ...report };
    writeResultFiles(folder, { name: "soak", result, table: `\`\`\`text\n${text}\`\`\`\n` });
    process.stdout.write(text);
    return status;
  } catch (error) {
    process.stderr.write(`soak: ${(error as Error).message}\n`);
    return exitStatus.internalError;
  }
});

function statusOf({ runs, rows }: SoakReport): number {
  const bad = runs.some(({ verdict }) => verdict === "fail" || verdict === "none");
  if (bad || rows.some(({ verdict }) => verdict === "grows")) return exitStatus.found;
  const isOpen = runs.some(({ verdict }) => verdict === "invalid");
  if (isOpen || rows.some(({ verdict }) => verdict === "open")) return exitStatus.invalid;
  return exitStatus.pass;
}

interface Plan {
  readonly minutes: number;
  readonly percent: number;
  readonly seed: number;
}

function textOf({ runs, rows, sent }: SoakReport, { minutes, percent, seed }: Plan): string {
  const counted = (["flat", "open", "grows"] as const).map(
    (word) => `${rows.filter(({ verdict }) => verdict === word).length} ${word}`,
  );
  const hostile = `${formatCount(sent.malformed)} malformed packets, ${formatCount(sent.flood)} of floods`;
  return [
    soakTable(rows),
    "",
    ...aheadLine(rows),
    ...runs.map(runLine),
    `services: ${hostile}`,
    `${minutes} minutes at ${percent} %, seed ${seed}: ${counted.join(", ")}`,
    "",
  ].join("\n");
}

function runLine({ run, verdict, reasons, acknowledged, restarts }: PlayedRun): string {
  const anew = Object.entries(restarts).map(([name, count]) => `${name} ${count}`);
  const again = anew.length === 0 ? "" : `; started anew: ${anew.join(", ")}`;
  const line = `${run}: ${verdict}, ${formatCount(acknowledged)} acknowledgements${again}`;
  return [line, ...reasons.map((reason) => `  ${reason}`)].join("\n");
}

/** How far ahead the worst cases are. */
function aheadLine(rows: readonly JudgedSeries[]): readonly string[] {
  const hours = Math.max(0, ...rows.map(({ hoursAhead }) => hoursAhead));
  return hours === 0
    ? []
    : [`worst: the growth in ${figure(hours)} hours, of a simulator in 24 at most`];
}
