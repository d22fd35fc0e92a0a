import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { failoverResultOf } from "../../reports/failover/analyse.ts";
import { killRun } from "../../reports/failover/made-up-run.testing.ts";
import { sampleResult } from "../../reports/result/sample-result.testing.ts";
import { writeFiles } from "../../reports/write-files.ts";

// The line of time as a reader has it: drawn without a script, on every width, and on paper.

const folder = mkdtempSync(join(tmpdir(), "provlab-failover-"));
afterAll(() => rmSync(folder, { recursive: true }));

const found = spawnSync("which", ["chromium"], { encoding: "utf8" });
const missing = found.status === 0 ? undefined : "not installed: chromium";

const failover = failoverResultOf(
  killRun(
    [],
    [
      { atMs: 0, node: "a", role: "active", epoch: 1 },
      { atMs: 0, node: "b", role: "standby", epoch: 1 },
      { atMs: 10_600, node: "b", role: "active", epoch: 2 },
    ],
  ),
)!;

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const boxes = `Object.fromEntries(
  [["body", ".tl-body"], ["mark", ".tl-mark"], ["gap", ".tl-gap"], ["area", ".tl-area svg"]].map(
    ([name, selector]) => {
      const { left, right, top, bottom } = document.querySelector(selector).getBoundingClientRect();
      return [name, { left, right, top, bottom }];
    },
  ),
)`;

describeUnless(missing, "the line of time in Chromium", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: found.stdout.trim(),
      // As root, as in a container, it has no sandbox; the page is ours and asks for nothing.
      args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
    });
  });
  afterAll(async () => browser?.close());

  test.each([
    [390, "screen"],
    [1280, "screen"],
    [1280, "print"],
  ] as const)("%s px wide, for %s: marks, gap and ACKs are at one place", async (width, media) => {
    const [path] = writeFiles(join(folder, `${media}-${width}`), sampleResult({ failover }), [
      "html",
    ]);
    const context = await browser.newContext({
      viewport: { width, height: 900 },
    });
    const page = await context.newPage();
    await page.goto(pathToFileURL(path!).href);
    await page.emulateMedia({ media });
    const overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
    expect(await page.evaluate(overflow)).toBe(0);
    const { body, mark, gap, area } = (await page.evaluate(boxes)) as Record<string, Box>;
    expect(area!.left).toBeCloseTo(body!.left, 0);
    expect(area!.right).toBeCloseTo(body!.right, 0);
    // The kill is at 10 of 40 s.
    const scale = (area!.right - area!.left) / 40;
    expect(Math.abs(mark!.left - area!.left - 10 * scale)).toBeLessThan(2);
    expect(Math.abs(gap!.left - area!.left - 10 * scale)).toBeLessThan(2);
    expect(Math.abs(gap!.right - gap!.left - Math.max(2, 0.64 * scale))).toBeLessThan(1);
    expect(Math.abs(gap!.bottom - area!.bottom)).toBeLessThan(3);
    expect(mark!.top).toBeLessThan(gap!.top);
    await context.close();
  });
});
