import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { lockLeaseFile } from "./lease-file-lock.ts";

const folder = mkdtempSync(join(tmpdir(), "provlab-lock-"));
afterAll(() => rmSync(folder, { recursive: true }));

test.runIf(process.platform === "linux")(
  "one lease file has one server, by any of its names",
  async () => {
    const path = join(folder, "dhcpd.leases");
    const link = join(folder, "link.leases");
    writeFileSync(path, "");
    symlinkSync(path, link);
    const release = await lockLeaseFile(path);
    expect(release).toBeDefined();
    expect(await lockLeaseFile(path)).toBeUndefined();
    expect(await lockLeaseFile(link)).toBeUndefined();
    release!();
    const again = await lockLeaseFile(link);
    expect(again).toBeDefined();
    again!();
  },
);

test("a file that is missing is told as such", async () => {
  await expect(lockLeaseFile(join(folder, "missing"))).rejects.toThrow("ENOENT");
});
