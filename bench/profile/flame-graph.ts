import { escapeHtml } from "../../reports/page/html.ts";
import type { Call } from "./cpu-profile.ts";
import { eachCall, idleStage, type StageRule } from "./stages.ts";

export interface FlameGraphPage {
  readonly title: string;
  /** A sentence on what was measured, and how. */
  readonly about: string;
  readonly tree: Call;
  readonly rules: readonly StageRule[];
}

/** Narrower calls are left out: nobody sees them, and the page stays small. */
const shareMin = 0.001;
const rowPixels = 19;

/**
 * A page that opens anywhere: callers on top, widths are shares of the busy time, colours are stages. A
 * click makes a call as wide as the page; a click on the top row shows all again.
 */
export function flameGraph({ title, about, tree, rules }: FlameGraphPage): string {
  const boxes = boxesOf(withoutIdle(tree, rules), rules);
  const stages = [...new Set(boxes.map(({ stage }) => stage))];
  const colours = new Map(stages.map((stage, index) => [stage, hue(index, stages.length)]));
  const depth = Math.max(...boxes.map(({ row }) => row)) + 1;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(about)}</p>
<p>${stages.map((stage) => `<span class="key" style="--h:${colours.get(stage)}">${escapeHtml(stage)}</span>`).join(" ")}</p>
<div id="graph" style="height:${depth * rowPixels}px">
${boxes.map((box) => boxHtml(box, colours.get(box.stage)!)).join("\n")}
</div>
<p id="said" role="status">Click a call to widen it, the top row to see all.</p>
<script>${script}</script>
</body>
</html>
`;
}

interface Box {
  readonly call: Call;
  readonly stage: string;
  readonly row: number;
  /** Shares of the busy time, 0 to 1. */
  readonly left: number;
  readonly width: number;
}

/** The same tree, without what waits. */
function withoutIdle(tree: Call, rules: readonly StageRule[]): Call {
  const idle = new Set<Call>();
  eachCall(tree, rules, (call, stage) => {
    if (stage === idleStage) idle.add(call);
  });
  const copy = (call: Call): Call => {
    const children = call.children.filter((child) => !idle.has(child)).map(copy);
    const totalMicros = children.reduce((sum, child) => sum + child.totalMicros, call.selfMicros);
    return { ...call, totalMicros, children };
  };
  return copy(tree);
}

function boxesOf(tree: Call, rules: readonly StageRule[]): readonly Box[] {
  const stages = new Map<Call, string>();
  eachCall(tree, rules, (call, stage) => stages.set(call, stage));
  const boxes: Box[] = [];
  const place = (call: Call, row: number, left: number): void => {
    const width = call.totalMicros / tree.totalMicros;
    if (!(width >= shareMin)) return;
    boxes.push({ call, stage: stages.get(call)!, row, left, width });
    let at = left;
    for (const child of call.children.toSorted((a, b) => b.totalMicros - a.totalMicros)) {
      place(child, row + 1, at);
      at += child.totalMicros / tree.totalMicros;
    }
  };
  place(tree, 0, 0);
  return boxes;
}

function boxHtml({ call, stage, row, left, width }: Box, colour: number): string {
  const place = call.file === "" ? "" : ` ${call.file}:${call.line}`;
  const own = (call.selfMicros / 1000).toFixed(1);
  const title = `${call.name}${place} · ${stage} · ${(100 * width).toFixed(2)} % of the busy time, ${own} ms its own`;
  return `<b data-l="${left.toFixed(6)}" data-w="${width.toFixed(6)}" title="${escapeHtml(title)}" style="--h:${colour};left:${percent(left)};width:${percent(width)};top:${row * rowPixels}px">${escapeHtml(call.name)}</b>`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(4)}%`;
}

function hue(index: number, count: number): number {
  return Math.round((360 * index) / count);
}

const style = `
:root { color-scheme: light dark; --l: 80%; --ink: #14181e; }
@media (prefers-color-scheme: dark) { :root { --l: 62%; } }
body { margin: 20px auto; max-width: 1400px; padding: 0 16px; font: 14px/1.5 system-ui, sans-serif; }
h1 { font-size: 20px; margin: 0; } p { margin: 6px 0; }
.key { padding: 1px 8px; border-radius: 4px; margin-right: 4px; white-space: nowrap; }
#graph { position: relative; overflow: hidden; margin: 14px 0; }
#graph b { position: absolute; height: ${rowPixels - 1}px; overflow: hidden; white-space: nowrap;
  text-overflow: ellipsis; font: 11.5px/${rowPixels - 1}px ui-monospace, monospace; padding-left: 3px;
  border-right: 1px solid rgb(0 0 0 / 25%); box-sizing: border-box; cursor: pointer; }
.key, #graph b { background: hsl(var(--h) 65% var(--l)); color: var(--ink); }
#graph b:hover { filter: brightness(1.12); }
`;

const script = `
const graph = document.getElementById("graph");
const said = document.getElementById("said");
graph.addEventListener("click", ({ target }) => {
  if (target.dataset.w === undefined) return;
  const left = Number(target.dataset.l), width = Number(target.dataset.w);
  for (const box of graph.children) {
    const from = Math.max(0, (Number(box.dataset.l) - left) / width);
    const to = Math.min(1, (Number(box.dataset.l) + Number(box.dataset.w) - left) / width);
    box.style.left = 100 * from + "%";
    box.style.width = 100 * Math.max(0, to - from) + "%";
    box.hidden = to <= from;
  }
  said.textContent = target.title;
});
`;
