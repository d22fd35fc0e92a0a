import type { Verdict } from "../result/run-result.ts";
import type { Chart } from "./chart.ts";
import { chartWords } from "./chart-figure.ts";
import { escapeHtml, scriptJson } from "./html.ts";
import { pageScript } from "./page-script.ts";
import { pageStyle } from "./page-style.ts";

/** What the page inlines, so that it opens anywhere, offline, without a request to any server. */
export interface PageAssets {
  /** uPlot's browser script, with its licence notice; nothing in it ends a script element. */
  readonly chartScript: string;
  readonly chartStyle: string;
  /** Hashes of the page's two scripts for the Content-Security-Policy: `sha256-...`. */
  readonly scriptHashes: readonly string[];
}

export interface PageContent {
  /** Text. */
  readonly title: string;
  /** Gives the badge and the reasons their colour. */
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
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src ${hashes === "" ? "'none'" : hashes}; base-uri 'none'; form-action 'none'`;
  return pageOf({
    metas: [`<meta http-equiv="Content-Security-Policy" content="${policy}">`, viewport],
    title,
    style: assets.chartStyle + pageStyle,
    colour: verdict,
    body,
    scripts: [
      `<script type="application/json" id="charts">${scriptJson(data)}</script>`,
      `<script>${assets.chartScript}</script>`,
      `<script>${pageScript}</script>`,
    ],
  });
}

export const viewport = '<meta name="viewport" content="width=device-width, initial-scale=1">';

interface Page {
  /** Elements of its head, beside title, style and character set. */
  readonly metas: readonly string[];
  readonly title: string;
  readonly style: string;
  /** The variable of the style with the colour of the verdict. */
  readonly colour: string;
  readonly body: string;
  readonly scripts: readonly string[];
}

/** The frame of every page. */
export function pageOf({ metas, title, style, colour, body, scripts }: Page): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
${metas.join("\n")}
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body style="--verdict: var(--${colour})">
<main>
${body}
</main>
${scripts.join("\n")}
</body>
</html>
`;
}
