import { writeFileSync } from "node:fs";
import { join } from "node:path";

export interface ResultToWrite {
  /** Of the JSON file, without its ending. */
  readonly name: string;
  /** Of the Markdown file; `name` unless told. */
  readonly tableName?: string;
  readonly result: unknown;
  readonly table: string;
}

/** Writes a JSON and a Markdown file into the folder; returns where they are. */
export function writeResultFiles(
  folder: string,
  { name, tableName = name, result, table }: ResultToWrite,
): { readonly json: string; readonly table: string } {
  const files = { json: join(folder, `${name}.json`), table: join(folder, `${tableName}.md`) };
  writeFileSync(files.json, `${JSON.stringify(result, undefined, 2)}\n`);
  writeFileSync(files.table, table);
  return files;
}
