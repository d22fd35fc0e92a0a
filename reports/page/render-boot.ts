import { problemWords } from "../result/boot-problems.ts";
import { mergeFailures, totalOf } from "../result/boot-totals.ts";
import type {
  BootFailureResult,
  BootResult,
  DownloadsResult,
  PhaseResult,
  RunResult,
} from "../result/run-result.ts";
import { formatBytes, formatCount, formatSpan } from "../text/format.ts";
import { escapeHtml, factTable, note, table } from "./html.ts";
import { spansTable } from "./render-tables.ts";
import { waterfall } from "./render-waterfall.ts";

/** The page's sections on boots and downloads; "" for a run that has none. */
export function bootSections(result: RunResult): string {
  const { timeToOnlineMs = {}, population, phases } = result;
  const overall =
    Object.keys(timeToOnlineMs).length === 0
      ? ""
      : `<h2>Time to on line, by kind of device</h2>
${spansTable(timeToOnlineMs, "times on line", population)}
${note("From the intended power-on, failed boots in between included. Devices that gave up are in none of these figures.")}
`;
  return `${overall}${phases.map(phaseSection).join("")}`;
}

function phaseSection({ name, streams, boot }: PhaseResult): string {
  if (boot === undefined) return "";
  const isBooting = boot.steps.length > 0 || streams.some(({ exchange }) => exchange === "boot");
  const title = isBooting ? "the way to on line" : "downloads of devices on line";
  return `<h2>Phase ${escapeHtml(name)}: ${title}</h2>
${isBooting ? `${onlineNote(boot)}${waterfall(boot)}` : ""}
<h3>Where devices failed, and why</h3>
${failureTable(boot.failures)}
<h3>Downloads</h3>
${downloadTable(boot.downloads)}
`;
}

const shares = { "50 %": "p50", "90 %": "p90", "99 %": "p99", "99.9 %": "p999" } as const;

function onlineNote({ onlineAfterMs: spans }: BootResult): string {
  if (spans.count === 0) return `${note("No device came on line in this phase.")}\n`;
  const after = Object.entries(shares).map(
    ([share, percentile]) => `${share} after ${formatSpan(spans[percentile])}`,
  );
  return `<p class="lead">From the start of the phase, of the ${formatCount(spans.count)} that came on line: ${after.join(", ")}, the last after ${formatSpan(spans.max)}.</p>\n`;
}

function failureTable(failures: readonly BootFailureResult[]): string {
  if (failures.length === 0) return note("No boot and no download failed.");
  const rows = mergeFailures(failures).map(({ kind, step, problem, boots, devices }) => [
    escapeHtml(kind),
    `<span class="left">${escapeHtml(step)}</span>`,
    escapeHtml(problem),
    escapeHtml(problemWords(problem)),
    formatCount(boots),
    devices === 0 ? "0" : `<span class="bad">${formatCount(devices)}</span>`,
  ]);
  const head = ["kind", "step", "problem", "in words", "tried again", "gave up"];
  return `<div class="words">${table(head, rows)}</div>`;
}

function downloadTable(downloads: DownloadsResult): string {
  const { files, bytes, verified, contentsChecked, fromSecondary } = downloads;
  const { failedAttempts, retransmissions } = downloads;
  return `<div class="downloads">${factTable([
    ["files", `${formatCount(files)}, ${formatBytes(bytes)}`],
    ["verified", `${formatCount(verified)} by length and hash`],
    ["contents checked", `${formatCount(contentsChecked)} by their MICs or their format`],
    ["from a secondary server", formatCount(fromSecondary)],
    ["failed attempts at one server", countsText(failedAttempts)],
    ["datagrams sent again", countsText(retransmissions)],
  ])}</div>`;
}

/** The sum, then its parts, the largest first. */
function countsText(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ${formatCount(count)}`);
  return parts.length === 0 ? "0" : `${formatCount(totalOf(counts))}: ${parts.join(", ")}`;
}
