import { stringify } from "csv-stringify/sync";
import { renderHlog } from "./machine/render-hlog.ts";
import { renderJunit } from "./machine/render-junit.ts";
import { renderOpenMetrics } from "./machine/render-openmetrics.ts";
import { timeSeriesTable } from "./machine/time-series-table.ts";
import type { PageAssets } from "./page/html-page.ts";
import { renderHtml } from "./page/render-html.ts";
import type { RunResult } from "./result/run-result.ts";
import { renderMarkdown } from "./text/render-markdown.ts";
import { renderSummary } from "./text/render-summary.ts";

interface Format {
  /** Its name in a run's folder. */
  readonly file: string;
  readonly render: (result: RunResult, assets: PageAssets) => string;
}

/** The formats of a result. Each is made from `result.json` alone. */
export const formats = {
  json: { file: "result.json", render: (result) => `${JSON.stringify(result, null, 2)}\n` },
  html: { file: "report.html", render: renderHtml },
  csv: {
    file: "timeseries.csv",
    // RFC 4180 ends lines with CR LF.
    render: ({ timeSeries }) =>
      stringify(timeSeriesTable(timeSeries), { record_delimiter: "windows" }),
  },
  md: { file: "summary.md", render: renderMarkdown },
  junit: { file: "junit.xml", render: renderJunit },
  openmetrics: { file: "metrics.txt", render: renderOpenMetrics },
  hlog: { file: "latency.hlog", render: renderHlog },
  text: { file: "summary.txt", render: (result) => renderSummary(result, []) },
} as const satisfies Readonly<Record<string, Format>>;

export type FormatName = keyof typeof formats;

export const formatNames = Object.keys(formats) as FormatName[];

/** The formats that a run writes to files: all but the text, which it prints. */
export const filedFormats: readonly FormatName[] = formatNames.filter((name) => name !== "text");
