import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type FormatName, filedFormats, formatNames, formats } from "./formats.ts";
import type { PageAssets } from "./page/html-page.ts";
import { pageScript } from "./page/page-script.ts";
import type { RunResult } from "./result/run-result.ts";

/** The result in a format, as its file has it. */
export function rendered(format: FormatName, result: RunResult): string {
  return formats[format].render(result, pageAssets());
}

/**
 * Writes the result in each format into `folder`, which it creates, and returns the paths. Each file
 * appears whole or not at all. Throws the file system's error.
 */
export function writeFiles(
  folder: string,
  result: RunResult,
  names: readonly FormatName[] = filedFormats,
): string[] {
  mkdirSync(folder, { recursive: true });
  return names.map((name) => {
    const path = join(folder, formats[name].file);
    writeWhole(path, rendered(name, result));
    return path;
  });
}

/** The file appears whole or not at all. Throws the file system's error. */
export function writeWhole(path: string, text: string): void {
  writeFileSync(`${path}.part`, text);
  renameSync(`${path}.part`, path);
}

/** Removes an earlier run's files, so that nobody takes them for those of a failed run. */
export function removeFiles(folder: string): void {
  for (const name of formatNames) rmSync(join(folder, formats[name].file), { force: true });
}

/** The assets of a page that runs `script` beside uPlot; by default the script of a report. */
export function pageAssets(script = pageScript): PageAssets {
  chartFiles ??= loadChartFiles();
  const scripts = [chartFiles.chartScript, script];
  return {
    ...chartFiles,
    scriptHashes: scripts.map(
      (text) => `sha256-${createHash("sha256").update(text).digest("base64")}`,
    ),
  };
}

let chartFiles: Pick<PageAssets, "chartScript" | "chartStyle"> | undefined;

function loadChartFiles(): NonNullable<typeof chartFiles> {
  const folder = join(dirname(createRequire(import.meta.url).resolve("uplot")), "..", "dist");
  const chartScript = readFileSync(join(folder, "uPlot.iife.min.js"), "utf8").replaceAll(
    "</script",
    "<\\/script",
  );
  return { chartScript, chartStyle: readFileSync(join(folder, "uPlot.min.css"), "utf8") };
}
