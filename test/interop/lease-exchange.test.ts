import { copyFileSync, readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import { formatIpv4, parseIpv4 } from "../../protocol/ipv4.ts";
import { formatMac } from "../../protocol/mac.ts";
import { deviceMac } from "../../server/dhcp/decide/engine.testing.ts";
import { parseLeaseFile } from "../../server/lease/format/parse-lease-file.testing.ts";
import type { LeaseRecord } from "../../server/lease/lease.ts";
import { LeaseFileStore } from "../../server/lease/store/edge/lease-file-store.ts";
import { LeaseTable } from "../../server/lease/table/lease-table.ts";
import { ExchangeSite, type Program, type Wish } from "./lease-exchange.testing.ts";
import { describeWithPeers, NetworkLab, type Peer } from "./namespaces.testing.ts";

// One server is killed under load, and the other one goes on with its lease file: dhcpd with ours, we
// with dhcpd's. Every device that has an ACK keeps its address, by RENEW or by INIT-REBOOT.

const seed = 20_261_125;
const devices = 600;
/** Given back or declined before the load, so that the file has addresses of every kind. */
const settled = 60;
/** Exchanges that begin in the moment before a kill. */
const atTheKill = 16;
const networks = [1, 2, 3, 4].map((part) => `10.16.${part}`);

const configuration = `
authoritative;
ping-check false;
ddns-update-style none;
default-lease-time 7200;
max-lease-time 7200;
class "ports" {
  match if exists agent.circuit-id;
  spawn with option agent.circuit-id;
  lease limit 200;
}
subnet 10.9.0.0 netmask 255.255.255.0 { }
${networks.map((net) => `subnet ${net}.0 netmask 255.255.255.0 { range ${net}.2 ${net}.251; }`).join("\n")}
`;

const ranges = networks.map((net, pool) => {
  const low = parseIpv4(`${net}.2`)!;
  return { low, high: low + 249, pool };
});

const complaints = /line \d+|orrupt|xpect|nknown|Too many|no subnet|undeclared|cut off|damaged/;

const peers = ["dhcpd", "dhcpd-pools"];

describeWithPeers("ISC dhcpd and prov dhcpd take over each other's leases", peers, () => {
  let lab: NetworkLab;
  let site: ExchangeSite;

  beforeEach(() => {
    lab = new NetworkLab();
    site = new ExchangeSite(
      lab,
      configuration,
      networks.map((net) => `${net}.1`),
    );
  });

  afterEach(async () => {
    site.close();
    await lab.close();
  });

  const pairs: readonly (readonly [first: Program, second: Program])[] = [
    ["prov", "dhcpd"],
    ["dhcpd", "prov"],
  ];
  test.each(pairs)(
    `%s is killed under load, and %s goes on (seed ${seed})`,
    async (first, second) => {
      const prng = new Prng(seed, 1);
      await loadAndKill(first, prng);
      const before = leasesOf(site.leaseFile);
      const figuresBefore = await figures(site.leaseFile);
      const given = [...site.held.keys()];
      expect(given.length).toBeGreaterThan(devices / 3);
      for (const [device, address] of site.held) expectHolder(before, device, address);

      const server = await site.start(second);
      expect(withoutTornEnd(first, server.output)).not.toMatch(complaints);
      // The figures of dhcpd-pools, and each lease with all that it has.
      expect(await figures(site.leaseFile)).toEqual(figuresBefore);
      expect(meaningOf(leasesOf(site.leaseFile))).toEqual(meaningOf(before));

      const wishOf = (): Wish => (prng.nextBelow(2) === 0 ? "renew" : "reboot");
      await site.play(given.map((device) => [device, wishOf()] as const));
      expect(site.faults).toEqual([]);
      const after = leasesOf(site.leaseFile);
      for (const device of given) expectHolder(after, device, site.held.get(device)!);

      // Those who have no lease get one, and nobody else's.
      const others = Array.from({ length: devices }, (_, device) => device);
      await site.play(
        others
          .filter((device) => !site.held.has(device))
          .map((device) => [device, "bind"] as const),
      );
      expect(site.held.size).toBe(devices);
      expect(new Set(site.held.values()).size).toBe(devices);
      const abandoned = [...before.values()].filter((lease) => lease.bindingState === "abandoned");
      expect(abandoned.length).toBeGreaterThan(0);
      const used = new Set(site.held.values());
      for (const { address } of abandoned) expect(used.has(formatIpv4(address))).toBe(false);

      // And back again: the first one goes on with what the second one wrote, after another kill.
      await server.stop("SIGKILL");
      await site.start(first);
      await site.play(others.map((device) => [device, wishOf()] as const));
      expect(site.faults).toEqual([]);
    },
  );

  test(`a file that we rewrote is to dhcpd and dhcpd-pools what it was before (seed ${seed}, OPS-18)`, async () => {
    await loadAndKill("dhcpd", new Prng(seed, 2));
    const original = lab.path("original.leases");
    copyFileSync(site.leaseFile, original);
    rewrite(site.leaseFile);
    expect(readFileSync(site.leaseFile, "latin1").includes("written by provlab")).toBe(true);
    expect(await figures(site.leaseFile)).toEqual(await figures(original));
    expect(meaningOf(leasesOf(site.leaseFile))).toEqual(meaningOf(leasesOf(original)));
    const server = await site.start("dhcpd");
    expect(server.output).not.toMatch(complaints);
    expect(meaningOf(leasesOf(site.leaseFile))).toEqual(meaningOf(leasesOf(original)));
  });

  test(`each of two files that we write together is to both what the one was (seed ${seed})`, async () => {
    await loadAndKill("prov", new Prng(seed, 3));
    const before = meaningOf(leasesOf(site.leaseFile));
    const second = lab.path("second.leases");
    const store = LeaseFileStore.open([site.leaseFile, second], new LeaseTable(ranges));
    for (let now = 0; store.files.some(({ isInStep }) => !isInStep); now += 1) {
      expect(now).toBeLessThan(1000);
      store.maintain(now);
    }
    store.close();
    const figuresBefore = await figures(site.leaseFile);
    expect(await figures(second)).toEqual(figuresBefore);
    for (const path of [site.leaseFile, second]) {
      expect(readFileSync(path, "latin1")).toContain("# provlab: one lease file of two");
      expect(meaningOf(leasesOf(path))).toEqual(before);
      copyFileSync(path, site.leaseFile);
      const server = await site.start("dhcpd");
      expect(server.output).not.toMatch(complaints);
      expect(meaningOf(leasesOf(site.leaseFile))).toEqual(before);
      await server.stop("SIGKILL");
    }
  });

  /** Leases of every kind first, and then as many as there are until the server is killed. */
  async function loadAndKill(program: Program, prng: Prng): Promise<void> {
    let server: Peer = await site.start(program);
    const early = Array.from({ length: settled }, (_, device) => device);
    await site.play(early.map((device) => [device, "bind"] as const));
    await site.play(early.slice(0, 20).map((device) => [device, "release"] as const));
    await site.play(early.slice(20, 26).map((device) => [device, "decline"] as const));
    await site.play(early.slice(26, 40).map((device) => [device, "renew"] as const));
    let next = settled;
    for (const kill of [1, 2]) {
      if (kill === 2) server = await site.start(program);
      const wanted = site.held.size + 120 + prng.nextBelow(60);
      const load = (function* (): Generator<readonly [number, Wish]> {
        for (; next < devices; next += 1) {
          yield [next, "bind"];
          if (site.held.has(next - 100)) yield [next - 100, "renew"];
        }
      })();
      await site.play(load, () => site.held.size >= wanted);
      site.burst(load, atTheKill);
      await server.stop("SIGKILL");
      expect(site.drain()).toBeGreaterThan(0);
    }
    expect(site.faults).toEqual([]);
  }

  async function figures(leaseFile: string): Promise<unknown> {
    const files = ["-c", site.configFile, "-l", leaseFile];
    const { output } = await site.run("dhcpd-pools", [...files, "--format=j", "--skip=suppressed"]);
    const { subnets, "shared-networks": shared, summary } = JSON.parse(output);
    expect(subnets).toHaveLength(networks.length);
    expect(summary.used).toBeGreaterThan(0);
    return { subnets, shared, summary };
  }
});

/** A kill may have cut dhcpd off in the middle of a record, which we say in one sentence. */
function withoutTornEnd(program: Program, log: string): string {
  return program === "dhcpd" ? log.replace(/^.*line \d+: the last record is cut off.*$/m, "") : log;
}

/** The last record of each address, as a starting server would find it. */
function leasesOf(path: string): Map<string, LeaseRecord> {
  const { records, error, skipped } = parseLeaseFile(readFileSync(path));
  expect(error).toBeUndefined();
  expect(skipped).toEqual([]);
  return new Map(records.map((record) => [formatIpv4(record.address), record]));
}

function expectHolder(leases: Map<string, LeaseRecord>, device: number, address: string): void {
  const lease = leases.get(address);
  const holder = lease?.hardware && formatMac(lease.hardware.address);
  expect([lease?.bindingState, holder], address).toEqual(["active", deviceMac(device)]);
}

/** What a lease says to both servers: dhcpd gives a missing tstp the end of the lease. */
function meaningOf(leases: Map<string, LeaseRecord>): Map<string, unknown> {
  const entries = [...leases].map(([address, { tstp: _, rewindBindingState: __, ...record }]) => {
    const variables = [...(record.variables ?? [])].sort(([left], [right]) =>
      left < right ? -1 : 1,
    );
    return [address, { ...record, variables }] as const;
  });
  return new Map(entries.sort(([left], [right]) => (left < right ? -1 : 1)));
}

function rewrite(path: string): void {
  const table = new LeaseTable(ranges);
  const store = LeaseFileStore.open(path, table, { rewriteBytesMin: 0 });
  // It is due when the file has three times what it needs.
  for (let round = 0; round < 3; round += 1) {
    for (let index = 0; index < table.size; index += 1) {
      if (table.isWorthKeeping(index)) store.append(table.recordOf(index));
    }
    store.commit();
  }
  const nowSeconds = Math.floor(Date.now() / 1000);
  while (store.maintain(nowSeconds));
  store.close();
}
