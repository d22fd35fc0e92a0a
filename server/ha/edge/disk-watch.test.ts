import { existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Logger } from "../../../base/log.ts";
import { DiskWatch } from "./disk-watch.ts";

const patient = { timeout: 20_000, interval: 20 };
const said: string[] = [];
const logger = {
  info: (line: string) => said.push(line),
  warn: (line: string) => said.push(line),
} as unknown as Logger;

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "provlab-disk-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test.skipIf(!existsSync("/dev/full"))(
  "HA-34: a disk that takes nothing has failed after its time, and works again when it does",
  async () => {
    const folder = newFolder();
    const file = join(folder, ".provlab-disk");
    const watch = await DiskWatch.start({ folder, failedMs: 1500 }, logger);
    expect(watch.works).toBe(true);
    rmSync(file);
    symlinkSync("/dev/full", file);
    await expect.poll(() => watch.works, patient).toBe(false);
    expect(said).toEqual([expect.stringMatching(/takes nothing: .*(ENOSPC|no space).*HA-34/i)]);
    rmSync(file);
    await expect.poll(() => watch.works, patient).toBe(true);
    expect(said.slice(1)).toEqual([expect.stringMatching(/again$/)]);
    await watch.close();
    await expect.poll(() => existsSync(file), patient).toBe(false);
  },
);

test("a folder that is not there is told at the start", async () => {
  const folder = join(newFolder(), "none");
  await expect(DiskWatch.start({ folder, failedMs: 300 }, logger)).rejects.toThrow(
    /Cannot watch the disk of .*none: /,
  );
});
