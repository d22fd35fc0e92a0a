import { type BootTotals, bootTotalsOf, totalOf } from "../result/boot-totals.ts";
import type { Distribution } from "../result/distribution.ts";
import type { DownloadsResult, RunResult } from "../result/run-result.ts";
import {
  cut,
  formatBytes,
  formatCount,
  type Percentile,
  percentileCells,
  percentileName,
} from "./format.ts";
import { slowStepLines } from "./slow-step-lines.ts";
import { labelled, row } from "./text-lines.ts";

/** How many kinds of failure the terminal shows; the page has them all. */
const FAILURES_SHOWN = 5;
const SPAN_WIDTHS = [-15, 10, 13, 13, 13, 13];
const FAILURE_WIDTHS = [-50, 14, 13];
const percentiles: readonly Percentile[] = ["p50", "p90", "p99", "p999"];

/**
 * The summary's lines on boots, in 80 columns: time to bound, time to on line by kind, the failures and
 * the files. Undefined for a run in which nothing booted.
 */
export function bootSummary(result: RunResult): string[] | undefined {
  const totals = bootTotalsOf(result);
  if (totals === undefined) return undefined;
  return [
    ...spanLines(result),
    ...slowStepLines(result).flatMap((line) => labelled("slowest step", line)),
    "",
    ...failureLines(totals, unfinishedBoots(result)),
    "",
    ...fileLines(totals.downloads),
  ];
}

function spanLines({ timeToBoundMs, timeToOnlineMs = {} }: RunResult): string[] {
  const { all, ...kinds } = timeToOnlineMs;
  return [
    row(["", "times", ...percentiles.map(percentileName)], SPAN_WIDTHS, ""),
    spanLine("time to bound", timeToBoundMs["all"]),
    spanLine("time to online", all),
    ...Object.entries(kinds).map(([kind, spans]) => spanLine(`  ${kind}`, spans)),
  ];
}

function spanLine(name: string, spans: Distribution | undefined): string {
  const cells = [formatCount(spans?.count ?? 0), ...percentileCells(spans, percentiles)];
  return row([name, ...cells], SPAN_WIDTHS, "");
}

/** Boots that were still under way when their phase ended. */
function unfinishedBoots({ phases }: RunResult): number {
  const boots = phases
    .flatMap(({ streams }) => streams)
    .filter(({ exchange }) => exchange === "boot");
  return boots.reduce((sum, { sent, completed }) => sum + sent - completed, 0);
}

function failureLines(
  { failures, devicesGivenUp, bootsFailed }: BootTotals,
  unfinished: number,
): string[] {
  if (failures.length === 0) {
    const end = "none: every boot came to its end";
    const open = `${formatCount(unfinished)} boots did not come to their end, and none failed before`;
    return labelled("failures", unfinished === 0 ? end : open);
  }
  const shown = failures.slice(0, FAILURES_SHOWN);
  const rest = failures.length - shown.length;
  return [
    failureLine("failures", "gave up", "tried again"),
    failureLine("  all", formatCount(devicesGivenUp), formatCount(bootsFailed)),
    ...shown.map(({ kind, step, problem, boots, devices }) =>
      failureLine(`  ${kind} ${step} ${problem}`, formatCount(devices), formatCount(boots)),
    ),
    ...(rest === 0 ? [] : [`  and ${rest} more, in the report`]),
  ];
}

function failureLine(what: string, devices: string, boots: string): string {
  return row([cut(what, -FAILURE_WIDTHS[0]), devices, boots], FAILURE_WIDTHS, "");
}

function fileLines(downloads: DownloadsResult): string[] {
  const { files, bytes, verified, contentsChecked, fromSecondary } = downloads;
  if (files === 0) return [];
  const failed = totalOf(downloads.failedAttempts);
  const again = totalOf(downloads.retransmissions);
  return [
    `${formatCount(verified)} of ${formatCount(files)} verified by hash, ${formatCount(contentsChecked)} by contents`,
    `${formatBytes(bytes)}, ${formatCount(fromSecondary)} from a secondary server, ${formatCount(failed)} failed attempts`,
    `${formatCount(again)} datagrams sent again`,
  ].flatMap((line, index) => labelled(index === 0 ? "files" : "", line));
}
