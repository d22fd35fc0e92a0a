import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { fuzzTargetNames } from "../../bench/fuzz/parsers/targets.ts";
import { packageRoot } from "../../lab/machine/package-root.ts";

const seed = Number(process.env["PROVLAB_SEED"] ?? Date.now() % 1_000_000_000);
const seconds = 60;

const folder = mkdtempSync(join(tmpdir(), "provlab-fuzz-"));
afterAll(() => rmSync(folder, { recursive: true }));

// The corpora are played by bench/fuzz/parsers/corpus.test.ts.
test(`a minute of new inputs shows no fault of a parser (seed ${seed})`, async () => {
  const { status, stdout } = await fuzz("--seconds", seconds, "--seed", seed);
  expect(stdout).not.toContain("FOUND");
  expect(status).toBe(0);
  for (const name of fuzzTargetNames) {
    const row = new RegExp(`^${name} +([\\d,]+) +([\\d,]+) `, "m").exec(stdout);
    const [executions, edges] = (row ?? [])
      .slice(1)
      .map((text) => Number(text.replaceAll(",", "")));
    expect(executions, `executions of ${name}`).toBeGreaterThan(0);
    expect(edges, `edges of ${name}`).toBeGreaterThan(0);
  }
});

function fuzz(...args: readonly (string | number)[]) {
  const program = join(packageRoot, "dist", "bench", "fuzz", "main.js");
  return new Promise<{ readonly status: number | null; readonly stdout: string }>((settle) => {
    const child = execFile(
      process.execPath,
      [program, ...args.map(String), "--out", folder],
      { maxBuffer: 64 * 1024 * 1024 },
      (_error, stdout, stderr) => settle({ status: child.exitCode, stdout: stdout + stderr }),
    );
  });
}
