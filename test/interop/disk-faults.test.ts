import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { NodeDisk } from "../../lab/node-disk.ts";
import { slowSyncs } from "../../lab/slow-disk.ts";
import { describeWithPeers } from "./namespaces.testing.ts";

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "provlab-disk-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

describeWithPeers("a node's disk", ["mount"], () => {
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

describeWithPeers("a disk in use", ["mount"], () => {
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

describeWithPeers("a slow disk", ["strace"], () => {
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
    const some = (count: number) => expect.poll(() => times.length).toBeGreaterThan(count);
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
