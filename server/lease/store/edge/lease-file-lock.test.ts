import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { describeUnless } from "../../../../base/net/describe-unless.testing.ts";
import { libc, libcMissingReason } from "../../../../base/net/kernel/libc.ts";
import { LOCK_EX, LOCK_NB } from "../../../../base/net/kernel/linux.ts";
import { StartError } from "../../../process/start-error.ts";
import { lockLeaseFile } from "./lease-file-lock.ts";

const folders = mkdtempSync(join(tmpdir(), "provlab-lock-"));
afterAll(() => rmSync(folders, { recursive: true }));
let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(folders, "folder-"));
  path = join(folder, "dhcpd.leases");
  writeFileSync(path, "");
});

function take(name = path): () => void {
  const lock = lockLeaseFile(name);
  if (lock.kind !== "taken") throw new Error(`the lock is ${lock.kind}`);
  return lock.release;
}

describeUnless(libcMissingReason(), "the lock of a lease file", () => {
  const held = { kind: "held", by: process.pid };

  test("one lease file has one server, by any of its names; the holder is named", () => {
    const link = join(folder, "link.leases");
    symlinkSync(path, link);
    const release = take();
    expect(lockLeaseFile(path)).toEqual(held);
    expect(lockLeaseFile(link)).toEqual(held);
    release();
    const again = take(link);
    expect(lockLeaseFile(path)).toEqual(held);
    again();
  });

  test("a rewrite, which puts another file in its place, does not free it", () => {
    const release = take();
    writeFileSync(`${path}.rewrite`, "");
    renameSync(`${path}.rewrite`, path);
    expect(lockLeaseFile(path)).toEqual(held);
    release();
  });

  test("a file that is missing is locked by its name, as it is made later", () => {
    const missing = join(folder, "missing");
    const release = take(missing);
    writeFileSync(missing, "");
    expect(lockLeaseFile(missing)).toEqual(held);
    release();
    take(join(folder, "no-folder", "leases"))();
  });

  test("another user cannot hold it: neither by the file, which he may read, nor by a name", async () => {
    const reader = openSync(path, "r");
    onTestFinished(() => closeSync(reader));
    expect(libc().flock(reader, LOCK_EX | LOCK_NB)).toBe(0);
    const digest = createHash("sha256").update(path).digest("hex");
    const name = createServer().listen(`\0provlab-leases-${digest}`);
    onTestFinished(() => void name.close());
    await once(name, "listening");
    take()();
    expect(statSync(`${path}.lock`).mode & 0o777).toBe(0o600);
  });

  test("what stands in its place is refused when it is a link, and never written to", () => {
    const other = join(folder, "other");
    writeFileSync(other, "kept");
    symlinkSync(other, `${path}.lock`);
    expect(() => lockLeaseFile(path)).toThrow(StartError);
    rmSync(`${path}.lock`);
    writeFileSync(`${path}.lock`, "kept");
    take()();
    expect(readFileSync(`${path}.lock`, "latin1")).toBe("kept");
  });
});
