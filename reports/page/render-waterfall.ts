import { stateColour } from "../result/boot-states.ts";
import type { Distribution } from "../result/distribution.ts";
import type { BootResult, BootStepResult } from "../result/run-result.ts";
import { formatCount, formatSpan } from "../text/format.ts";
import { escapeHtml } from "./html.ts";

interface Bar {
  readonly name: string;
  readonly startMs: number;
  readonly durationMs: Distribution;
  readonly passedOver: number;
  readonly isTotal: boolean;
}

/**
 * The steps of each kind of device as bars on one scale of time, from the mean start of a step to its
 * mean end, with figures beside them. "" when nothing came to the end of a step.
 */
export function waterfall(boot: BootResult): string {
  const kinds = [...new Set(boot.steps.map(({ kind }) => kind))];
  const groups = kinds.map((kind) => ({ kind, bars: barsOf(kind, boot) }));
  const bars = groups.flatMap((group) => group.bars);
  if (bars.length === 0) return "";
  const axis = axisOf(Math.max(...bars.map(endMs)));
  const hasPassedOver = bars.some(({ passedOver }) => passedOver > 0);
  const body = groups
    .map((group) => kindRows(group.kind, group.bars, axis, hasPassedOver))
    .join("\n");
  const ticks = axis.ticksMs
    .map((ms) => `<i style="left:${share(ms, axis)}%">${tickText(ms, axis)}</i>`)
    .join("");
  return `<div class="wide"><table class="waterfall" style="--tick:${share(axis.stepMs, axis)}%">
<tr><th>step</th><th class="axis"><div>${ticks}</div></th><th>boots</th><th>p50</th><th>p99</th><th>max</th>${
    hasPassedOver ? "<th>passed over</th>" : ""
  }</tr>
${body}
</table></div>
<p class="note">A bar runs from the mean start of the step to its mean end, counted from the intended power-on, over the boots that came to its end. Time between bars went into boots that failed before.</p>`;
}

/** The steps, then their sum: the time to on line. */
function barsOf(kind: string, boot: BootResult): Bar[] {
  const steps = boot.steps
    .filter((step) => step.kind === kind && step.durationMs.count > 0)
    .map(stepBar);
  const total = boot.timeToOnlineMs[kind];
  if (total === undefined || total.count === 0) return steps;
  return [
    ...steps,
    { name: "on line", startMs: 0, durationMs: total, passedOver: 0, isTotal: true },
  ];
}

function stepBar({ step, startMeanMs, durationMs, passedOver }: BootStepResult): Bar {
  return { name: step, startMs: startMeanMs, durationMs, passedOver, isTotal: false };
}

function endMs({ startMs, durationMs }: Bar): number {
  return startMs + durationMs.mean;
}

function kindRows(kind: string, bars: readonly Bar[], axis: Axis, hasPassedOver: boolean): string {
  const columns = hasPassedOver ? 7 : 6;
  const rows = bars.map((bar) => barRow(bar, axis, hasPassedOver)).join("\n");
  return `<tbody><tr class="kind"><th colspan="${columns}">${escapeHtml(kind)}</th></tr>
${rows}</tbody>`;
}

function barRow(bar: Bar, axis: Axis, hasPassedOver: boolean): string {
  const { count, p50, p99, max } = bar.durationMs;
  const figures = [formatCount(count), ...[p50, p99, max].map(formatSpan)];
  if (hasPassedOver) figures.push(bar.passedOver === 0 ? "" : formatCount(bar.passedOver));
  const colour = bar.isTotal ? "--s-online" : stateColour(bar.name);
  const place = `left:${share(bar.startMs, axis)}%;width:${share(bar.durationMs.mean, axis)}%`;
  const span = `from ${formatSpan(bar.startMs)} to ${formatSpan(endMs(bar))}`;
  return `<tr${bar.isTotal ? ' class="total"' : ""}><td>${escapeHtml(bar.name)}</td><td class="track"><div><i title="${span}" style="${place};background:var(${colour})"></i></div></td>${figures
    .map((figure) => `<td>${figure}</td>`)
    .join("")}</tr>`;
}

interface Axis {
  readonly endMs: number;
  readonly stepMs: number;
  readonly ticksMs: readonly number[];
}

const TICKS_MAX = 6;
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const stepsBelowAMinute = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000];
const stepsInMinutes = [0.5, 1, 2, 5, 10, 20, 30, 60];
const stepsMs = [...stepsBelowAMinute, ...stepsInMinutes.map((minutes) => minutes * MINUTE_MS)];

function axisOf(lastMs: number): Axis {
  const stepMs = stepsMs.find((step) => lastMs / step <= TICKS_MAX) ?? stepsMs.at(-1)!;
  const ticks = Math.floor(lastMs / stepMs);
  // A gap between the last bar and the figures beside it.
  const end = Math.max(lastMs * 1.02, stepMs);
  return {
    endMs: end,
    stepMs,
    ticksMs: Array.from({ length: Math.min(ticks, 100) + 1 }, (_, index) => index * stepMs),
  };
}

function tickText(ms: number, { stepMs }: Axis): string {
  if (ms === 0) return "0";
  if (stepMs < SECOND_MS) return `${ms} ms`;
  return stepMs >= MINUTE_MS / 2 ? `${ms / MINUTE_MS} min` : `${ms / SECOND_MS} s`;
}

/** Percent of the axis, with the digits that a screen can show. */
function share(ms: number, axis: Axis): number {
  return Math.round((ms / axis.endMs) * 10_000) / 100;
}
