import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
const pages = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));

/** Where the links of a page lead, below the page's folder; those to the web are left out. */
function linksOf(path: string): string[] {
  const text = readFileSync(join(root, path), "utf8").replace(/^```[\s\S]*?^```$/gm, "");
  return [...text.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)]
    .map(([, link]) => link!)
    .filter((link) => !link.includes("://"));
}

test("the index of the documentation names each page once", () => {
  const listed = linksOf("docs/README.md").filter((link) => link.endsWith(".md"));
  expect(listed.toSorted()).toEqual(pages.filter((name) => name !== "README.md").toSorted());
});

test("links between the pages lead somewhere", () => {
  const all = [
    "README.md",
    "CONTRIBUTING.md",
    "ARCHITECTURE.md",
    ...pages.map((name) => `docs/${name}`),
  ];
  const broken = all.flatMap((path) =>
    linksOf(path)
      .filter((link) => !existsSync(join(root, dirname(path), link)))
      .map((link) => `${path}: ${link}`),
  );
  expect(all.flatMap(linksOf).length).toBeGreaterThan(pages.length);
  expect(broken).toEqual([]);
});
