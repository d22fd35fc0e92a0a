import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { hasTool } from "./machine/ip-command.ts";
import { NodeDisk } from "./node-disk.ts";
import { clockOffset, setClock } from "./pair-actions.ts";
import { slowSyncs } from "./slow-disk.ts";

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "provlab-disk-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

describe.runIf(process.platform === "linux" && process.getuid?.() === 0)("a node's disk", () => {
  test("is full, has room again, and is gone afterwards", () => {
    const folder = temporaryFolder();
    const disk = new NodeDisk(folder);
    disk.mount();
    onTestFinished(() => disk.close());
    const write = (name: string) => () => writeFileSync(join(folder, name), "x".repeat(100_000));
    write("before")();
    disk.fill();
    expect(write("meanwhile")).toThrow(/ENOSPC/);
    disk.empty();
    expect(write("after")).not.toThrow();
    disk.close();
    // The folder beneath was never written to.
    writeFileSync(join(folder, "beneath"), "");
    disk.close();
  });
});

describe.runIf(process.platform === "linux" && process.getuid?.() === 0)("a disk in use", () => {
  test("is full, although its programs go on writing meanwhile", async () => {
    const folder = temporaryFolder();
    const disk = new NodeDisk(folder);
    disk.mount();
    onTestFinished(() => disk.close());
    const child = spawn(process.execPath, ["-e", writer, folder], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(child, "exit");
    onTestFinished(async () => {
      child.kill("SIGKILL");
      await ended;
    });
    await once(child.stdout, "data");
    for (let times = 0; times < 20; times += 1) {
      disk.fill();
      expect(() => writeFileSync(join(folder, "own"), Buffer.alloc(70_000))).toThrow(/ENOSPC/);
      disk.empty();
    }
  });
});

// Appends to a file of its folder again and again, 100 MB at most; a full disk does not end it.
const writer = `
const { appendFileSync } = require("node:fs");
const endMs = Date.now() + 30_000;
for (let written = 0; written < 1e8 && Date.now() < endMs; ) {
  try {
    appendFileSync(process.argv[1] + "/growing", Buffer.alloc(4096));
    if (written === 0) process.stdout.write("writes\\n");
    written += 4096;
  } catch (error) {
    if (error.code !== "ENOSPC") throw error;
  }
}
`;

// Syncs again and again, and tells how long each took.
const syncer = `
const { fdatasyncSync, openSync, writeSync } = require("node:fs");
const file = openSync(process.argv[1], "w");
setInterval(() => {
  writeSync(file, "x");
  const startMs = performance.now();
  fdatasyncSync(file);
  process.stdout.write((performance.now() - startMs).toFixed(1) + "\\n");
}, 20);
`;

describe.runIf(process.platform === "linux" && hasTool("strace", "-V"))("a slow disk", () => {
  test("delays each sync of a running program until it is let go", async () => {
    const file = join(temporaryFolder(), "file");
    const child = spawn(process.execPath, ["-e", syncer, file], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    let times: number[] = [];
    child.stdout.on("data", (chunk: Buffer) => {
      times.push(...chunk.toString().trim().split("\n").map(Number));
    });
    const some = (count: number) =>
      expect.poll(() => times.length, { timeout: 10_000 }).toBeGreaterThan(count);
    await some(3);
    const letGo = await slowSyncs([child.pid!], 100);
    times = [];
    await some(4);
    // The first may have begun before.
    expect(Math.min(...times.slice(1))).toBeGreaterThanOrEqual(100);
    await letGo();
    times = [];
    await some(10);
    expect(Math.min(...times)).toBeLessThan(100);
  });

  test("a program that is not there cannot be slowed", async () => {
    await expect(slowSyncs([2 ** 22 - 1], 100)).rejects.toThrow(/strace: .*/);
  });
});

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
