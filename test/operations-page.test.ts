import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";

const read = (path: string): string =>
  readFileSync(resolve(import.meta.dirname, "..", path), "utf8");
const page = read("docs/operations.md");

/** The guide's operating procedures, sections 4.1.1 to 4.2.2. */
const procedures = (
  "OPS-1 OPS-2 OPS-3 OPS-4 OPS-5 OPS-6 OPS-7 OPS-8 OPS-9 OPS-10 " +
  "OPS-11 OPS-12 OPS-13 OPS-14 OPS-15 OPS-16 OPS-17 OPS-18 OPS-19"
).split(" ");

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
