import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import {
  corpusDirectory,
  type Meaning,
  meaningOf,
  rewriteLeaseFile,
} from "../../server/lease/format/lease-corpus.testing.ts";
import { writeRecord } from "../../server/lease/format/lease-file.ts";
import type { LeaseRecord } from "../../server/lease/lease.ts";
import { anyRecord, sayable } from "../../server/lease/lease-arbitrary.testing.ts";
import { address, sampleRecords } from "../../server/lease/lease-samples.testing.ts";
import { LeaseFileStore } from "../../server/lease/store/edge/lease-file-store.ts";
import { LeaseTable } from "../../server/lease/table/lease-table.ts";

// The program that wrote the grammar reads what we write, and we read what it makes of it.

const seed = 20_261_127;
const dhcpd = "/usr/sbin/dhcpd";
const missing = existsSync(dhcpd)
  ? undefined
  : `${dhcpd} is not installed (Debian package isc-dhcp-server)`;

const configuration = `authoritative;
class "limited" {
  match hardware;
  lease limit 4;
}
subclass "limited" 00:00:00:01 {
}
class "gold \\"plus\\"" {
  match if exists host-name;
}
class "ports" {
  spawn with option agent.circuit-id;
  lease limit 200;
}
host conf2 {
  hardware ethernet 02:99:00:00:00:02;
}
subnet 10.9.0.0 netmask 255.255.255.0 {
  range 10.9.0.0 10.9.0.255;
}
subnet 10.16.1.0 netmask 255.255.255.0 {
  range dynamic-bootp 10.16.1.0 10.16.1.255;
}
`;

/** In a network of its own where that is possible; on the loopback device it serves nobody. */
function runDhcpd(directory: string, ...options: readonly string[]): { log: string } {
  const files = ["-cf", join(directory, "dhcpd.conf"), "-lf", join(directory, "dhcpd.leases")];
  const all = [dhcpd, "-4", "-d", ...options, ...files, "-pf", join(directory, "dhcpd.pid"), "lo"];
  const hasNamespaces = spawnSync("unshare", ["-n", "true"]).status === 0;
  const [command, ...rest] = hasNamespaces ? ["unshare", "-n", ...all] : all;
  const { stderr, error } = spawnSync(command!, rest, { encoding: "utf8", timeout: 20_000 });
  if (error !== undefined) throw error;
  return { log: stderr };
}

const newTable = (): LeaseTable =>
  new LeaseTable([{ low: address(0), high: address(255), pool: 0 }]);

/** Leases that run far beyond today, so that neither server changes them at its start. */
const current: readonly LeaseRecord[] = sampleRecords
  .filter((record) => record.bindingState !== "backup")
  .map((record) =>
    record.bindingState === "free" || record.endsAt === null
      ? record
      : { ...record, endsAt: 2_100_000_000 },
  );

