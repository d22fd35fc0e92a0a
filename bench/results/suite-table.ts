import { markdownTable } from "../../reports/text/markdown-table.ts";
import {
  type BenchResult,
  type Cell,
  type Column,
  type Row,
  type ServerResult,
  type SuiteResult,
  summaryOf,
} from "./bench-result.ts";

/** All suites in one text, under the machine that they ran on. */
export function benchText(result: BenchResult): string {
  const sections = result.suites.flatMap((suite) => [`## ${suite.title}`, "", suiteTable(suite)]);
  return [`${machineOf(result)}\n`, ...sections].join("\n");
}

/** What the figures of a run depend on besides the programs. */
export function machineOf({ environment, method, startedAt }: BenchResult): string {
  const { cpu, cores, memoryMiB, kernel, node, commit } = environment;
  const places =
    method.processors === undefined
      ? "the servers and the generator share all processors"
      : "a server has one processor and the generator another one";
  return (
    `${cpu}, ${cores} cores, ${Math.round(memoryMiB / 1024)} GiB, Linux ${kernel}, Node ${node}, ` +
    `commit ${commit}, ${startedAt.slice(0, 10)}, seed ${method.seed}; ${method.network}; ${places}.`
  );
}

/**
 * One suite as a Markdown table with its method below. A figure is the median of the rounds with the
 * lowest and the highest, unless its column says otherwise; a ratio is the first server's median divided by
 * the row's, for the same subject.
 */
export function suiteTable(suite: SuiteResult): string {
  const { columns, servers, rows, generator } = suite;
  const hasSubjects = rows.some(({ subject }) => subject !== "");
  const hasDurability = servers.some(({ durability }) => durability !== "");
  const heads = [
    ...["server", "version", ...(hasDurability ? ["durability"] : [])],
    ...[...(generator === "" ? [] : ["generator"]), ...(hasSubjects ? ["load"] : [])],
  ];
  const figures = columns.flatMap(({ title, hasRatio }) => [
    title,
    ...(hasRatio && servers.length > 1 ? [`${servers[0].name} ÷ it`] : []),
  ]);
  const table = servers.flatMap((server) => {
    const own = rows.filter((row) => row.server === server.id);
    const shown = own.length > 0 ? own : [emptyRow(server)];
    return shown.map((row) => [
      ...[server.name, server.version, ...(hasDurability ? [server.durability] : [])],
      ...[...(generator === "" ? [] : [generator]), ...(hasSubjects ? [row.subject] : [])],
      ...columns.flatMap((column, index) => cellsOf(suite, row, column, index === 0)),
    ]);
  });
  const head = [
    ...heads.map((each) => [each, "left"] as const),
    ...figures.map((each) => [each, "right"] as const),
  ];
  const notes = notesOf(suite).map((note) => `- ${note.replace(/\s+/g, " ")}\n`);
  return `${markdownTable(head, table)}\n${notes.join("")}`;
}

function emptyRow({ id, missing }: ServerResult): Row {
  return { server: id, subject: "", cells: {}, reason: missing ?? "not measured" };
}

function cellsOf(
  { servers, rows }: SuiteResult,
  row: Row,
  column: Column,
  takesReason: boolean,
): readonly string[] {
  const cell = row.cells[column.id];
  const text = figureOf(column, cell);
  const shown = text === "" && takesReason ? briefly(row.reason ?? "") : text;
  if (!column.hasRatio || servers.length < 2) return [shown];
  const first = rows.find(
    ({ server, subject }) => server === servers[0].id && subject === row.subject,
  );
  return [shown, first === undefined ? "" : ratioOf(column, first.cells[column.id], cell)];
}

function figureOf(column: Column, cell: Cell | undefined): string {
  const summary = summaryOf(cell);
  if (cell === undefined || summary === undefined) return "";
  const number = (value: number): string => numberText(value, column.digits);
  if (column.summary === "most") return number(summary.highest);
  if (column.summary === "sum") return number(cell.values.reduce((sum, value) => sum + value, 0));
  const { median, lowest, highest } = summary;
  const spread = cell.values.length > 1 ? ` (${number(lowest)}–${number(highest)})` : "";
  return `${boundOf(column, cell)}${number(median)}${spread}`;
}

/** A figure that the generator limited says how good the server is at least. */
function boundOf({ better }: Column, { isBound }: Cell): string {
  if (!isBound) return "";
  return better === "more" ? "≥ " : "≤ ";
}

function ratioOf(column: Column, first: Cell | undefined, cell: Cell | undefined): string {
  const above = summaryOf(first)?.median;
  const below = summaryOf(cell)?.median;
  if (first === undefined || cell === undefined || above === undefined || !below) return "";
  const quotient = above / below;
  const text = quotient >= 10 ? quotient.toFixed(1) : quotient.toFixed(2);
  if (first === cell) return text;
  // Two bounds leave the quotient open.
  if (first.isBound && cell.isBound) return "";
  if (!first.isBound && !cell.isBound) return text;
  const isAtLeast = first.isBound === (column.better === "more");
  return `${isAtLeast ? "≥ " : "≤ "}${text}`;
}

function notesOf(suite: SuiteResult): readonly string[] {
  const { method, servers, rows, cutShort } = suite;
  const notes = [...method, ...servers.map(({ name, settings }) => `${name}: ${settings}.`)];
  if (rows.some(({ cells }) => Object.values(cells).some(({ isBound }) => isBound))) {
    notes.push("≥ and ≤: the generator was the limit there.");
  }
  for (const { id, name, missing, violations } of servers) {
    const hasRows = rows.some(({ server }) => server === id);
    if (missing !== undefined && (hasRows || briefly(missing) !== missing)) {
      notes.push(`${name}: ${missing.slice(0, NOTE_CHARACTERS_MAX)}`);
    }
    if (violations > 0) notes.push(`${name} broke a safety rule ${violations} times.`);
  }
  for (const { server, subject, cells, reason } of rows) {
    if (reason === undefined) continue;
    const isShown = cells[suite.columns[0].id] === undefined && briefly(reason) === reason;
    const name = servers.find(({ id }) => id === server)?.name;
    const of = subject === "" ? name : `${name}, ${subject}`;
    if (!isShown) notes.push(`${of}: ${reason.slice(0, NOTE_CHARACTERS_MAX)}`);
  }
  if (cutShort !== undefined) notes.push(`Cut short: ${cutShort}.`);
  return notes;
}

const CELL_CHARACTERS_MAX = 60;
const NOTE_CHARACTERS_MAX = 1000;

/** A reason that fits a cell; the whole one is a note. */
function briefly(reason: string): string {
  const isShort = reason.length <= CELL_CHARACTERS_MAX && !reason.includes("\n");
  return isShort ? reason : "failed, see below";
}

function numberText(value: number, digits: number): string {
  return value.toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}
