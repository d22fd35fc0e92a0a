import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { clockOffset, setClock } from "./pair-actions.ts";

test("whoever reads a clock's file finds the old offset or the new one, and never a part", () => {
  const folder = mkdtempSync(join(tmpdir(), "provlab-clock-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "clock");
  setClock(file, 0);
  const reader = openSync(file, "r");
  onTestFinished(() => closeSync(reader));
  setClock(file, -2000);
  expect([readFileSync(reader, "utf8"), readFileSync(file, "utf8")]).toEqual(["+0\n", "-2\n"]);
});

test("offsets are written as libfaketime reads them", () => {
  expect([clockOffset(0), clockOffset(600_000), clockOffset(-500)]).toEqual([
    ...["+0\n", "+600\n", "-0.5\n"],
  ]);
});
