import { formatCount, formatSpan } from "../text/format.ts";
import { markdownCommand, markdownList, markdownTable } from "../text/markdown.ts";
import { hanging, row, textOf } from "../text/text-lines.ts";
import type { OnlineMs, OutageCell, OutageResult } from "./outage-result.ts";

/** A grid in 80 columns, a row for each TFTP limit and a column for each pace of the CMTSs. */
export function renderOutageText(result: OutageResult, files: readonly string[]): string {
  const { head, rows } = gridOf(result);
  const widths = head.map((_, column) => (column === 0 ? -14 : 14));
  const measured = measuredLines(result);
  const lines = [
    "",
    ...hanging(titleOf(result), 2),
    ...hanging(`  ${aboutOf(result)}`, 2),
    "",
    ...[head, ...rows].map((cells) => row(cells, widths)),
    ...(measured.length === 0 ? [] : ["", ...measured]),
  ];
  return textOf(lines, files);
}

/** The same as GitHub-flavoured Markdown. */
export function renderOutageMarkdown(result: OutageResult): string {
  const { head, rows } = gridOf(result);
  return `${[
    `## ${titleOf(result)}`,
    aboutOf(result),
    markdownTable(head, rows),
    ...markdownList(measuredLines(result).map((line) => line.trim())),
    markdownCommand(result.command),
  ].join("\n\n")}\n`;
}

function titleOf({ devices }: OutageResult): string {
  return `${formatCount(devices)} devices after a power cut: time to 99 % on line`;
}

function aboutOf({ withinMs, roundTripMs, scenario }: OutageResult): string {
  const transfers =
    roundTripMs === 0
      ? "a transfer takes no time there, so the TFTP limit says nothing (--round-trip)"
      : "each packet of a transfer waits for it";
  return `Predicted, ${scenario.name}: power within ${formatSpan(withinMs)}, a round trip of ${formatSpan(roundTripMs)} (${transfers}).`;
}

function gridOf({ cells }: OutageResult) {
  const limits = [...new Set(cells.map(({ tftpSessionsMax }) => tftpSessionsMax))];
  const paces = [...new Set(cells.map(({ rangingPerSecond }) => rangingPerSecond))];
  const cellOf = (limit: number, pace: number | null): string => {
    const cell = cells.find(
      ({ tftpSessionsMax, rangingPerSecond }) =>
        tftpSessionsMax === limit && rangingPerSecond === pace,
    );
    return cell === undefined ? "" : spanOf(cell.predicted[99]);
  };
  return {
    head: ["TFTP sessions", ...paces.map(paceOf)],
    rows: limits.map((limit) => [formatCount(limit), ...paces.map((pace) => cellOf(limit, pace))]),
  };
}

function measuredLines({ cells }: OutageResult): readonly string[] {
  const lines = cells.flatMap((cell) => {
    const { measured, predicted, problems = [] } = cell;
    if (measured === undefined) return [];
    return [
      `${nameOf(cell)}: predicted ${spansOf(predicted)}; measured ${spansOf(measured)}`,
      ...problems.map((problem) => `  says nothing of the servers: ${problem}`),
    ];
  });
  if (lines.length === 0) return [];
  return ["50, 90 and 99 % on line", ...lines.flatMap((line) => hanging(line, 2))];
}

function nameOf({ tftpSessionsMax, rangingPerSecond }: OutageCell): string {
  return `${formatCount(tftpSessionsMax)} sessions, ${paceOf(rangingPerSecond)}`;
}

function paceOf(rangingPerSecond: number | null): string {
  return rangingPerSecond === null ? "no CMTS limit" : `${rangingPerSecond}/s a CMTS`;
}

function spansOf(online: OnlineMs): string {
  return ([50, 90, 99] as const).map((share) => spanOf(online[share])).join(", ");
}

function spanOf(ms: number | null): string {
  return ms === null ? "not in time" : formatSpan(ms);
}
