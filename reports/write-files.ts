import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { stringify } from "csv-stringify/sync";
import type { PageAssets } from "./render-html.ts";
import { renderHtml } from "./render-html.ts";
import type { RunResult } from "./run-result.ts";
import { timeSeriesTable } from "./time-series-table.ts";

const render: Readonly<Record<string, (result: RunResult) => string>> = {
  "result.json": (result) => `${JSON.stringify(result, null, 2)}\n`,
  "timeseries.csv": (result) => stringify(timeSeriesTable(result.timeSeries)),
  "report.html": (result) => renderHtml(result, pageAssets()),
};

/**
 * Writes `result.json`, `timeseries.csv` and `report.html` into `folder` (made if missing) and
 * returns their paths. Each appears whole or not at all. Throws the file system's error.
 */
export function writeFiles(folder: string, result: RunResult): string[] {
  mkdirSync(folder, { recursive: true });
  return Object.entries(render).map(([name, textOf]) => {
    const path = join(folder, name);
    writeFileSync(`${path}.part`, textOf(result));
    renameSync(`${path}.part`, path);
    return path;
  });
}

/** Takes an earlier run's files away, so that nobody reads them for those of a run that failed. */
export function removeFiles(folder: string): void {
  for (const name of Object.keys(render)) rmSync(join(folder, name), { force: true });
}

function pageAssets(): PageAssets {
  const folder = join(dirname(createRequire(import.meta.url).resolve("uplot")), "..", "dist");
  return {
    chartScript: readFileSync(join(folder, "uPlot.iife.min.js"), "utf8"),
    chartStyle: readFileSync(join(folder, "uPlot.min.css"), "utf8"),
  };
}
