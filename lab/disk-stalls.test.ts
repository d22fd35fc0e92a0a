import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type DiskStalls, diskStallEnvironment } from "./disk-stalls.ts";

/** Syncs a file again and again, and prints when each sync began and ended. */
const program = `
  import { closeSync, fdatasyncSync, openSync } from "node:fs";
  const file = openSync(process.env.FILE, "w");
  const times = [];
  for (let round = 0; round < Number(process.env.ROUNDS); round += 1) {
    const beginMs = Date.now();
    fdatasyncSync(file);
    times.push([beginMs, Date.now()]);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 7);
  }
  closeSync(file);
  console.log(JSON.stringify(times));
`;
/** The same in another thread, as the server syncs. */
const inThread = `
  import { Worker } from "node:worker_threads";
  new Worker(new URL("data:text/javascript," + encodeURIComponent(process.env.PROGRAM)));
`;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "provlab-disk-stalls-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function syncs(stalls: DiskStalls, rounds: number, source = program): readonly [number, number][] {
  const output = execFileSync(process.execPath, ["--input-type=module", "--eval", source], {
    env: {
      ...{ PATH: process.env["PATH"], FILE: join(folder, "leases"), ROUNDS: String(rounds) },
      ...{ PROGRAM: program, ...diskStallEnvironment(stalls) },
    },
    encoding: "utf8",
  });
  return JSON.parse(output) as [number, number][];
}

test.each([
  ["the main thread", program],
  ["a thread", inThread],
])("each sync of %s takes longer", (_, source) => {
  for (const [beginMs, endMs] of syncs({ stallMs: 50 }, 3, source)) {
    expect(endMs - beginMs).toBeGreaterThanOrEqual(49);
  }
});

test("a sync that begins in a stall of the disk ends after it", () => {
  const [stallMs, everyMs] = [60, 120];
  const stalled = syncs({ stallMs, everyMs }, 40).filter(([beginMs, endMs]) => {
    const remainingMs = stallMs - (beginMs % everyMs);
    expect(endMs - beginMs).toBeGreaterThanOrEqual(remainingMs - 1);
    return remainingMs > 10;
  });
  expect(stalled.length).toBeGreaterThan(0);
});

test("a file on another disk is not stalled", () => {
  expect(syncs({ stallMs: 3_600_000, path: join(folder, "other") }, 3)).toHaveLength(3);
  const [[beginMs, endMs]] = syncs({ stallMs: 50, path: join(folder, "lea") }, 1);
  expect(endMs - beginMs).toBeGreaterThanOrEqual(49);
});
