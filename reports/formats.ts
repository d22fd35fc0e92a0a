import { stringify } from "csv-stringify/sync";
import type { PageAssets } from "./html-page.ts";
import { renderHlog } from "./render-hlog.ts";
import { renderHtml } from "./render-html.ts";
import { renderJunit } from "./render-junit.ts";
import { renderMarkdown } from "./render-markdown.ts";
import { renderOpenMetrics } from "./render-openmetrics.ts";
import { renderSummary } from "./render-summary.ts";
import type { RunResult } from "./run-result.ts";
import { timeSeriesTable } from "./time-series-table.ts";

interface Format {
  /** Its name in a run's folder. */
  readonly file: string;
  readonly render: (result: RunResult, assets: PageAssets) => string;
}

/** What a result can be written as. All of it comes from `result.json` alone. */
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

/** What a run writes: all but the text, which it prints. */
export const filedFormats: readonly FormatName[] = formatNames.filter((name) => name !== "text");
