import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const named = (folder: string, end: string): string[] =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(end))
    .map((name) => `${folder}/${name}`);

const pages = ["README.md", ...named("docs", ".md")];
const numbered = (path: string): (readonly [place: string, line: string])[] =>
  read(path)
    .split("\n")
    .map((line, index) => [`${path}:${index + 1}`, line] as const);

/** The lines of a page's shell commands, each with its place. */
function shellLines(path: string): (readonly [place: string, line: string])[] {
  let language: string | undefined;
  return numbered(path).filter(([, line]) => {
    if (!line.startsWith("```")) return language === "sh";
    language = language === undefined ? /^```(\w*)/.exec(line)?.[1] : undefined;
    return false;
  });
}

// A reader copies them in a checkout, where `prov` alone is not found.
test("commands of the pages begin with npx prov", () => {
  const lines = pages.flatMap(shellLines);
  const begins = /(?:^\s*|[;&|] |\bdo |\bexec \S+ |^\w+=\S+ )prov [a-z-]/;
  expect(lines.filter(([, line]) => line.includes("npx prov ")).length).toBeGreaterThan(50);
  expect(lines.filter(([, line]) => begins.test(line))).toEqual([]);
});

// An id stands in parentheses behind its meaning, or before it: `HA-12, the gateway does not answer`.
test("no requirement is named by its id alone", () => {
  const id = "\\b(?:SYS|DHCP|CONF|CLASS|PRE|LEASE|TFTP|TIME|LOG|HA|ENV|PERF|OPS|ERR|INC|GAP)-\\d+";
  const parentheses = /\([^()]*(?:\([^()]*\)[^()]*)*\)/g;
  const meaning = new RegExp(`${id}(?: (?:to|and) ${id})?(?:: |, [a-z])`, "g");
  const files = [
    ...pages.filter((path) => path !== "docs/requirements.md"),
    ...named("scenarios", ".yaml"),
    ...named("examples/pair", ".yaml"),
  ];
  const alone = files.flatMap((path) =>
    numbered(path).filter(([, line]) =>
      new RegExp(id).test(line.replaceAll(parentheses, "").replaceAll(meaning, "")),
    ),
  );
  expect(alone).toEqual([]);
});
