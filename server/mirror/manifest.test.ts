import { describe, expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import {
  formatManifest,
  isMirrorPath,
  type Manifest,
  type MirrorEntry,
  parseManifest,
  stepsTo,
} from "./manifest.ts";

const hash = (digit: string): string => digit.repeat(64);

function entry(path: string, sha256: string | undefined, more = {}): MirrorEntry {
  return { path, size: 3, mtimeMs: 1000, mode: 0o644, sha256, ...more };
}

function manifest(files: readonly MirrorEntry[], isComplete = true): Manifest {
  return { isComplete, files: new Map(files.map((file) => [file.path, file])) };
}

describe("what makes a folder the same as its master", () => {
  const cases: readonly [string, Manifest, Manifest, string[], string[]][] = [
    ["nothing to do", manifest([entry("a", hash("1"))]), manifest([entry("a", hash("1"))]), [], []],
    ["a new file", manifest([entry("a", hash("1"))]), manifest([]), ["a"], []],
    [
      "another content",
      manifest([entry("a", hash("1"))]),
      manifest([entry("a", hash("2"))]),
      ["a"],
      [],
    ],
    [
      "other permissions",
      manifest([entry("a", hash("1"))]),
      manifest([entry("a", hash("1"), { mode: 0o600 })]),
      ["a"],
      [],
    ],
    [
      "another time alone",
      manifest([entry("a", hash("1"))]),
      manifest([entry("a", hash("1"), { mtimeMs: 5 })]),
      [],
      [],
    ],
    [
      "a file too many",
      manifest([entry("a", hash("1"))]),
      manifest([entry("a", hash("1")), entry("b", hash("1"))]),
      [],
      ["b"],
    ],
    [
      "a file too many, of a partial master",
      manifest([entry("a", hash("1"))], false),
      manifest([entry("b", hash("1"))]),
      ["a"],
      [],
    ],
    ["an empty master", manifest([]), manifest([entry("b", hash("1"))]), [], []],
    [
      "a master that is being written",
      manifest([entry("a", undefined), entry("b", undefined)]),
      manifest([entry("a", hash("1"))]),
      [],
      [],
    ],
    [
      "a copy that is being written",
      manifest([entry("a", hash("1"))]),
      manifest([entry("a", undefined), entry("b", undefined)]),
      [],
      [],
    ],
  ];
  test.each(cases)("%s", (_name, master, own, fetch, remove) => {
    const steps = stepsTo(master, own);
    expect(steps.fetch.map(({ path }) => path)).toEqual(fetch);
    expect(steps.remove).toEqual(remove);
  });

  test("taken once, they leave nothing to do: 2,000 pairs of folders (seed 11)", () => {
    const random = new Prng(11, 0);
    const some = (): Manifest =>
      manifest(
        ["a", "b", "c/d", "c/e"]
          .filter(() => random.nextBelow(2) === 0)
          .map((path) => entry(path, hash(String(random.nextBelow(3))))),
        random.nextBelow(4) > 0,
      );
    for (let round = 0; round < 2000; round += 1) {
      const [master, own] = [some(), some()];
      const { fetch, remove } = stepsTo(master, own);
      const files = new Map(own.files);
      for (const path of remove) files.delete(path);
      for (const file of fetch) files.set(file.path, file);
      expect(stepsTo(master, { isComplete: true, files })).toEqual({ fetch: [], remove: [] });
      for (const [path, file] of master.files) expect(files.get(path)).toEqual(file);
      const isRemovable = master.isComplete && master.files.size > 0;
      for (const path of own.files.keys()) {
        expect(files.has(path)).toBe(!isRemovable || master.files.has(path));
      }
    }
  });
});

describe("a manifest as text", () => {
  const some = manifest([
    entry("a b.cfg", hash("a")),
    entry("sub/größe", undefined, { mode: 0o7, size: 0 }),
  ]);
  test.each([some, manifest([], false)])("is read as it was written (%#)", (written) => {
    expect(parseManifest(formatManifest(written), 10)).toEqual(written);
  });

  test("cut off anywhere, or with one character changed, is another one or none", () => {
    const text = formatManifest(some);
    for (let length = 0; length < text.length; length += 1) {
      const cut = parseManifest(text.slice(0, length), 10);
      expect(cut === undefined || cut.files.size < some.files.size).toBe(true);
      const changed = `${text.slice(0, length)}\u0000${text.slice(length + 1)}`;
      expect(parseManifest(changed, 10)).toBeUndefined();
    }
  });

  const good = `${hash("1")} 3 1000 644`;
  test.each([
    "",
    "provlab/mirror@2 complete\n",
    "provlab/mirror@1 complete",
    `provlab/mirror@1 complete\n${good} a\n${good} a\n`,
    `provlab/mirror@1 complete\n${good} a\n${good} b\n${good} c\n`,
    `provlab/mirror@1 complete\n${good} ../a\n`,
    `provlab/mirror@1 complete\n${good} /a\n`,
    `provlab/mirror@1 complete\n${hash("1")} -3 1000 644 a\n`,
    `provlab/mirror@1 complete\n${hash("1")} 3 1000 4755 a\n`,
    `provlab/mirror@1 complete\n${hash("1").slice(1)} 3 1000 644 a\n`,
  ])("%j is none", (text) => {
    expect(parseManifest(text, 2)).toBeUndefined();
  });
});

test.each([
  "../a",
  "a/../b",
  "a/..",
  "/a",
  "a//b",
  "./a",
  "a/",
  "",
  ".",
  "a\nb",
  "a\0b",
  "x".repeat(256),
  ".provlab-incoming/0",
  ".provlab-replaced/a",
  "a\ufffdb",
])("%j is no path of a mirror", (path) => {
  expect(isMirrorPath(path)).toBe(false);
});

test.each(["a", "a/b/c", "..a", "a..", ".hidden", "größe"])("%j is one", (path) => {
  expect(isMirrorPath(path)).toBe(true);
});
