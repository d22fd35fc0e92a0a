import {
  appendFileSync,
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { writeRecord } from "../../format/lease-file.ts";
import { address, modemLease, modemText, sampleRecords } from "../../lease-samples.testing.ts";
import { LeaseTable } from "../../table/lease-table.ts";
import { LateSync, PromptSync, systemError, watchedDisk } from "../lease-disk.testing.ts";
import type { LeaseDisk } from "../lease-disk.ts";
import { describeLeaseStore } from "../lease-store.testing.ts";
import { LeaseStoreError } from "../lease-store.ts";
import { LeaseFileStore, type LeaseFileStoreOptions } from "./lease-file-store.ts";
import { nodeDisk, unfollowing } from "./node-disk.ts";

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "provlab-leases-"));
  path = join(directory, "dhcpd.leases");
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

const newTable = (): LeaseTable =>
  new LeaseTable([{ low: address(0), high: address(255), pool: 0 }]);

function errorOf(call: () => unknown): LeaseStoreError {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(LeaseStoreError);
    return error as LeaseStoreError;
  }
  throw new Error("expected a LeaseStoreError");
}

/** Runs a rewrite to its end; returns the number of slices. */
function rewrite(store: LeaseFileStore, nowSeconds = 2_000_000_000): number {
  let slices = 1;
  while (store.maintain(nowSeconds)) slices += 1;
  return slices;
}

const kinds = [
  { durability: "fsync", isLate: false },
  { durability: "fsync", isLate: true },
  { durability: "os", isLate: false },
] as const;

for (const { durability, isLate } of kinds) {
  describeLeaseStore(`LeaseFileStore (${durability}${isLate ? ", in the background" : ""})`, () => {
    const own = mkdtempSync(join(tmpdir(), "provlab-store-"));
    let code: string | undefined;
    // A sync fails where there is one, and else the write.
    const failing = durability === "fsync" ? "sync" : "write";
    const disk = watchedDisk(nodeDisk, (_, name) => {
      if (name !== failing || code === undefined) return;
      const thrown = code;
      code = undefined;
      throw systemError(thrown);
    });
    return {
      open: (table) =>
        LeaseFileStore.open(join(own, "leases"), table, {
          ...{ create: true, durability, disk },
          backgroundSyncs: isLate ? [new LateSync(disk)] : [],
        }),
      failNextCommit(next) {
        code = next;
      },
      remove: () => rmSync(own, { recursive: true, force: true }),
    };
  });
}

describeLeaseStore("LeaseFileStore (two files)", () => {
  const own = mkdtempSync(join(tmpdir(), "provlab-store-"));
  const paths = [join(own, "one", "leases"), join(own, "two", "leases")] as const;
  for (const each of paths) {
    mkdirSync(dirname(each));
    writeFileSync(each, "");
  }
  // Only a commit that fails on both disks fails.
  let codes: string[] = [];
  const disk = watchedDisk(nodeDisk, (_, name) => {
    const code = name === "sync" ? codes.shift() : undefined;
    if (code !== undefined) throw systemError(code);
  });
  return {
    open(table) {
      const backgroundSyncs = [new PromptSync(disk), new PromptSync(disk)];
      const store = LeaseFileStore.open(paths, table, { disk, backgroundSyncs });
      // The second file is caught up, so that both are written.
      for (let second = 0; store.files.some(({ isInStep }) => !isInStep); second += 1) {
        store.maintain(second);
      }
      return store;
    },
    failNextCommit(code) {
      codes = [code, code];
    },
    remove: () => rmSync(own, { recursive: true, force: true }),
  };
});

