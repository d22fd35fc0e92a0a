import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import type { RunResult } from "../../reports/result/run-result.ts";
import { prov } from "../prov-command.testing.ts";
import { connect, renew, smallScenario } from "../small-scenario.testing.ts";

// A run as somebody watches and steers it: `prov run --ui`, and its page in a browser.

const folder = mkdtempSync(join(tmpdir(), "provlab-live-"));
const screenshots = process.env["PROVLAB_SCREENSHOTS"];
afterAll(() => rmSync(folder, { recursive: true }));

const found = spawnSync("which", ["chromium"], { encoding: "utf8" });
const missing = found.status === 0 ? undefined : "not installed: chromium";
const WAIT_MS = 20_000;

function scenarioOf(seconds: number): string {
  return smallScenario("live", {
    title: "A run to look at <b>",
    population: { cableModems: 300, mtas: 100, cpes: 50, smartMeters: 50, cmtsCount: 4 },
    phases: [connect(200), renew(100, seconds)],
    thresholds: ["renew.renew.timeouts == 0", "renew.renew.latencyMs.p99 < 60000"],
  });
}

/** A run of a test, with its page. */
class WatchedRun {
  readonly #process: ChildProcess;
  readonly #out: string;
  url = "";

  private constructor(name: string, seconds: number, linger: string) {
    const path = join(folder, `${name}.yaml`);
    writeFileSync(path, scenarioOf(seconds));
    this.#out = join(folder, name);
    const args = ["run", path, "--out", this.#out, "--workers", "1", "--ui", "--ui-linger", linger];
    this.#process = spawn(process.execPath, [prov, ...args], {
      stdio: ["ignore", "ignore", "pipe"],
    });
  }

  static async start(name: string, seconds: number, linger = "0 s"): Promise<WatchedRun> {
    const run = new WatchedRun(name, seconds, linger);
    let said = "";
    run.#process.stderr!.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    await vi.waitFor(() => {
      run.url = /Live view: (\S+)/.exec(said)![1];
    }, WAIT_MS);
    return run;
  }

  async status(): Promise<number | null> {
    if (this.#process.exitCode !== null) return this.#process.exitCode;
    const [status] = (await once(this.#process, "exit")) as [number | null];
    return status;
  }

  result(): RunResult {
    return JSON.parse(readFileSync(join(this.#out, "result.json"), "utf8")) as RunResult;
  }

  /** As Ctrl-C does. */
  interrupt(): void {
    this.#process.kill("SIGINT");
  }

  kill(): void {
    this.#process.kill("SIGKILL");
  }
}

/** Asks the page's server with headers that no browser would let a script set. */
async function ask(
  url: string,
  { method = "GET", body = "", ...headers }: Record<string, string> = {},
): Promise<{ readonly status: number; readonly headers: Record<string, unknown> }> {
  const asked = request(url, { method, headers });
  asked.end(body);
  const [answer] = (await once(asked, "response")) as [import("node:http").IncomingMessage];
  answer.resume();
  return { status: answer.statusCode!, headers: answer.headers };
}

describeUnless(missing, "the live page in Chromium", () => {
  let browser: Browser;
  let run: WatchedRun | undefined;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: found.stdout.trim(),
      // As root, as in a container, it has no sandbox; the page is ours and asks for nothing.
      args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
    });
  });
  afterAll(async () => browser?.close());
  afterEach(() => run?.kill());

  async function open(
    url: string,
    reader: { readonly width?: number; readonly colorScheme?: "light" | "dark" } = {},
  ): Promise<{ readonly page: Page; readonly complaints: string[] }> {
    const { width = 1280, colorScheme = "light" } = reader;
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => complaints.push(`threw: ${error.message}`));
    page.on("request", (asked) => {
      if (!asked.url().startsWith(url)) complaints.push(`asked for ${asked.url()}`);
    });
    await page.goto(url);
    return { page, complaints };
  }

  const points = async (page: Page): Promise<number> =>
    Number(await page.locator("#charts").getAttribute("data-points"));
  const state = (page: Page) => page.locator("#state").textContent();
  const until = (check: () => Promise<void>) =>
    vi.waitFor(check, { timeout: WAIT_MS, interval: 100 });

  test("draws, moves, fits a telephone, and aborts the run when it is told to twice", async () => {
    run = await WatchedRun.start("abort", 60);
    const { page, complaints } = await open(run.url);
    expect(await page.locator("h1").textContent()).toBe("A run to look at <b>");
    await until(async () => expect(await points(page)).toBeGreaterThan(3));
    const before = await points(page);
    await until(async () => expect(await points(page)).toBeGreaterThan(before + 1));
    expect(await state(page)).toBe("RUNNING");
    const colours = (await page.evaluate(`[...document.querySelectorAll(".chart canvas")].map(
      (canvas) => new Set(new Uint32Array(canvas.getContext("2d")
        .getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size)`)) as number[];
    expect(colours.length).toBeGreaterThanOrEqual(3);
    for (const each of colours) expect(each).toBeGreaterThan(5);
    expect(await page.locator("#figures").textContent()).toMatch(/of 500.*achieved a second/);

    for (const width of [390, 1280] as const) {
      for (const colorScheme of ["light", "dark"] as const) {
        const other = await open(run.url, { width, colorScheme });
        // Whoever joins has all that was.
        await until(async () => expect(await points(other.page)).toBeGreaterThan(before));
        const overflow =
          "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        expect(await other.page.evaluate(overflow)).toBeLessThanOrEqual(0);
        expect(other.complaints).toEqual([]);
        if (screenshots !== undefined) {
          const path = join(screenshots, `live-${width}-${colorScheme}.png`);
          await other.page.screenshot({ path, fullPage: true });
        }
        await other.page.context().close();
      }
    }

    await page.locator("#abort").click();
    expect(await page.locator("#abort").textContent()).toBe("Abort: sure?");
    expect(await state(page)).toBe("RUNNING");
    await page.locator("#abort").click();
    await until(async () => expect(await state(page)).toBe("INVALID"));
    expect(await page.locator("#reasons").textContent()).toBe("The run was stopped early.");
    expect(await page.locator("#controls").isVisible()).toBe(false);
    expect(complaints).toEqual([]);
    expect(await run.status()).not.toBe(0);
    expect(run.result()).toMatchObject({ verdict: "invalid" });
    expect(run.result().phases.at(-1)!.endedBy).toBe("aborted");
    await page.context().close();
  });

  test("a pause holds the arrivals, the pace scales them, and the result says so", async () => {
    run = await WatchedRun.start("pause", 8, "60 s");
    const { page, complaints } = await open(run.url);
    await until(async () => expect(await page.locator("#line").textContent()).toContain("renew"));
    expect(await page.locator("#thresholds td").allTextContents()).toEqual([
      ...["at the end", "renew.renew.timeouts == 0", "", ""],
      ...["at the end", "renew.renew.latencyMs.p99 < 60000", "", ""],
    ]);
    await page.locator("#pause").click();
    await until(async () => expect(await state(page)).toBe("PAUSED"));
    const offered = page.locator(".figure", { hasText: "offered a second" }).locator("b");
    await until(async () => expect(await offered.textContent()).toBe("0"));
    await page.locator("#pause").click();
    await until(async () => expect(await state(page)).toBe("RUNNING"));
    await page.locator("button", { hasText: "× 2" }).click();
    await until(async () => {
      expect(Number(await offered.textContent())).toBeGreaterThan(150);
    });
    await until(async () => expect(await state(page)).toBe("INVALID"));
    expect(await page.locator("#reasons").textContent()).toMatch(
      /By hand, the run was paused for [\d.]+ s and went at 2 times its rates/,
    );
    expect((await page.locator("#thresholds td").allTextContents()).slice(0, 4)).toEqual([
      ...["✓ holds", "renew.renew.timeouts == 0", "0", "exact"],
    ]);
    await page.locator("#report a").click();
    await until(async () =>
      expect(await page.locator(".verdict").textContent()).toContain("INVALID"),
    );
    expect(await page.locator(".chart canvas").count()).toBeGreaterThan(2);
    expect(complaints).toEqual([]);
    // What was to come came all the same.
    expect(run.result().phases[1].streams[0]).toMatchObject({ offered: 800, sent: 800 });
    await page.context().close();
    // It would stay for a minute.
    run.interrupt();
    expect(await run.status()).not.toBe(0);
  });

  test("is nobody else's: token, host, origin, method and size are looked at", async () => {
    run = await WatchedRun.start("mine", 60);
    const { url } = run;
    const { origin, port } = new URL(url);
    const json = { method: "POST", "content-type": "application/json" };
    const statusOf = async (...args: Parameters<typeof ask>) => (await ask(...args)).status;
    expect(await statusOf(url)).toBe(200);
    expect(await statusOf(`${origin}/`)).toBe(403);
    expect(await statusOf(`${origin}/${"x".repeat(24)}/`)).toBe(403);
    expect(await statusOf(`${origin}/${"x".repeat(24)}/abort`, json)).toBe(403);
    expect(await statusOf(url, { host: `evil.example:${port}` })).toBe(403);
    expect(await statusOf(url, { host: `localhost:${port}` })).toBe(200);
    expect(await statusOf(`${url}nothing`)).toBe(404);
    expect(await statusOf(`${url}report`)).toBe(404);
    expect(await statusOf(url, { method: "DELETE" })).toBe(405);
    expect(await statusOf(`${url}abort`)).toBe(404);
    const abort = `${url}abort`;
    expect(await statusOf(abort, { ...json, origin: "http://evil.example" })).toBe(403);
    expect(await statusOf(abort, { ...json, "sec-fetch-site": "cross-site" })).toBe(403);
    const pace = `${url}pace`;
    for (const body of [
      "",
      "x",
      "{}",
      '{"pace":-1}',
      '{"pace":"2"}',
      '{"pace":99}',
      `{"pace":1${" ".repeat(9999)}}`,
    ]) {
      expect(await statusOf(pace, { ...json, body })).toBe(400);
    }
    expect(await statusOf(pace, { ...json, body: '{"pace":0.5}' })).toBe(204);
    const { headers } = await ask(url);
    expect(headers["access-control-allow-origin"]).toBeUndefined();
    expect(headers["content-security-policy"]).toContain("default-src 'none'");
    expect(await statusOf(abort, json)).toBe(204);
    expect(await run.status()).not.toBe(0);
  });
});
