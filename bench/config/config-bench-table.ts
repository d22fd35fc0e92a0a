import { median } from "../../base/median.ts";
import type { CaseResult, ConfigBenchResult, ContenderResult } from "./config-bench.ts";

const columns = ["file", "MB", "program", "seconds", "peak MiB"] as const;

/** The result as a Markdown table with the method below it. */
export function configBenchTable(result: ConfigBenchResult): string {
  const rows = result.cases.flatMap((one) =>
    one.contenders.map((contender) => line(rowOf(one, contender))),
  );
  return [
    line(columns),
    line(["---", "---:", "---", "---:", "---:"]),
    ...rows,
    "",
    ...notesOf(result).map((note) => `- ${note}`),
    "",
  ].join("\n");
}

function rowOf(one: CaseResult, { name, version, missing, runs }: ContenderResult): string[] {
  const megabytes = (one.bytes / 1e6).toFixed(1);
  const program = `${name} ${version}`.trim();
  if (missing !== undefined) return [one.name, megabytes, program, missing, ""];
  return [one.name, megabytes, program, timeOf(one, runs), memoryOf(runs)];
}

function timeOf({ isValid }: CaseResult, runs: ContenderResult["runs"]): string {
  const over = runs.find(({ isOver }) => isOver);
  if (over !== undefined) return `> ${over.seconds.toFixed(0)}`;
  const seconds = runs.map((run) => run.seconds);
  const middle = median(seconds);
  if (middle === undefined) return "not measured";
  const spread =
    runs.length > 1
      ? ` (${Math.min(...seconds).toFixed(2)}–${Math.max(...seconds).toFixed(2)})`
      : "";
  const wrong = runs.find(({ status }) => (status === 0) !== isValid);
  const trouble =
    wrong === undefined ? "" : `, ended with status ${wrong.status ?? "none, by a signal"}`;
  return `${middle.toFixed(2)}${spread}${trouble}`;
}

function memoryOf(runs: ContenderResult["runs"]): string {
  const peaks = runs.flatMap(({ peakMiB }) => (peakMiB === undefined ? [] : [peakMiB]));
  return peaks.length === 0 ? "" : Math.max(...peaks).toFixed(0);
}

function notesOf({ roundsPlanned, secondsMax, environment, cutShort }: ConfigBenchResult) {
  const { cpu, cores, kernel, node, commit } = environment;
  const notes = [
    `Seconds from the start of the process to its end: median (lowest–highest) of ${roundsPlanned} rounds, ` +
      `the programs taking turns; ended after ${secondsMax} s. Peak: resident memory, the most of the rounds.`,
    `${cpu}, ${cores} cores, Linux ${kernel}, Node ${node}, commit ${commit}.`,
  ];
  return cutShort === undefined ? notes : [...notes, `Cut short: ${cutShort}.`];
}

function line(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replace(/\s+/g, " ").replaceAll("|", "\\|")).join(" | ")} |`;
}
