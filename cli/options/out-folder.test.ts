import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeOutFolder } from "./out-folder.ts";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "provlab-out-"));
});

afterAll(() => rmSync(folder, { recursive: true }));

test("makes the folder, and those above it, and leaves them empty", () => {
  const out = join(folder, "runs", "evening");
  makeOutFolder(out);
  makeOutFolder(out);
  expect(readdirSync(out)).toEqual([]);
});

test.each([
  ["a file", "file", "ENOTDIR"],
  ["below a file", "file/out", "ENOTDIR"],
  ["below a file, deeper", "file/out/evening", "ENOTDIR"],
])("%s: one sentence", (_, path, code) => {
  writeFileSync(join(folder, "file"), "mine");
  const out = join(folder, path);
  expect(() => makeOutFolder(out)).toThrow(
    `--out ${out}: nothing can be written there (${code}); name a folder that can be`,
  );
});

test.skipIf(!existsSync("/proc/self"))(
  "where no folder can be made, it does not try for ever",
  () => {
    expect(() => makeOutFolder("/proc/none/out")).toThrow(
      "--out /proc/none/out: nothing can be written there (ENOENT)",
    );
  },
);
