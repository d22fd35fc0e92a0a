import { dottedName, pageHeader } from "./html.ts";
import { type PageAssets, pageOf, viewport } from "./html-page.ts";
import { liveScript } from "./live-script.ts";
import { pageStyle } from "./page-style.ts";
import { thresholdRows } from "./render-tables.ts";

/**
 * The page on which a run is watched, in the style of its report. Its server also has `events`, a
 * stream of what happens; its buttons post to `pace` and `abort`.
 * `about` has the devices, the server and the seed; `thresholds` are judged when the run is over.
 */
export function renderLivePage(
  title: string,
  about: string,
  thresholds: readonly string[],
  assets: PageAssets,
): string {
  const badge = '<span class="verdict" id="state" role="status">STARTING</span>';
  return pageOf({
    metas: [viewport, '<link rel="icon" href="data:,">'],
    title: `${title}: live`,
    style: assets.chartStyle + pageStyle + liveStyle,
    colour: "c1",
    body: `${pageHeader(badge, title, about)}\n${liveBody(thresholds)}`,
    scripts: [`<script>${assets.chartScript}</script>`, `<script>${liveScript}</script>`],
  });
}

const liveBody = (thresholds: readonly string[]): string => `<ul class="reasons" id="reasons"></ul>
<p id="report" hidden><a href="report">The report of this run</a></p>
<div id="controls">
<button type="button" id="pause" data-pace="0">Pause</button>
<span role="group" aria-label="Pace of the schedule">
<button type="button" data-pace="0.5" aria-pressed="false">× 0.5</button>
<button type="button" data-pace="1" aria-pressed="true">× 1</button>
<button type="button" data-pace="2" aria-pressed="false">× 2</button>
</span>
<button type="button" id="abort">Abort</button>
<span class="note">A run that is paused or scaled is no benchmark: its verdict will be invalid.</span>
</div>
<p id="news" role="alert"></p>
<p id="line">The run is about to begin.</p>
<progress id="progress" max="1" value="0" aria-label="Time of the phase"></progress>
<section class="figures" id="figures"></section>
${thresholdSection(thresholds)}
<section class="charts" id="charts" data-points="0"></section>
<noscript><p class="note">A page that moves needs JavaScript.</p></noscript>`;

/** The script fills the cells when the run is over. */
function thresholdSection(thresholds: readonly string[]): string {
  if (thresholds.length === 0) return "";
  const rows = thresholds.map((text) => ["at the end", dottedName(text), "", ""]);
  return `<section><h2>Thresholds</h2><div class="thresholds" id="thresholds">${thresholdRows(rows)}</div></section>`;
}

const liveStyle = `
#controls { display: flex; flex-wrap: wrap; gap: 8px 14px; align-items: center; margin: 16px 0 0; }
#controls[hidden] { display: none; }
#controls button { font: inherit; font-size: 14px; cursor: pointer; color: var(--ink);
  background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 5px 14px;
  min-height: 36px; }
#controls button[aria-pressed=true] { border-color: var(--c1); color: var(--c1); font-weight: 600; }
#controls #abort { color: var(--fail); border-color: var(--fail); }
#controls .note { margin: 0; }
#news { color: var(--fail); margin: 8px 0 0; min-height: 1.5em; }
#line { margin: 8px 0 4px; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
#progress { width: 100%; height: 10px; accent-color: var(--c1); }
#report a { color: var(--c1); font-weight: 600; }
#charts { margin-top: 18px; }
@media (min-width: 521px) {
  #figures { grid-template-columns: repeat(auto-fit, minmax(125px, 1fr)); }
}
`;
