import type { PairSide } from "../../scenarios/language/pair-event.ts";
import type { FailoverEventResult, FailoverResult, RoleChange } from "../result/failover-result.ts";
import { formatCount, formatSpan } from "../text/format.ts";
import { escapeHtml, note } from "./html.ts";

const colourOfNode: Readonly<Record<PairSide, string>> = { a: "--c1", b: "--c2" };
const OTHERS_COLOUR = "--c6";
const colourOfRole: Readonly<Record<string, string>> = {
  standby: "--line",
  starting: "--line",
  claiming: "--invalid",
  demoting: "--invalid",
  failed: "--fail",
  down: "--fail",
};
/** Marks closer than this share of the width stand on different levels. */
const MARK_PERCENT = 3.5;
const LEVELS = 3;
const TICKS = 6;

/**
 * The run on one time axis: events as numbered marks, roles as one bar a node, and the stacked ACKs of
 * the servers. It works without a script, on paper and on a telephone.
 */
export function timeline(failover: FailoverResult, durationMs: number): string {
  const { acknowledged, events, nodes, roles } = failover;
  const chartMs = acknowledged.binMs * Math.max(0, ...acknowledged.servers.map(lengthOf));
  const endMs = Math.max(chartMs, 1, ...events.map(({ startedAtMs }) => startedAtMs));
  const percent = (ms: number): string =>
    ((100 * Math.min(Math.max(ms, 0), endMs)) / endMs).toFixed(2);
  const bars =
    roles.length === 0
      ? ""
      : nodes.map(({ node }) => roleBar(node, roles, endMs, percent)).join("\n");
  const peak = peakOf(acknowledged);
  const levels = levelsOf(events, endMs);
  return `<figure class="chart timeline" style="--levels:${1 + Math.max(0, ...levels)}">
<figcaption>Events${roles.length === 0 ? "" : ", roles"} and ACKs a second by server</figcaption>
<div class="tl-body">
${marks(events, levels, endMs, percent)}
${bars}
<div class="tl-area" role="img" aria-label="${escapeHtml(wordsOf(failover, peak))}"><span>${formatCount(peak)}/s</span>${area(failover, endMs, peak)}</div>
<div class="tl-axis">${axis(endMs, percent)}</div>
</div>
<p class="tl-legend">${legend(failover)}</p>
</figure>${durationMs > endMs + acknowledged.binMs ? note(`It ends with the last ACK, at ${formatSpan(endMs)}.`) : ""}`;
}

function lengthOf({ counts }: { readonly counts: readonly number[] }): number {
  return counts.length;
}

type Percent = (ms: number) => string;

function marks(
  events: readonly FailoverEventResult[],
  levels: readonly number[],
  endMs: number,
  percent: Percent,
): string {
  return events
    .map((event, index) => {
      const { startedAtMs, endedAtMs, interruption } = event;
      const title = escapeHtml(`${event.name}: ${event.text}, at ${formatSpan(startedAtMs)}`);
      const mark = `<b class="tl-mark" style="left:${percent(startedAtMs)}%;--level:${levels[index]}" title="${title}"><i>${index + 1}</i></b>`;
      const lasting =
        endedAtMs === undefined ? "" : stretch("tl-lasting", startedAtMs, endedAtMs, percent);
      const gap =
        interruption === null
          ? ""
          : stretch("tl-gap", interruption.fromMs, interruption.toMs ?? endMs, percent);
      return `${lasting}${gap}${mark}`;
    })
    .join("\n");
}

function stretch(name: string, fromMs: number, toMs: number, percent: Percent): string {
  return `<b class="${name}" style="${placeOf(fromMs, toMs, percent)}"></b>`;
}

function placeOf(fromMs: number, toMs: number, percent: Percent): string {
  const left = percent(fromMs);
  return `left:${left}%;width:${(Number(percent(toMs)) - Number(left)).toFixed(2)}%`;
}

/** The level of each event's number, chosen so that no number covers another. */
function levelsOf(events: readonly FailoverEventResult[], endMs: number): number[] {
  const levels: number[] = [];
  events.forEach(({ startedAtMs }, index) => {
    const before = events[index - 1];
    const isClose =
      before !== undefined && (100 * (startedAtMs - before.startedAtMs)) / endMs < MARK_PERCENT;
    levels.push(isClose ? (levels[index - 1] + 1) % LEVELS : 0);
  });
  return levels;
}