describe("opening", () => {
  test("LEASE-1 DHCP-17: a missing file is refused as dhcpd words it, with the way out", () => {
    const error = errorOf(() => LeaseFileStore.open(path, newTable()));
    expect(error.code).toBe("ENOENT");
    expect(error.message).toContain(`Can't open lease database ${path}: No such file or directory`);
    expect(error.message).toContain("check for failed database rewrite attempt!");
    expect(error.message).toContain(`touch ${path}`);
    expect(existsSync(path)).toBe(false);
  });

  test("LEASE-1: an empty file is enough, and gets its header", () => {
    writeFileSync(path, "");
    const store = LeaseFileStore.open(path, newTable());
    store.close();
    expect(readFileSync(path, "latin1")).toMatch(
      /^# .*\n[\s\S]*authoring-byte-order little-endian;/,
    );
    expect(store.report).toMatchObject({ records: 0, warnings: [] });
  });

  test("DHCP-3 LEASE-2: a file of ISC's is picked up and appended to as it is", () => {
    const text = `# comment\n${modemText}`;
    writeFileSync(path, text);
    const table = newTable();
    const store = LeaseFileStore.open(path, table);
    expect(table.recordOf(table.indexOf(modemLease.address))).toEqual(modemLease);
    store.append(sampleRecords[1]);
    store.commit();
    store.close();
    expect(readFileSync(path, "latin1")).toBe(text + writeRecord(sampleRecords[1]));
  });

  test("a torn last record is reported and cut off before anything is appended", () => {
    writeFileSync(path, modemText + writeRecord(sampleRecords[1]).slice(0, 50));
    const table = newTable();
    const store = LeaseFileStore.open(path, table);
    expect(store.report.warnings).toHaveLength(1);
    expect(store.report.warnings[0]).toContain(`${path} line 24: the last record is cut off`);
    expect(table.counts().active).toBe(1);
    store.append(sampleRecords[2]);
    store.commit();
    store.close();
    expect(readFileSync(path, "latin1")).toBe(modemText + writeRecord(sampleRecords[2]));
  });

  test("a missing newline at the end is added", () => {
    writeFileSync(path, modemText.trimEnd());
    const store = LeaseFileStore.open(path, newTable());
    store.append(sampleRecords[1]);
    store.commit();
    store.close();
    expect(readFileSync(path, "latin1")).toBe(modemText + writeRecord(sampleRecords[1]));
  });

  test("a damaged middle stops the start with file, line and a way out; the file is untouched", () => {
    const text = `${modemText}lease 10.9.0.7 {\n  stXrts never;\n}\n${modemText}`;
    writeFileSync(path, text);
    const error = errorOf(() => LeaseFileStore.open(path, newTable()));
    expect(error.code).toBe("DAMAGED");
    expect(error.message).toContain(`${path} line 25: unknown statement 'stXrts', and the lease`);
    expect(error.message).toContain("begins at line 24");
    expect(error.message).toContain(`${path}~`);
    expect(readFileSync(path, "latin1")).toBe(text);
  });

  test("damage and a torn end are found in a file of many chunks, with the right line", () => {
    const many = modemText.repeat(12_000);
    const lines = many.split("\n").length;
    writeFileSync(path, `${many}lease 10.9.0.7 {\n  stXrts never;\n}\n${many}`);
    const error = errorOf(() => LeaseFileStore.open(path, newTable()));
    expect(error.message).toContain(`line ${lines + 1}: unknown statement`);
    writeFileSync(path, `${many}lease 10.9.0.7 {\n  starts never`);
    const store = LeaseFileStore.open(path, newTable());
    store.close();
    expect(store.report.records).toBe(12_000);
    expect(store.report.warnings[0]).toContain(`line ${lines}: the last record is cut off`);
    expect(statSync(path).size).toBe(many.length);
  });

  test("an endless item is damage, not an endless loop", () => {
    for (const text of [`# ${"x".repeat(6 << 20)}`, `host a { ${"b;".repeat(3 << 20)}`]) {
      writeFileSync(path, text + "\n}\n".repeat(2) + modemText);
      expect(errorOf(() => LeaseFileStore.open(path, newTable())).code).toBe("DAMAGED");
    }
  });

  test("leases and declarations that are not served are kept, and said so", () => {
    const foreign = { ...modemLease, address: 0xc0a8_0001, endsAt: null };
    const over = { ...modemLease, address: 0xc0a8_0002, endsAt: 1_000 };
    const host = "host h {\n  dynamic;\n  hardware ethernet 02:00:00:00:00:07;\n}\n";
    const deleted = "host gone {\n  dynamic;\n  deleted;\n}\n";
    writeFileSync(path, deleted + writeRecord(foreign) + writeRecord(over) + host + modemText);
    const store = LeaseFileStore.open(path, newTable());
    expect(store.report.warnings.join("\n")).toMatch(
      /2 leases are in no range[\s\S]*: 1 hosts were declared/,
    );
    // LEASE-6: something to purge, so the file is rewritten.
    rewrite(store);
    store.close();
    const text = readFileSync(path, "latin1");
    expect(text).toContain(host);
    expect(text).toContain(writeRecord(foreign));
    expect(text).toContain(modemText);
    expect(text).not.toContain("192.168.0.2");
    expect(text).not.toContain("host gone");
  });

  test("what nobody knows is told with its line, up to a number, and no lease is lost with it", () => {
    const strange = modemText.replace("  uid ", "  novelty { 1; }\n  uid ");
    writeFileSync(path, `${strange}default-duid "x";\n${"novelty;\n".repeat(80)}${modemText}`);
    const table = newTable();
    const store = LeaseFileStore.open(path, table);
    expect(table.recordOf(table.indexOf(modemLease.address))).toEqual(modemLease);
    const { warnings } = store.report;
    expect(warnings).toHaveLength(51);
    expect(warnings[0]).toContain(`${path} line 9: unknown statement 'novelty'. It is passed over`);
    const lines = strange.split("\n").length;
    expect(warnings[1]).toContain(`line ${lines}: unknown declaration 'default-duid'`);
    expect(warnings[49]).toContain(`line ${lines + 48}: unknown declaration 'novelty'`);
    expect(warnings[50]).toBe(`${path}: 32 more statements are passed over.`);
    store.close();
  });

  test("what is passed over is told once in a file of many chunks, with the right line", () => {
    const many = modemText.repeat(12_000);
    const lines = many.split("\n").length;
    writeFileSync(path, `${many}novelty;\n${many}novelty;\n${many}`);
    const { records, warnings } = LeaseFileStore.check(path, newTable());
    expect(records).toBe(36_000);
    expect(warnings.map((warning) => /line (\d+)/.exec(warning)?.[1])).toEqual([
      `${lines}`,
      `${2 * lines}`,
    ]);
  });

  test("LEASE-6: declarations are kept in dhcpd's order, the last one of a name, and told by kind", () => {
    const duid = 'server-duid "\\000\\001\\000\\001";';
    const host = (body: string): string => `host h {\n  dynamic;\n${body}}`;
    const failover = 'failover peer "a" state {\n  my state normal at never;\n}';
    const blocks = [
      host('  group "g";\n  hardware ethernet 1:2;\n'),
      failover,
      'ia-na "\\001" {\n  cltt never;\n}',
      duid,
      "host odd {\n  hardware magic 1:2;\n}",
      'group g {\n  dynamic;\n        supersede host-name = "x";\n}',
      host('  group "g";\n  uid "u";\n  fixed-address 10.9.0.7, 10.9.0.8;\n'),
      'class "c" {\n  dynamic;\n}',
      "host gone {\n  dynamic;\n  deleted;\n}",
    ];
    writeFileSync(path, `${blocks.join("\n")}\n${modemText}`);
    const store = LeaseFileStore.open(path, newTable());
    expect(store.hosts.hosts.map(({ name }) => name)).toEqual(["h", "gone"]);
    expect(store.hosts.hosts[0]).toMatchObject({
      groupName: "g",
      clientId: Uint8Array.of(0x75),
      fixedAddresses: [0x0a09_0007, 0x0a09_0008],
    });
    expect(store.hosts.hosts[0]?.hardware).toBeUndefined();
    expect(store.report.warnings.map((warning) => warning.replace(`${path}: `, ""))).toEqual([
      expect.stringMatching(/^2 hosts were/),
      expect.stringMatching(/^2 groups and classes were/),
      expect.stringMatching(/^1 states of a failover pair/),
      expect.stringMatching(/^1 records of DHCPv6/),
    ]);
    rewrite(store);
    store.close();
    const text = readFileSync(path, "latin1");
    const order = [7, 5, 4, 6, 1, 3, 2].map((place) => text.indexOf(blocks[place]));
    expect(order).toEqual([...order].sort((left, right) => left - right));
    expect(Math.min(...order)).toBeGreaterThan(0);
    expect(text).not.toMatch(/gone|1:2;\n}\nfail/);
    expect(text).toContain(modemText);
  });

  test("create makes the file, and leaves one that is there alone", () => {
    LeaseFileStore.open(path, newTable(), { create: true }).close();
    writeFileSync(path, modemText);
    LeaseFileStore.open(path, newTable(), { create: true }).close();
    expect(readFileSync(path, "latin1")).toBe(modemText);
  });

  test("DHCP-8: check (-T) reads the file and changes nothing", () => {
    const text = modemText + writeRecord(sampleRecords[1]).slice(0, 50);
    writeFileSync(path, text);
    const report = LeaseFileStore.check(path, newTable());
    expect(report).toMatchObject({ records: 1, bytes: text.length });
    expect(report.warnings).toHaveLength(1);
    expect(readFileSync(path, "latin1")).toBe(text);
    expect(readdirSync(directory)).toEqual(["dhcpd.leases"]);
  });
});

