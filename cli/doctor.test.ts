import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { runDoctor } from "./doctor.ts";
import { captureOutput } from "./output.testing.ts";

const said = captureOutput();

test("a folder that cannot be written to is told at once, with status 2", async () => {
  expect(await runDoctor(["/proc/runs"])).toBe(2);
  expect(said.stderr).toMatch(/^prov doctor: \/proc: cannot be written \(E[A-Z]+\)/);
});

test("so is a file in place of a folder", async () => {
  const folder = mkdtempSync(join(tmpdir(), "provlab-doctor-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "file"), "");
  expect(await runDoctor([join(folder, "file")])).toBe(2);
  expect(said.stderr).toContain("(ENOTDIR)");
  expect(readdirSync(folder)).toEqual(["file"]);
});
