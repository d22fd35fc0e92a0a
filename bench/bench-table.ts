import {
  type BenchResult,
  type ContenderResult,
  doraSummaryOf,
  isLowerBound,
} from "./bench-result.ts";

/** The result as a Markdown table with the method below it. Ratios are to the first contender. */
export function benchTable(result: BenchResult): string {
  const hasRenewals = result.contenders.some(({ renewals }) => renewals !== undefined);
  const columns = ["server", "version", "durability", "generator", "DORA/s", "spread", "ratio"];
  if (hasRenewals) columns.push("renewals/s", "ratio");
  const first = result.contenders[0];
  const rows = result.contenders.map((contender) => rowOf(result, contender, first, hasRenewals));
  return [
    line(columns),
    line(columns.map((_, index) => (index < TEXT_COLUMNS ? "---" : "---:"))),
    ...rows.map(line),
    "",
    ...notesOf(result),
    "",
  ].join("\n");
}

const TEXT_COLUMNS = 4;

function rowOf(
  { method }: BenchResult,
  contender: ContenderResult,
  first: ContenderResult | undefined,
  hasRenewals: boolean,
): readonly string[] {
  const { name, version, durability, missing, renewals } = contender;
  const dora = doraSummaryOf(contender);
  const firstDora = first === undefined ? undefined : doraSummaryOf(first);
  const cells = [name, version, durability, method.generator];
  if (dora === undefined) cells.push(summaryOf(missing ?? "not measured"), "", "");
  else {
    const spread = dora.rounds > 1 ? `${rate(dora.lowest)}–${rate(dora.highest)}` : "one round";
    cells.push(
      bounded(dora.median, dora.isLowerBound),
      spread,
      ratio(dora.median, firstDora?.median),
    );
  }
  if (!hasRenewals) return cells;
  if (renewals === undefined) return [...cells, "", ""];
  const maximum = renewals.maximumPerSecond ?? 0;
  return [
    ...cells,
    bounded(maximum, isLowerBound(renewals)),
    ratio(maximum, first?.renewals?.maximumPerSecond),
  ];
}

function notesOf({ method, contenders, environment, cutShort }: BenchResult): readonly string[] {
  const { trial, processors } = method;
  const places =
    processors === undefined
      ? "The server and the generator share all processors"
      : "The server has one processor and the generator another one";
  const notes = [
    `DORA/s is the highest offered rate with at most ${100 * trial.unansweredShareMax} % of the ` +
      `transactions not complete within ${trial.answerMsMax / 1000} s of their intended start, open loop, ` +
      `${trial.measureMs / 1000} s a trial; median and spread over the rounds, servers taking turns. ` +
      "The ratio is to the first row. ≥: the generator was the limit there.",
    `${places}; ${method.network}. ${rate(method.devices)} devices in ${method.networks} networks ` +
      "come back after a power cut: some of them with a lease that still runs. Every ACK is written to the lease file.",
    ...contenders.map(({ name, settings }) => `${name}: ${settings}.`),
    `${environment.cpu}, ${environment.cores} cores, Linux ${environment.kernel}, Node ${environment.node}, ` +
      `commit ${environment.commit}, seed ${method.seed}.`,
  ];
  for (const { name, dora, missing } of contenders) {
    if (missing !== undefined && missing !== summaryOf(missing)) {
      notes.push(`${name}: ${missing.replace(/\s+/g, " ").slice(0, NOTE_CHARACTERS_MAX)}`);
    }
    const violations = dora.reduce((sum, search) => sum + search.violations, 0);
    if (violations > 0) {
      notes.push(`${name} broke a safety rule ${violations} times: see the JSON file.`);
    }
  }
  if (cutShort !== undefined) notes.push(`Cut short: ${cutShort}.`);
  return notes.map((note) => `- ${note}`);
}

const SUMMARY_CHARACTERS_MAX = 60;
const NOTE_CHARACTERS_MAX = 1000;

/** A reason that fits a cell; the whole one is a note. */
function summaryOf(reason: string): string {
  const isShort = reason.length <= SUMMARY_CHARACTERS_MAX && !reason.includes("\n");
  return isShort ? reason : "failed, see below";
}

function bounded(perSecond: number, isBound: boolean): string {
  return `${isBound ? "≥ " : ""}${rate(perSecond)}`;
}

function rate(perSecond: number): string {
  return Math.round(perSecond).toLocaleString("en-US");
}

function ratio(value: number, reference: number | undefined): string {
  if (reference === undefined || reference === 0) return "";
  const quotient = value / reference;
  return quotient >= 0.1 ? quotient.toFixed(2) : quotient.toFixed(3);
}

/** One row. What a program said of itself must not break the table. */
function line(cells: readonly string[]): string {
  const safe = cells.map((cell) => cell.replace(/\s+/g, " ").replaceAll("|", "\\|"));
  return `| ${safe.join(" | ")} |`;
}