describe("whether it will be possible to rewrite", () => {
  test.each([
    ["EACCES", "EACCES"],
    ["EROFS", "EROFS"],
    ["ENOSPC", undefined],
    [undefined, undefined],
  ])("a new file ends with %s: the start is refused for %s", (refusal, code) => {
    let isOpen = false;
    const disk = watchedDisk(nodeDisk, (_, name) => {
      if (isOpen && name === "open" && refusal !== undefined) throw systemError(refusal);
    });
    const store = LeaseFileStore.open(path, newTable(), { create: true, disk });
    isOpen = true;
    if (code === undefined) store.checkRewrites();
    else {
      const error = errorOf(() => store.checkRewrites());
      expect(error.code).toBe(code);
      expect(error.message).toContain(`Can't create ${path}.rewrite`);
    }
    store.close();
    expect(readdirSync(directory)).toEqual(["dhcpd.leases"]);
  });
});

describe("committing", () => {
  function counted(options: LeaseFileStoreOptions = {}): {
    store: LeaseFileStore;
    calls: string[];
  } {
    const calls: string[] = [];
    const disk = watchedDisk(nodeDisk, (_, name) => calls.push(name));
    const store = LeaseFileStore.open(path, newTable(), { create: true, disk, ...options });
    calls.length = 0;
    return { store, calls };
  }

  test("a batch is one write and one sync", () => {
    const { store, calls } = counted();
    for (let round = 0; round < 256; round += 1) store.append(sampleRecords[round % 6]);
    expect(calls).toEqual([]);
    store.commit();
    expect(calls).toEqual(["state", "write", "sync"]);
    store.commit();
    expect(calls).toHaveLength(3);
    store.close();
  });

  test("durability os leaves the sync out", () => {
    const { store, calls } = counted({ durability: "os" });
    store.append(modemLease);
    store.commit();
    expect(calls).toEqual(["state", "write"]);
    store.close();
  });

  function failing(call: keyof LeaseDisk, code: string | number, times = 1): LeaseFileStore {
    writeFileSync(path, modemText);
    let left = 0;
    const disk: LeaseDisk = {
      ...nodeDisk,
      write: (file, bytes, length, position) => {
        if (call !== "write" || left === 0) return nodeDisk.write(file, bytes, length, position);
        left -= 1;
        // A part reaches the file in any case: the worst that a system does.
        const taken = nodeDisk.write(file, bytes, typeof code === "number" ? code : 7, position);
        if (typeof code === "string") throw systemError(code);
        return taken;
      },
      sync: (file) => {
        if (call !== "sync" || left === 0) return nodeDisk.sync(file);
        left -= 1;
        throw systemError(String(code));
      },
    };
    const store = LeaseFileStore.open(path, newTable(), { disk });
    left = times;
    return store;
  }

  const failures: readonly (readonly [keyof LeaseDisk, string | number, string])[] = [
    ["write", "ENOSPC", "ENOSPC"],
    ["write", "EIO", "EIO"],
    ["write", 0, "SHORT_WRITE"],
    ["sync", "EIO", "EIO"],
    ["sync", "ENOSPC", "ENOSPC"],
  ];
  for (const [call, how, code] of failures) {
    test(`${call} fails (${how}): the file ends where it ended, and service goes on`, () => {
      const store = failing(call, how, 2);
      for (let attempt = 0; attempt < 2; attempt += 1) {
        store.append(sampleRecords[1]);
        const error = errorOf(() => store.commit());
        expect(error.code).toBe(code);
        expect(error.message).toContain(path);
        expect(readFileSync(path, "latin1")).toBe(modemText);
      }
      store.append(sampleRecords[2]);
      store.commit();
      store.close();
      expect(readFileSync(path, "latin1")).toBe(modemText + writeRecord(sampleRecords[2]));
    });
  }

  test("a disk that takes a part is asked for the rest, and its own reason is told", () => {
    writeFileSync(path, modemText);
    let room = Number.POSITIVE_INFINITY;
    const disk: LeaseDisk = {
      ...nodeDisk,
      write: (file, bytes, length, position) => {
        if (room === 0) throw systemError("ENOSPC");
        const taken = nodeDisk.write(file, bytes, Math.min(length, room, 100), position);
        room -= taken;
        return taken;
      },
    };
    const store = LeaseFileStore.open(path, newTable(), { disk });
    room = 150;
    store.append(sampleRecords[1]);
    expect(errorOf(() => store.commit()).code).toBe("ENOSPC");
    expect(readFileSync(path, "latin1")).toBe(modemText);
    room = Number.POSITIVE_INFINITY;
    store.append(sampleRecords[2]);
    store.commit();
    store.close();
    expect(readFileSync(path, "latin1")).toBe(modemText + writeRecord(sampleRecords[2]));
  });

  test("when the rollback fails too, nothing is appended behind the rest until it worked", () => {
    writeFileSync(path, modemText);
    let isBroken = false;
    const broken = (): void => {
      if (isBroken) throw systemError("EIO");
    };
    const disk: LeaseDisk = {
      ...nodeDisk,
      sync: (file) => {
        broken();
        nodeDisk.sync(file);
      },
      truncate: (file, size) => {
        broken();
        nodeDisk.truncate(file, size);
      },
    };
    const store = LeaseFileStore.open(path, newTable(), { disk });
    isBroken = true;
    store.append(sampleRecords[1]);
    expect(errorOf(() => store.commit()).message).toContain("Can't sync");
    store.append(sampleRecords[1]);
    expect(errorOf(() => store.commit()).message).toContain("Can't take back");
    isBroken = false;
    store.append(sampleRecords[2]);
    store.commit();
    store.close();
    expect(readFileSync(path, "latin1")).toBe(modemText + writeRecord(sampleRecords[2]));
  });

  test("a sync that failed is followed by a rewrite from memory", () => {
    const store = failing("sync", "EIO");
    expect(store.maintain(1)).toBe(false);
    store.append(sampleRecords[1]);
    errorOf(() => store.commit());
    expect(store.maintain(1)).toBe(true);
    rewrite(store, 1);
    expect(store.isRewriting).toBe(false);
    expect(store.maintain(1)).toBe(false);
    store.close();
    expect(readFileSync(path, "latin1")).toContain(modemText);
  });

  const intruders: readonly (readonly [name: string, act: () => void, message: RegExp])[] = [
    ["appends to", () => appendFileSync(path, modemText), /changed by another process/],
    ["empties", () => writeFileSync(path, ""), /changed by another process/],
    ["removes", () => unlinkSync(path), /removed or replaced/],
    [
      "replaces",
      () => {
        writeFileSync(`${path}.other`, modemText);
        renameSync(`${path}.other`, path);
      },
      /removed or replaced/,
    ],
  ];
  for (const [name, act, message] of intruders) {
    test(`somebody else ${name} the file: nothing is acknowledged any more`, () => {
      writeFileSync(path, modemText);
      const store = LeaseFileStore.open(path, newTable());
      act();
      const left = existsSync(path) ? readFileSync(path, "latin1") : undefined;
      for (let attempt = 0; attempt < 2; attempt += 1) {
        store.append(sampleRecords[1]);
        const error = errorOf(() => store.commit());
        expect(error.code).toBe("CHANGED");
        expect(error.message).toMatch(message);
      }
      store.close();
      expect(existsSync(path) ? readFileSync(path, "latin1") : undefined).toBe(left);
    });
  }
});

