import { join } from "node:path";
import { writeWhole } from "../../reports/write-files.ts";

/** Writes a result into the folder, in each form by its file name. Returns the paths. */
export function writeForms<Result>(
  folder: string,
  forms: Readonly<Record<string, (result: Result) => string>>,
  result: Result,
): string[] {
  return Object.entries(forms).map(([name, render]) => {
    const path = join(folder, name);
    writeWhole(path, render(result));
    return path;
  });
}
