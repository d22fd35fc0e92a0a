import type { Verdict } from "../result/run-result.ts";
import type { Chart } from "./chart.ts";
import { chartWords } from "./chart-figure.ts";
import { escapeHtml, scriptJson } from "./html.ts";
import { pageScript } from "./page-script.ts";
import { pageStyle } from "./page-style.ts";

/** What the page inlines, so that it opens anywhere, offline, with no request to anybody. */
export interface PageAssets {
  /** uPlot's browser script, with its licence notice; nothing in it ends a script element. */
  readonly chartScript: string;
  readonly chartStyle: string;
  /** Of the two scripts that may run, as a Content-Security-Policy names them: `sha256-...`. */
  readonly scriptHashes: readonly string[];
}

export interface PageContent {
  /** Text. */
  readonly title: string;
  /** Decides the colour of what says it. */
  readonly verdict: Verdict;
  /** HTML; each chart has its figure in it. */
  readonly body: string;
  readonly charts: readonly Chart[];
  /** Marks on charts over time. */
  readonly phases: readonly { readonly name: string; readonly second: number }[];
}

/** One self-contained page. Its policy lets it fetch nothing, and run no script but its own two. */
export function htmlPage(content: PageContent, assets: PageAssets): string {
  const { title, verdict, body, charts, phases } = content;
  const data = {
    charts: charts.map((chart) => ({ ...chart, words: chartWords(chart) })),
    phases,
  };
  const hashes = assets.scriptHashes.map((hash) => `'${hash}'`).join(" ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src ${hashes === "" ? "'none'" : hashes}; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${assets.chartStyle}${pageStyle}</style>
</head>
<body style="--verdict: var(--${verdict})">
<main>
${body}
</main>
<script type="application/json" id="charts">${scriptJson(data)}</script>
<script>${assets.chartScript}</script>
<script>${pageScript}</script>
</body>
</html>
`;
}
