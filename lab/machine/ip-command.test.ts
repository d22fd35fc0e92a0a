import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runToolInto } from "./ip-command.ts";
import { LabError } from "./lab-error.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "provlab-tool-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

test("what a program prints goes to the file, however much it is", () => {
  const file = join(folder, "out");
  runToolInto(file, ["head", "-c", "20000000", "/dev/zero"]);
  expect(readFileSync(file).length).toBe(20_000_000);
});

test("a program that fails, or is missing, is told with what it said", () => {
  const file = join(folder, "failed");
  expect(() => runToolInto(file, ["sh", "-c", "echo no store >&2; exit 3"])).toThrow(
    new LabError("sh -c echo no store >&2; exit 3: no store"),
  );
  expect(() => runToolInto(file, ["provlab-nothing-of-that-name"])).toThrow(LabError);
});
