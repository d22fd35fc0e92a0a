import type { Cell } from "./tftp-bench-plan.ts";
import {
  type CellResult,
  type CellSummary,
  cellSummaryOf,
  type TftpBenchResult,
  type TftpContenderResult,
} from "./tftp-bench-result.ts";

/**
 * The result as two Markdown tables with the method below them: files a second of all servers side
 * by side, and every cell of every server in a row of its own.
 */
export function tftpBenchTable(result: TftpBenchResult): string {
  return [
    ...ratesOf(result),
    "",
    ...detailsOf(result),
    "",
    ...notesOf(result).map((note) => `- ${note}`),
    "",
  ].join("\n");
}

const cellColumns = ["file", "block", "at once"] as const;

function ratesOf({ contenders }: TftpBenchResult): readonly string[] {
  const names = contenders.map(({ name, version }) => `${name} ${version}`.trim());
  const columns = [...cellColumns, ...names];
  const cells = contenders[0]?.cells ?? [];
  const rows = cells.map(({ cell }, index) => [
    ...textsOf(cell),
    ...contenders.map((contender) => rateOf(contender, contender.cells[index])),
  ]);
  return [line(columns), line(columns.map(() => "---:")), ...rows.map(line)];
}

function rateOf({ missing }: TftpContenderResult, result: CellResult | undefined): string {
  const summary = result === undefined ? undefined : cellSummaryOf(result);
  if (summary === undefined) return missing ?? "not measured";
  const { median, lowest, highest, rounds } = summary;
  const spread = rounds > 1 ? ` (${whole(lowest)}–${whole(highest)})` : "";
  const trouble = troubleOf(summary);
  const rate = `${summary.isLowerBound ? "≥ " : ""}${whole(median)}${spread}`;
  return trouble === "" ? rate : `${rate}, ${trouble}`;
}

/** What a rate must not hide. */
function troubleOf({ deaths, lost, started, rounds }: CellSummary): string {
  const parts = [];
  if (deaths > 0) parts.push(rounds === 1 ? "died" : `died in ${deaths} of ${rounds} rounds`);
  if (lost > 0) parts.push(`${whole(lost)} of ${whole(started)} files lost`);
  return parts.join(", ");
}

const detailColumns = [
  ...["server", ...cellColumns, "files/s", "MB/s", "p50 ms", "p99 ms"],
  ...["files", "lost", "repeated", "generator %", "queue"],
];

function detailsOf({ contenders }: TftpBenchResult): readonly string[] {
  const rows = contenders.flatMap(({ name, cells }) =>
    cells.flatMap((result) => {
      const summary = cellSummaryOf(result);
      return summary === undefined ? [] : [[name, ...detailOf(result.cell, summary)]];
    }),
  );
  const alignment = detailColumns.map((_, index) => (index === 0 ? "---" : "---:"));
  return [line(detailColumns), line(alignment), ...rows.map(line)];
}

function detailOf(cell: Cell, summary: CellSummary): readonly string[] {
  return [
    ...textsOf(cell),
    whole(summary.median),
    ((summary.median * cell.fileBytes) / 1e6).toFixed(1),
    summary.latencyMsP50.toFixed(1),
    summary.latencyMsP99.toFixed(1),
    whole(summary.started),
    whole(summary.lost),
    whole(summary.retransmissions),
    summary.generatorCpuPercent.toFixed(0),
    summary.generatorQueueShare.toFixed(2),
  ];
}

function notesOf(result: TftpBenchResult): readonly string[] {
  const { method, contenders, environment, cutShort } = result;
  const { times, processors } = method;
  const places =
    processors === undefined
      ? "The server and the generator share all processors"
      : "The server has one processor and the generator another one";
  const notes = [
    "Files a second: closed loop, each device fetches its file and then another device begins; " +
      `${times.measureMs / 1000} s a load or a whole turn of all devices, median (lowest–highest) of the rounds, ` +
      `servers taking turns. ${method.filesPerSize} files of each size; every one checked by length and hash. ` +
      "Lost: given up by its device after 5 s without an answer, refused, or not right; " +
      "repeated: requests and acknowledgements that were sent again.",
    "Blocks of 512 are RFC 1350 without options; with others the device asks for `blksize` and `tsize`. No windows.",
    `${places}; ${method.network}. Queue: the share of the downloads whose next packet lay waiting for the ` +
      "generator; ≥: the generator was the limit there.",
    ...contenders.map(({ name, settings }) => `${name}: ${settings}.`),
    `${environment.cpu}, ${environment.cores} cores, Linux ${environment.kernel}, Node ${environment.node}, ` +
      `commit ${environment.commit}, seed ${method.seed}.`,
  ];
  for (const { name, missing, cells } of contenders) {
    if (missing !== undefined) notes.push(`${name}: ${shortened(missing)}.`);
    const deaths = cells.flatMap((cell) => cell.deaths);
    for (const death of new Set(deaths)) notes.push(`${shortened(death)}.`);
  }
  if (cutShort !== undefined) notes.push(`Cut short: ${cutShort}.`);
  return notes;
}

const NOTE_CHARACTERS_MAX = 300;

/** What a program said of itself must not break the list. */
function shortened(text: string): string {
  return text.replace(/\s+/g, " ").slice(0, NOTE_CHARACTERS_MAX);
}

function textsOf({ fileBytes, blockBytes, atOnce }: Cell): readonly string[] {
  return [`${fileBytes / 1024} KiB`, String(blockBytes), whole(atOnce)];
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

function line(cells: readonly string[]): string {
  const safe = cells.map((cell) => cell.replace(/\s+/g, " ").replaceAll("|", "\\|"));
  return `| ${safe.join(" | ")} |`;
}
