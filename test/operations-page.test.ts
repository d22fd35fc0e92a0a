import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";

const read = (path: string): string =>
  readFileSync(resolve(import.meta.dirname, "..", path), "utf8");
const page = read("docs/operations.md");

/** The guide's operating procedures, sections 4.1.1 to 4.2.2. */
const procedures = Array.from({ length: 19 }, (_, at) => `OPS-${at + 1}`);

test.each(procedures)("%s is in docs/operations.md", (id) => {
  // Where the procedure is told, not where it is referred to.
  expect(page).toMatch(new RegExp(`(^#+ .*|^\\d\\. \\*\\*.*|^\\| .*)\\(${id}\\)`, "m"));
});

test("every command on the page is one that there is", () => {
  const commands = [...read("cli/main.ts").matchAll(/^ {4}name: "([a-z-]+)"/gm)].map(
    ([, name]) => name,
  );
  const named = [...page.matchAll(/`prov ([a-z-]+)/g)].map(([, name]) => name);
  expect(new Set(named).size).toBeGreaterThan(4);
  expect(named.filter((name) => !commands.includes(name!))).toEqual([]);
});

test("every metric on the page is one of docs/metrics.md", () => {
  const metrics = read("docs/metrics.md");
  const named = [...page.matchAll(/`(provlab_[a-z_]+)`/g)].map(([, name]) => name);
  expect(named.length).toBeGreaterThan(4);
  expect(named.filter((name) => !metrics.includes(`| \`${name}\` |`))).toEqual([]);
});
