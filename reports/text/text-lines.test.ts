import { expect, test } from "vitest";
import { sampleResult } from "../result/sample-result.testing.ts";
import { renderSummary } from "./render-summary.ts";
import { hanging, plainText, terminalColours } from "./text-lines.ts";

test("a long line goes on below itself, within 80 columns, without losing a word", () => {
  const line = `label          ${"some words of different lengths ".repeat(9).trim()}`;
  const lines = hanging(line);
  expect(lines.length).toBeGreaterThan(3);
  for (const each of lines) expect(each.length).toBeLessThanOrEqual(80);
  expect(lines.slice(1).every((each) => /^ {15}\S/.test(each))).toBe(true);
  expect(lines.map((each) => each.trim()).join(" ")).toBe(line);
});

test("a short line stays, and a path is not torn", () => {
  expect(hanging("short")).toEqual(["short"]);
  const path = "/a".repeat(60);
  expect(hanging(`wrote          ${path} b`)).toEqual([
    `wrote          ${path}`,
    `${" ".repeat(15)}b`,
  ]);
});

const failed = sampleResult({
  verdict: "fail",
  reasons: [
    "Phase connect reached its time limit before every device was bound. ".repeat(3).trim(),
  ],
  thresholds: [{ text: `mixed.renew.timeouts == 0${" ".repeat(3)}`, actual: 3, holds: false }],
  safety: {
    ...sampleResult().safety,
    malformedReplies: 1,
    examples: ["a long example ".repeat(9)],
  },
});

test("the summary of a run with much to say still fits 80 columns", () => {
  const files = ["result.json", "report.html", "timeseries.csv", "summary.md", "junit.xml"];
  const text = renderSummary(
    failed,
    files.map((file) => `runs/sample/${file}`),
  );
  expect(text.split("\n").filter((line) => line.length > 80)).toEqual([]);
  expect(text).not.toContain("\u001b");
});

test("colours set off the verdict and what failed, and change no word", () => {
  const coloured = renderSummary(failed, [], terminalColours);
  expect(coloured).toContain("\u001b[31mFAIL\u001b[0m  sample");
  expect(coloured).toContain("\u001b[31m               FAILED mixed.renew");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
  expect(coloured.replace(/\u001b\[[\d;]*m/g, "")).toBe(renderSummary(failed, [], plainText));
  expect(renderSummary(sampleResult(), [], terminalColours)).toContain("\u001b[1;32mPASS\u001b[0m");
});

test("a terminal obeys nothing that a result says", () => {
  const name = "\u001b]0;title\u0007\u009b2J";
  const phases = sampleResult().phases.map((phase) => ({ ...phase, name }));
  const text = renderSummary(sampleResult({ reasons: [name], phases }), [name]);
  expect(text.replaceAll("\n", "")).not.toMatch(/\p{Control}/u);
});
