import { formatCount, formatSpan } from "../text/format.ts";
import { hanging } from "../text/text-lines.ts";
import type { OnlineMs, OutageCell, OutageResult } from "./outage-result.ts";

/** A grid in 80 columns, a row for each TFTP limit and a column for each pace of the CMTSs. */
export function renderOutageText(result: OutageResult, files: readonly string[]): string {
  const { head, rows } = gridOf(result);
  const line = (cells: readonly string[]): string =>
    cells.map((cell, index) => (index === 0 ? cell.padEnd(14) : cell.padStart(14))).join(" ");
  const lines = [
    "",
    ...hanging(titleOf(result), 2),
    ...hanging(`  ${aboutOf(result)}`, 2),
    "",
    line(head),
    ...rows.map(line),
    ...measuredLines(result),
    ...(files.length > 0 ? ["", ...hanging(`wrote          ${files.join(" ")}`)] : []),
  ];
  return `${lines.map((each) => each.trimEnd()).join("\n")}\n`;
}

/** The same for a pull request. */
export function renderOutageMarkdown(result: OutageResult): string {
  const { head, rows } = gridOf(result);
  const align = head.map((_, index) => (index === 0 ? ":--" : "--:"));
  const grid = [head, align, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  const measured = measuredLines(result).filter((line) => line !== "");
  return `${[
    `## ${titleOf(result)}`,
    aboutOf(result),
    grid,
    ...(measured.length === 0 ? [] : [measured.map((line) => `- ${line.trim()}`).join("\n")]),
    `\`${result.command.replaceAll("`", "'")}\``,
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
  const head = [
    "TFTP sessions",
    ...paces.map((pace) => (pace === null ? "no CMTS limit" : `${pace}/s a CMTS`)),
  ];
  const rows = limits.map((limit) => [
    formatCount(limit),
    ...paces.map((pace) => {
      const cell = cells.find(
        ({ tftpSessionsMax, rangingPerSecond }) =>
          tftpSessionsMax === limit && rangingPerSecond === pace,
      );
      return cell === undefined ? "" : spanOf(cell.predicted[99]);
    }),
  ]);
  return { head, rows };
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
  return lines.length === 0 ? [] : ["", "50, 90 and 99 % on line", ...lines.flatMap(indented)];
}

function indented(line: string): readonly string[] {
  return hanging(line, 2);
}

function nameOf({ tftpSessionsMax, rangingPerSecond }: OutageCell): string {
  const pace = rangingPerSecond === null ? "no CMTS limit" : `${rangingPerSecond}/s a CMTS`;
  return `${formatCount(tftpSessionsMax)} sessions, ${pace}`;
}

function spansOf(online: OnlineMs): string {
  return ([50, 90, 99] as const).map((share) => spanOf(online[share])).join(", ");
}

function spanOf(ms: number | null): string {
  return ms === null ? "not in time" : formatSpan(ms);
}
