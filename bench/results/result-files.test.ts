import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { appendRow, readRows } from "./result-files.ts";

test("a campaign goes on with the rows that it has kept", () => {
  const folder = mkdtempSync(join(tmpdir(), "provlab-result-files-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "trials.jsonl");
  expect(readRows(file)).toEqual([]);
  const rows = [
    { seed: 1, reasons: ["two\nlines"] },
    { seed: 2, reasons: [] },
  ];
  for (const row of rows) appendRow(file, row);
  expect(readRows(file)).toEqual(rows);
});
