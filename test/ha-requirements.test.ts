import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
const read = (path: string): string => readFileSync(resolve(root, path), "utf8");

const numbered = (group: string, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, at) => `${group}-${from + at}`);

/** Redundancy, the procedure of fail-back, and what hangs together with them. */
const ids = [
  ...numbered("HA", 1, 34),
  ...numbered("OPS", 8, 15),
  ...["PERF-8", "TFTP-2", "SYS-13", "LEASE-7", "TIME-8"],
];

interface Row {
  readonly id: string;
  readonly said: string;
  readonly tests: readonly string[];
}

const rows: readonly Row[] = [...read("docs/ha-requirements.md").matchAll(/^\| .* \|$/gm)]
  .map(([line]) => line.slice(2, -2).split(" | "))
  .filter(([id]) => /^[A-Z]+-\d+$/.test(id!))
  .map(([id, , said, tests = ""]) => ({
    id: id!,
    said: said!,
    tests: [...tests.matchAll(/`([^`]+)`/g)].map(([, path]) => path!),
  }));

/** The items of the guide's tables 2.2.1 and 2.2.2, each as a row of its requirement. */
const items: readonly Row[] = [
  ...read("docs/ha-requirements.md").matchAll(/^Table 2\.2\.\d \((HA-\d+)\):\n\n((?:\|.*\|\n)+)/gm),
].flatMap(([, id, table]) =>
  table!
    .trimEnd()
    .split("\n")
    .slice(2)
    .flatMap((line) => {
      const [names = "", , said = "", tests = ""] = line.slice(2, -2).split(" | ");
      const paths = [...tests.matchAll(/`([^`]+)`/g)].map(([, path]) => path!);
      return names.split(", ").map((name) => ({ id: `${id!} ${name}`, said, tests: paths }));
    }),
);

/** Whether a title names the requirement: in a string, not in a comment. */
function isNamedIn(text: string, id: string): boolean {
  return new RegExp(`["\`][^"\`\\n]*\\b${id}\\b[^"\`\\n]*["\`]`).test(text);
}

test("docs/ha-requirements.md has each requirement once, and no other", () => {
  expect(rows.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
});

describe.each(rows)("$id", ({ id, said, tests }) => {
  test("says what is done, and names tests that name it", () => {
    expect(said.length).toBeGreaterThan(5);
    expect(tests).not.toEqual([]);
    const wrong = tests.filter(
      (path) =>
        !path.endsWith(".test.ts") ||
        !existsSync(resolve(root, path)) ||
        !isNamedIn(read(path), id),
    );
    expect(wrong).toEqual([]);
  });
});

test("both tables are there with all their items", () => {
  expect(items.map(({ id }) => id.slice(0, 5))).toEqual([
    ...Array.from({ length: 9 }, () => "HA-21"),
    ...Array.from({ length: 9 }, () => "HA-27"),
  ]);
});

test.each(items)("$id has a test of its name", ({ id, said, tests }) => {
  expect(said.length).toBeGreaterThan(5);
  expect(tests.filter((path) => isNamedIn(read(path), id))).not.toEqual([]);
});