describeUnless(missing, "ISC dhcpd and our lease file", () => {
  let directory: string;
  let leaseFile: string;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "provlab-peer-"));
    leaseFile = join(directory, "dhcpd.leases");
    writeFileSync(join(directory, "dhcpd.conf"), configuration);
  });

  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  function writeOurs(): void {
    writeFileSync(leaseFile, "");
    const table = newTable();
    const store = LeaseFileStore.open(leaseFile, table, { rewriteBytesMin: 0 });
    for (const record of current) {
      table.load(record);
      store.append(record);
    }
    store.commit();
    // Once more through a rewrite, which is what dhcpd finds after a long run.
    for (let slices = 0; store.maintain(1_800_000_000); slices += 1)
      expect(slices).toBeLessThan(99);
    store.append(table.recordOf(table.indexOf(current[0].address)));
    store.commit();
    store.close();
  }

  test("LEASE-3 LEASE-4: dhcpd -T reads what we wrote without a complaint", () => {
    writeOurs();
    const before = readFileSync(leaseFile);
    const { log } = runDhcpd(directory, "-T");
    expect(log).toContain(`Database file: ${leaseFile}`);
    expect(log).not.toMatch(/line \d+|corrupt|expected|unknown|Too many|error/i);
    expect(readFileSync(leaseFile)).toEqual(before);
  });

  test("the peer does complain about a record that is damaged, so the test above can fail", () => {
    writeFileSync(
      leaseFile,
      writeRecord(current[0]).replace("binding state active", "binding stat"),
    );
    expect(runDhcpd(directory, "-T").log).toMatch(/line \d+/);
  });

  test("what dhcpd writes after reading ours is the same leases", () => {
    writeOurs();
    // It rewrites the file, and then ends, because there is no subnet for the loopback device.
    const { log } = runDhcpd(directory, "-f");
    expect(log).toContain(`Wrote ${current.length} leases to leases file.`);
    const table = newTable();
    const store = LeaseFileStore.open(leaseFile, table);
    store.close();
    expect(readFileSync(leaseFile, "latin1")).toContain("written by isc-dhcp-4");
    expect(store.report.records).toBe(current.length);
    for (const record of current) {
      const found = table.recordOf(table.indexOf(record.address));
      expect(comparable(found)).toEqual(comparable(record));
    }
  });

  test(`what dhcpd reads in any record of ours is what we wrote (seed ${seed})`, () => {
    const range = { min: address(0), max: address(255) };
    const sample = fc.sample(anyRecord(range), { seed, numRuns: 600 }).map(forDhcpd);
    const records = new Map(sample.map((record) => [record.address, record]));
    expect(records.size).toBeGreaterThan(200);
    writeFileSync(leaseFile, sample.map(writeRecord).join(""), "latin1");
    const { log } = runDhcpd(directory, "-f");
    expect(log).toContain("leases to leases file.");
    expect(log).not.toMatch(/line \d+|orrupt|expected|Too many/);
    const table = newTable();
    LeaseFileStore.open(leaseFile, table).close();
    for (const record of records.values()) {
      const found = table.recordOf(table.indexOf(record.address));
      const isKept = record.bindingState !== "free" || record.hardware || record.clientId;
      if (isKept) expect(comparable(found)).toEqual(comparable(record));
    }
  });

  test.each(readdirSync(corpusDirectory))(
    "dhcpd makes the same of %s and of our rewrite of it",
    (name) => {
      const rewritten = (isOurs: boolean): Meaning => {
        copyFileSync(join(corpusDirectory, name), leaseFile);
        if (isOurs) rewriteLeaseFile(leaseFile);
        const { log } = runDhcpd(directory, "-f");
        expect(log).toMatch(/^Wrote \d\d leases to leases file\.$/m);
        if (isOurs) expect(log).not.toMatch(/orrupt|semicolon|xpect/);
        return meaningOf(leaseFile);
      };
      expect(withoutBadNames(rewritten(true))).toEqual(withoutBadNames(rewritten(false)));
    },
  );
});

/**
 * A record that dhcpd does not change at its start: of a state that a single server has, not yet over,
 * before 2038 (from where on it takes every time for never), with names that are no words of its grammar.
 */
function forDhcpd(record: LeaseRecord): LeaseRecord {
  const { billing: _, ...said } = sayable(record);
  const { variables, bindingState, endsAt } = said;
  const states = { free: "free", active: "active", abandoned: "abandoned" } as const;
  const isFree = bindingState !== "active" && bindingState !== "abandoned";
  const early = (seconds: number | null | undefined): number =>
    seconds ? Math.min(seconds, 2_100_000_000) : 1_900_000_000;
  return {
    ...said,
    bindingState: states[isFree ? "free" : bindingState],
    startsAt: early(said.startsAt),
    endsAt: endsAt === null && !isFree ? null : 2_100_000_000,
    ...{ tstp: early(said.tstp), cltt: early(said.cltt) },
    ...{ tsfp: early(said.tsfp), atsfp: early(said.atsfp) },
    ...(said.agentOptions && { agentOptions: withoutLastZeros(said.agentOptions) }),
    ...(variables && { variables: variables.map(([name, value]) => [`v-${name}`, value]) }),
  };
}

/** dhcpd writes a text with a zero behind it as the text. */
function withoutLastZeros(agentOptions: Uint8Array): Uint8Array {
  const options = agentOptions.slice();
  for (let at = 0; at < options.length; ) {
    at += 2 + options[at + 1];
    options[at - 1] ||= 1;
  }
  return options;
}

/** dhcpd cannot read a class name with a quote in it where it wrote that itself; we can. */
function withoutBadNames({ leases, blocks }: Meaning): Meaning {
  const readable = [...leases].map(([address, { billing, ...record }]) => {
    const isBad = billing?.className.includes('"') === true;
    return [address, isBad ? record : { ...record, ...(billing && { billing }) }] as const;
  });
  return { leases: new Map(readable), blocks };
}

/** dhcpd reverses the variables, sets a missing tstp, and drops what only a failover pair needs. */
function comparable(record: LeaseRecord): unknown {
  const {
    rewindBindingState: _,
    nextBindingState: __,
    tstp: ___,
    tsfp,
    atsfp,
    kept,
    ...rest
  } = record;
  const variables = [...(record.variables ?? [])].sort(([left], [right]) =>
    left < right ? -1 : 1,
  );
  const blocks = (kept ?? [])
    .filter((statement) => statement.startsWith("on "))
    .map((statement) => statement.replace(/\s+/g, "").replaceAll(" ;", ";"));
  return { ...rest, variables, blocks };
}