function roleBar(
  node: PairSide,
  roles: readonly RoleChange[],
  endMs: number,
  percent: Percent,
): string {
  const own = roles.filter((role) => role.node === node).toSorted((a, b) => a.atMs - b.atMs);
  const parts = own.map(({ atMs, role, epoch }, index) => {
    const place = placeOf(atMs, own[index + 1]?.atMs ?? endMs, percent);
    const colour = role === "active" ? colourOfNode[node] : (colourOfRole[role] ?? OTHERS_COLOUR);
    const title = escapeHtml(
      `node ${node} ${role}, epoch ${epoch}, from ${formatSpan(Math.max(0, atMs))}`,
    );
    const ink = colour === "--line" ? "--ink" : "--card";
    return `<i style="${place};background:var(${colour});color:var(${ink})" title="${title}">${escapeHtml(role)}</i>`;
  });
  return `<div class="tl-roles"><span>node ${node}</span>${parts.join("")}</div>`;
}

function nodeOf(server: string, { nodes }: FailoverResult): PairSide | undefined {
  return nodes.find((each) => each.server === server)?.node;
}

function colourOf(server: string, failover: FailoverResult): string {
  const node = nodeOf(server, failover);
  return node === undefined ? OTHERS_COLOUR : colourOfNode[node];
}

function peakOf({ binMs, servers }: FailoverResult["acknowledged"]): number {
  const bins = Math.max(0, ...servers.map(lengthOf));
  const sums = Array.from({ length: bins }, (_, bin) =>
    servers.reduce((sum, { counts }) => sum + (counts[bin] ?? 0), 0),
  );
  return (Math.max(0, ...sums) * 1000) / binMs;
}

/** Steps in a box of `bins` by 100, stretched to the page's width. */
function area(failover: FailoverResult, endMs: number, peak: number): string {
  const { binMs, servers } = failover.acknowledged;
  const bins = endMs / binMs;
  const scale = peak === 0 ? 0 : (100 * 1000) / binMs / peak;
  const floor = new Array<number>(Math.ceil(bins)).fill(0);
  const paths = servers.map(({ server, counts }) => {
    const base = [...floor];
    counts.forEach((count, bin) => {
      floor[bin] += count;
    });
    const y = (value: number): string => (100 - value * scale).toFixed(1);
    const used = counts.length;
    const top = Array.from({ length: used }, (_, bin) => `V${y(floor[bin])}H${bin + 1}`);
    const bottom = Array.from({ length: used }, (_, index) => {
      const bin = used - 1 - index;
      return `V${y(base[bin])}H${bin}`;
    });
    const path = `M0 100${top.join("")}${bottom.join("")}Z`;
    return `<path d="${path}" style="fill:var(${colourOf(server, failover)})"/>`;
  });
  return `<svg viewBox="0 0 ${bins} 100" preserveAspectRatio="none" aria-hidden="true">${paths.join("")}</svg>`;
}

function axis(endMs: number, percent: Percent): string {
  const stepMs = niceStepMs(endMs / TICKS);
  const ticks: string[] = [];
  for (let ms = 0; ms <= endMs * 0.97; ms += stepMs) {
    const label =
      stepMs < 1000 ? `${(ms / 1000).toFixed(1)} s` : formatSpan(ms).replace(".0 s", " s");
    ticks.push(`<i style="left:${percent(ms)}%">${ms === 0 ? "0" : label}</i>`);
  }
  return ticks.join("");
}

/** 1, 2 or 5 times a power of ten, or a round number of minutes. */
function niceStepMs(least: number): number {
  const steps = [100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000];
  return steps.find((step) => step >= least) ?? Math.ceil(least / 600_000) * 600_000;
}

function legend(failover: FailoverResult): string {
  const servers = failover.acknowledged.servers.map(({ server }) => {
    const node = nodeOf(server, failover);
    const name = node === undefined ? server : `${server} (node ${node})`;
    return `<span><i style="background:var(${colourOf(server, failover)})"></i>${escapeHtml(name)}</span>`;
  });
  return [...servers, `<span><i class="tl-gap-key"></i>no ACK</span>`].join(" ");
}

function wordsOf({ acknowledged, events }: FailoverResult, peak: number): string {
  const servers = acknowledged.servers.map(({ server, counts }) => {
    return `${server} ${formatCount(counts.reduce((sum, count) => sum + count, 0))}`;
  });
  const named = events.map(({ name, startedAtMs }) => `${name} at ${formatSpan(startedAtMs)}`);
  return `ACKs by server: ${servers.join(", ")}; at most ${formatCount(peak)} a second. Events: ${named.join(", ")}.`;
}