describe("rewriting", () => {
  const eager = { rewriteBytesMin: 0, leasesPerSlice: 2 };

  test("a file that has grown is written anew, slice by slice, while batches go on", () => {
    writeFileSync(path, "");
    const table = newTable();
    const store = LeaseFileStore.open(path, table, { ...eager, rewriteBytesMin: 1 });
    const record = (last: number): void => {
      store.append(table.recordOf(table.indexOf(address(last))));
      store.commit();
    };
    const bind = (last: number, startsAt: number): void => {
      const hardware = { type: 1, address: Uint8Array.of(2, 0, 0, 0, 0, last) };
      table.bind(table.indexOf(address(last)), { hardware }, startsAt, startsAt + 3600);
      record(last);
    };
    for (let startsAt = 1; startsAt < 10; startsAt += 1) {
      for (let last = 1; last <= 9; last += 1) bind(last, startsAt);
    }
    const grown = statSync(path).size;
    let slices = 0;
    for (let isMore = true; isMore; slices += 1) {
      isMore = store.maintain(100);
      // Leases before, at and behind the place where the rewrite is.
      bind(1 + (slices % 9), 100 + slices);
    }
    table.release(table.indexOf(address(5)), 5_000);
    record(5);
    store.close();
    expect(slices).toBeGreaterThan(5);
    expect(statSync(path).size).toBeLessThan(grown / 2);
    expect(readFileSync(`${path}~`, "latin1").length).toBeGreaterThanOrEqual(grown);
    expect(readdirSync(directory).sort()).toEqual(["dhcpd.leases", "dhcpd.leases~"]);
    const again = newTable();
    LeaseFileStore.open(path, again).close();
    for (let index = 0; index < table.size; index += 1) {
      expect(again.recordOf(index)).toEqual(table.recordOf(index));
    }
  });

  test("what many batches appended meanwhile is copied over several slices, all of it", () => {
    writeFileSync(path, "");
    const table = new LeaseTable([{ low: address(0), high: address(4_095), pool: 0 }]);
    const store = LeaseFileStore.open(path, table, { rewriteBytesMin: 1, leasesPerSlice: 4_096 });
    const bindAll = (startsAt: number): void => {
      for (let index = 0; index < table.size; index += 1) {
        const hardware = { type: 1, address: Uint8Array.of(2, 0, 0, 0, index >>> 8, index & 0xff) };
        table.bind(index, { hardware, clientId: new Uint8Array(100) }, startsAt, startsAt + 1);
        store.append(table.recordOf(index));
      }
      store.commit();
    };
    bindAll(1_000);
    expect(store.maintain(1)).toBe(true);
    bindAll(2_000);
    bindAll(3_000);
    // Declarations, leases, and the first slice of the five megabytes that came meanwhile.
    for (let slice = 0; slice < 3; slice += 1) expect(store.maintain(1)).toBe(true);
    table.release(0, 3_500);
    store.append(table.recordOf(0));
    store.commit();
    expect(store.isRewriting).toBe(true);
    bindAll(4_000);
    rewrite(store);
    expect(store.isRewriting).toBe(false);
    store.close();
    const again = new LeaseTable([{ low: address(0), high: address(4_095), pool: 0 }]);
    LeaseFileStore.open(path, again).close();
    for (let index = 0; index < table.size; index += 1) {
      expect(again.startsAt(index)).toBe(4_000);
    }
  });

  test("the mode stays, a symbolic link stays a link, and a rest of a crash is no hindrance", () => {
    const target = join(directory, "elsewhere");
    writeFileSync(target, modemText);
    chmodSync(target, 0o640);
    symlinkSync(target, path);
    writeFileSync(`${target}.rewrite`, "rest of a crash");
    writeFileSync(`${target}~`, "old backup");
    linkSync(`${target}~`, join(directory, "other"));
    writeFileSync(target, modemText.repeat(3));
    const store = LeaseFileStore.open(path, newTable(), eager);
    expect(rewrite(store)).toBeGreaterThan(2);
    store.close();
    expect(statSync(target).mode & 0o777).toBe(0o640);
    expect(readFileSync(path, "latin1")).toContain(modemText);
    expect(readFileSync(`${target}~`, "latin1")).toBe(modemText.repeat(3));
    expect(existsSync(`${target}.rewrite`)).toBe(false);
  });

  test("where links are not followed, one is neither opened nor changed", () => {
    const target = join(directory, "elsewhere");
    const torn = "root:x:0:0:";
    writeFileSync(target, torn);
    symlinkSync(target, path);
    const { code, message } = errorOf(() =>
      LeaseFileStore.open(path, newTable(), { disk: unfollowing }),
    );
    expect(code).toBe("ELOOP");
    expect(message).toContain("a symbolic link, which -user does not follow");
    expect(readFileSync(target, "latin1")).toBe(torn);
  });

  test("a small file is left alone", () => {
    writeFileSync(path, modemText.repeat(50));
    const store = LeaseFileStore.open(path, newTable());
    expect(store.maintain(1)).toBe(false);
    store.close();
  });

  test("each call that can fail is reported once, the old file serves on, and it is tried again", () => {
    const reports: string[] = [];
    for (let failAt = 1; failAt < 40; failAt += 1) {
      const table = newTable();
      writeFileSync(path, modemText.repeat(4));
      let isArmed = false;
      let calls = 0;
      const disk = watchedDisk(nodeDisk, () => {
        if (!isArmed) return;
        calls += 1;
        if (calls === failAt) throw systemError("ENOSPC");
      });
      const store = LeaseFileStore.open(path, table, { ...eager, disk });
      isArmed = true;
      try {
        rewrite(store, 100);
      } catch (error) {
        expect(error).toBeInstanceOf(LeaseStoreError);
        reports.push((error as LeaseStoreError).message);
        // Not before a minute is over.
        if ((error as LeaseStoreError).message.includes("directory")) {
          expect(store.isRewriting).toBe(false);
        } else {
          expect(store.maintain(159)).toBe(false);
        }
      }
      isArmed = false;
      table.load(sampleRecords[1]);
      store.append(sampleRecords[1]);
      store.commit();
      rewrite(store, 160);
      store.close();
      const again = newTable();
      LeaseFileStore.open(path, again).close();
      expect(again.recordOf(again.indexOf(modemLease.address))).toEqual(modemLease);
      const kept = again.recordOf(again.indexOf(address(101)));
      expect(kept).toEqual(sampleRecords[1]);
      if (calls < failAt) break;
    }
    expect(reports.length).toBeGreaterThan(8);
    for (const report of reports) expect(report).toMatch(/^Can't (rewrite|sync the directory of) /);
  });
});
