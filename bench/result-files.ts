import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** Writes `NAME.json` and `NAME.md` into the folder; returns where they are. */
export function writeResultFiles(
  folder: string,
  {
    name,
    result,
    table,
  }: { readonly name: string; readonly result: unknown; readonly table: string },
): { readonly json: string; readonly table: string } {
  const files = { json: join(folder, `${name}.json`), table: join(folder, `${name}.md`) };
  writeFileSync(files.json, `${JSON.stringify(result, undefined, 2)}\n`);
  writeFileSync(files.table, table);
  return files;
}
