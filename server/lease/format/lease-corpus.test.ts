import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { address } from "../lease-samples.testing.ts";
import { LeaseFileStore } from "../store/edge/lease-file-store.ts";
import { LeaseTable } from "../table/lease-table.ts";
import { corpusDirectory, meaningOf, rewriteLeaseFile } from "./lease-corpus.testing.ts";
import { parseLeaseFile } from "./parse-lease-file.testing.ts";

describe.each(readdirSync(corpusDirectory))("%s, which ISC dhcpd 4.4.3-P1 wrote", (name) => {
  let directory: string;
  let path: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "provlab-corpus-"));
    path = join(directory, "dhcpd.leases");
    copyFileSync(join(corpusDirectory, name), path);
  });

  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  test("is read to its end, and nothing of it is passed over", () => {
    const { records, skipped, error, tornTail } = parseLeaseFile(readFileSync(path));
    expect({ error, tornTail, skipped }).toEqual({
      ...{ error: undefined, tornTail: undefined, skipped: [] },
    });
    expect(records.length).toBeGreaterThan(10);
  });

  test("means the same after a rewrite, and after another", () => {
    const original = meaningOf(path);
    expect(original.leases.size).toBeGreaterThan(10);
    rewriteLeaseFile(path);
    expect(readFileSync(path, "latin1")).toContain("written by provlab");
    expect(meaningOf(path)).toEqual(original);
    const once = readFileSync(path, "latin1");
    rewriteLeaseFile(path);
    expect(readFileSync(path, "latin1")).toBe(once);
  });
});

test("what OMAPI clients made is there as data", () => {
  const directory = mkdtempSync(join(tmpdir(), "provlab-corpus-"));
  const path = join(directory, "dhcpd.leases");
  copyFileSync(join(corpusDirectory, "everything-appended.leases"), path);
  const ranges = [{ low: address(0), high: address(1), pool: 0 }];
  const store = LeaseFileStore.open(path, new LeaseTable(ranges));
  store.close();
  rmSync(directory, { recursive: true });
  const made = { isDynamic: true, isDeleted: false, fixedAddresses: [], statements: [] };
  expect(store.hosts.hosts).toEqual([
    {
      ...made,
      name: "modem1",
      hardware: { type: 1, address: Uint8Array.of(2, 0, 0, 0, 0, 9) },
      fixedAddresses: [0x0a10_01f1],
      statements: ['supersede host-name = "a;{b";', "supersede routers = 0a:10:01:01;"],
    },
    { ...made, name: "modem2", clientId: new TextEncoder().encode("plain id") },
    { ...made, name: "modem3", clientId: Uint8Array.of(1, 2, 255, 34) },
    { ...made, name: "modem4", isDeleted: true },
    { ...made, name: "conf2", isDynamic: false, isDeleted: true },
    {
      ...made,
      name: "modem5",
      hardware: { type: 1, address: Uint8Array.of(2, 0, 0, 0, 0, 11) },
      groupName: "g1",
    },
  ]);
});
