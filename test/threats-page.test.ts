import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";

// docs/threats.md names the test behind each sentence that says what somebody cannot do.

const root = resolve(import.meta.dirname, "..");
const page = readFileSync(join(root, "docs/threats.md"), "utf8");
const rows = page
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.endsWith("| test |"))
  .map((line) => line.slice(2, -2).split(" | "));
const testsIn = (text: string): string[] =>
  [...text.matchAll(/`([^`]+\.test\.ts)`/g)].map(([, path]) => path!);

test("each sentence of a table names its tests", () => {
  expect(rows.length).toBeGreaterThan(20);
  expect(rows.filter(([, tests = ""]) => testsIn(tests).length === 0)).toEqual([]);
});

test("the tests that are named exist", () => {
  const missing = testsIn(page).filter((path) => !existsSync(join(root, path)));
  expect(missing).toEqual([]);
});
