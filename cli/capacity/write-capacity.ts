import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { CapacityResult } from "../../reports/capacity/capacity-result.ts";
import { renderCapacityMarkdown } from "../../reports/capacity/render-capacity.ts";
import { renderCapacityHtml } from "../../reports/capacity/render-capacity-html.ts";
import { pageAssets, writeWhole } from "../../reports/write-files.ts";

const forms = {
  "capacity.json": (result: CapacityResult) => `${JSON.stringify(result, null, 2)}\n`,
  "capacity.html": (result: CapacityResult) => renderCapacityHtml(result, pageAssets()),
  "capacity.md": renderCapacityMarkdown,
} as const;

/** Writes the result into the folder, which is made if missing; returns the paths. */
export function writeCapacityFiles(folder: string, result: CapacityResult): string[] {
  mkdirSync(folder, { recursive: true });
  return Object.entries(forms).map(([name, render]) => {
    const path = join(folder, name);
    writeWhole(path, render(result));
    return path;
  });
}

/** Removes an earlier search's files, so that they are not taken for those of a search that failed. */
export function removeCapacityFiles(folder: string): void {
  for (const name of Object.keys(forms)) rmSync(join(folder, name), { force: true });
}
