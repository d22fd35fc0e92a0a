import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
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

/** What a campaign has kept in the file so far, one JSON a line; nothing when there is no such file. */
export function readRows<Row>(file: string): Row[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Row);
}

export function appendRow(file: string, row: unknown): void {
  appendFileSync(file, `${JSON.stringify(row)}\n`);
}
