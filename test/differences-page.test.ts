import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { acceptance } from "../server/config/grammar/acceptance.testing.ts";
import { hinted, warned } from "../server/config/grammar/pitfalls.testing.ts";
import { corpusDifferences, corpusMutants } from "./interop/acceptance-corpus.testing.ts";
import { acceptanceMutants, differences } from "./interop/acceptance-differences.testing.ts";
import { supported } from "./interop/differential/features.testing.ts";
import { usualPairs } from "./interop/differential/generated/campaign.testing.ts";
import {
  byHand,
  byParameter,
  type Difference,
  generated,
} from "./interop/differential/on-purpose.testing.ts";
import { sites } from "./interop/differential/sites.testing.ts";
import { expressionCount, notCompared } from "./interop/expressions.testing.ts";

// What docs/differences.md tells operators is what the tests let pass, no more and no less.
const page = readFileSync(resolve(import.meta.dirname, "../docs/differences.md"), "utf8");

/** What stands below a heading, to the next one. */
function section(heading: string): string {
  const [, below = ""] = page.split(`\n## ${heading}\n`);
  return below.split(/\n#+ /)[0];
}

/** Cells of the table of a section, without its two lines of headings; code marks are left out. */
function rowsOf(heading: string): string[][] {
  const lines = section(heading).replaceAll("`", "").split("\n");
  const rows = lines.filter((line) => line.startsWith("| ")).slice(1);
  return rows.map((row) => row.slice(2, -2).split(" | "));
}

const named = (table: Readonly<Record<string, Difference>>): string[][] =>
  Object.entries(table).map(([name, { reason }]) => [name, plain(reason)]);

/** As it stands in a table once the code marks are gone. */
function plain(text: string): string {
  return text.replaceAll("`", "");
}

const reasons = (table: readonly { readonly reason: string }[]): string[][] =>
  table.map(({ reason }) => [plain(reason)]);

describe("docs/differences.md has each difference, in the order of the tests", () => {
  const tables: readonly (readonly [heading: string, rows: string[][]])[] = [
    ["Replies: differences that a hand-written case shows", named({ ...byHand, ...byParameter })],
    ["Replies: differences that only generated pairs meet", named(generated)],
    ["`-t`: differences", reasons([...differences, ...corpusDifferences])],
    ["Values of expressions: not compared", reasons(notCompared)],
  ];
  test.each(tables)("%s", (heading, rows) => {
    expect(rowsOf(heading)).toEqual(rows);
  });
});

test("docs/differences.md has the counts of the tests", () => {
  const scripts = sites.flatMap((site) => site.scripts);
  const steps = scripts.flatMap((script) => script.steps);
  const shortFiles = [...Object.values(acceptance).flat(), ...hinted, ...warned];
  const counts: readonly (readonly [what: string, count: number])[] = [
    ["features of the language, written by hand", supported.length],
    ["hand-written scripts, these among them", scripts.length],
    ["packets of these scripts", steps.length],
    ["generated pairs", usualPairs],
    ["short files for `-t`", shortFiles.length],
    ["whole files with one slip in each", acceptanceMutants],
    ["examples of the distribution with one slip in each", corpusMutants],
    ["random expressions", expressionCount],
  ];
  const wanted = counts.map(([what, count]) => [plain(what), count.toLocaleString("en-US")]);
  expect(rowsOf("How it was compared")).toEqual(wanted);
});
