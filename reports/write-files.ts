import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { stringify } from "csv-stringify/sync";
import type { PageAssets } from "./render-html.ts";
import { renderHtml } from "./render-html.ts";
import type { RunResult } from "./run-result.ts";
import { timeSeriesTable } from "./time-series-table.ts";

/**
 * Writes `result.json`, `timeseries.csv` and `report.html` into `folder` (made if missing) and
 * returns their paths. Each appears whole or not at all. Throws the file system's error.
 */
export function writeFiles(folder: string, result: RunResult): string[] {
  mkdirSync(folder, { recursive: true });
  const files: readonly (readonly [string, string])[] = [
    ["result.json", `${JSON.stringify(result, null, 2)}\n`],
    ["timeseries.csv", stringify(timeSeriesTable(result.timeSeries))],
    ["report.html", renderHtml(result, pageAssets())],
  ];
  return files.map(([name, text]) => {
    const path = join(folder, name);
    writeFileSync(`${path}.part`, text);
    renameSync(`${path}.part`, path);
    return path;
  });
}

function pageAssets(): PageAssets {
  const folder = join(dirname(createRequire(import.meta.url).resolve("uplot")), "..", "dist");
  return {
    chartScript: readFileSync(join(folder, "uPlot.iife.min.js"), "utf8"),
    chartStyle: readFileSync(join(folder, "uPlot.min.css"), "utf8"),
  };
}
