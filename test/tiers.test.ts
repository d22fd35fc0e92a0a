import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";

// The table of CONTRIBUTING.md: a test file's place decides when it runs, and what it may ask for.

const root = resolve(import.meta.dirname, "..");
const sources = "protocol base server simulator scenarios reports lab cli bench".split(" ");
const everywhere = new RegExp(
  `^(?:(?:${sources.join("|")})/.+|test(?:/(?:simulation|loopback))?/[^/]+)$`,
);
const elsewhere = /^test\/(?:system|interop|faults|alone|drills)\/[^/]+$/;
const own = "test/tiers.test.ts";

const files = [...sources, "test"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => join(folder, name)),
);

test("every test file stands where one of the test commands finds it", () => {
  expect(files.length).toBeGreaterThan(300);
  expect(files.filter((path) => !everywhere.test(path) && !elsewhere.test(path))).toEqual([]);
});

test("npm test asks for no root and no program of others", () => {
  const asks =
    /\bgetuid\b|\bdescribeWithPeers\b|\bmissingPeers\b|\bhasTool\b|\bpython3\b|["`]\/usr\/s?bin\//;
  const found = files
    .filter((path) => everywhere.test(path) && path !== own)
    .filter((path) => asks.test(readFileSync(join(root, path), "utf8")));
  expect(found).toEqual([]);
});
