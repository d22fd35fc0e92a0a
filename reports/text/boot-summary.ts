import { type BootTotals, bootTotalsOf, totalOf } from "../result/boot-totals.ts";
import type { Distribution, DownloadsResult, RunResult } from "../result/run-result.ts";
import { cut, formatBytes, formatCount, formatSpan } from "./format.ts";

/** Of the kinds of failure that the terminal shows; the page has them all. */
const FAILURES_SHOWN = 5;
const LABEL_WIDTH = 15;
const WHAT_WIDTH = 50;

/**
 * The summary's lines on boots, in 80 columns: time to on line by kind below time to bound, what kept
 * devices from it, and the files. Undefined for a run in which nothing booted.
 */
export function bootSummary(result: RunResult): string[] | undefined {
  const totals = bootTotalsOf(result);
  if (totals === undefined) return undefined;
  return [...spanLines(result), "", ...failureLines(totals), "", ...fileLines(totals.downloads)];
}

function spanLines({ timeToBoundMs, timeToOnlineMs = {} }: RunResult): string[] {
  const { all, ...kinds } = timeToOnlineMs;
  return [
    spanLine("", "times", ["p50", "p90", "p99", "p99.9"]),
    distributionLine("time to bound", timeToBoundMs["all"]),
    distributionLine("time to online", all),
    ...Object.entries(kinds).map(([kind, spans]) => distributionLine(`  ${kind}`, spans)),
  ];
}

function distributionLine(name: string, spans: Distribution | undefined): string {
  if (spans === undefined || spans.count === 0) return spanLine(name, "0", ["-", "-", "-", "-"]);
  const { count, p50, p90, p99, p999 } = spans;
  return spanLine(name, formatCount(count), [p50, p90, p99, p999].map(formatSpan));
}

function spanLine(name: string, count: string, spans: readonly string[]): string {
  return `${name.padEnd(LABEL_WIDTH)}${count.padStart(10)}${spans.map((span) => span.padStart(13)).join("")}`;
}

function failureLines({ failures, devicesGivenUp, bootsFailed }: BootTotals): string[] {
  if (failures.length === 0) return [labelled("failures", "none: every boot came to its end")];
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
  return `${cut(what, WHAT_WIDTH).padEnd(WHAT_WIDTH)}${devices.padStart(14)}${boots.padStart(13)}`;
}

function fileLines(downloads: DownloadsResult): string[] {
  const { files, bytes, verified, contentsChecked, fromSecondary } = downloads;
  if (files === 0) return [];
  const failed = totalOf(downloads.failedAttempts);
  const again = totalOf(downloads.retransmissions);
  return [
    labelled(
      "files",
      `${formatCount(verified)} of ${formatCount(files)} verified by hash, ${formatCount(contentsChecked)} by contents`,
    ),
    labelled(
      "",
      `${formatBytes(bytes)}, ${formatCount(fromSecondary)} from a secondary server, ${formatCount(failed)} failed attempts`,
    ),
    labelled("", `${formatCount(again)} datagrams sent again`),
  ];
}

function labelled(label: string, text: string): string {
  return `${label.padEnd(LABEL_WIDTH)}${text}`;
}
