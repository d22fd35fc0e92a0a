import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ResultReading, readResult } from "../../reports/result/read-result.ts";

export interface ResultToWrite {
  /** The JSON file's, without its ending. */
  readonly name: string;
  /** The Markdown file's; `name` when left out. */
  readonly tableName?: string;
  readonly result: unknown;
  readonly table: string;
}

/** Writes a JSON and a Markdown file into the folder; returns their paths. */
export function writeResultFiles(
  folder: string,
  { name, tableName = name, result, table }: ResultToWrite,
): readonly [json: string, table: string] {
  const files = [join(folder, `${name}.json`), join(folder, `${tableName}.md`)] as const;
  writeFileSync(files[0], `${JSON.stringify(result, undefined, 2)}\n`);
  writeFileSync(files[1], table);
  return files;
}

/** Reads the result that `prov run` left in a folder; undefined when there is none. */
export function resultIn(folder: string): ResultReading | undefined {
  const path = join(folder, "result.json");
  return existsSync(path) ? readResult(readFileSync(path, "utf8")) : undefined;
}

/** The rows that a campaign has kept in the file so far, one JSON a line; none when there is no such file. */
export function readRows<Row>(file: string): Row[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Row);
}

export function appendRow(file: string, row: unknown): void {
  appendFileSync(file, `${JSON.stringify(row)}\n`);
}
