import { expect, test } from "vitest";
import { parseMac } from "../../protocol/mac.ts";
import { CompactHostTable } from "../config/model/host-table.ts";
import { configOf, startSeconds } from "../dhcp/decide/engine.testing.ts";
import { LeaseTable } from "../lease/table/lease-table.ts";
import { registerHosts } from "../registry/registered-hosts.ts";
import { standingIn } from "./known-clients.ts";

const mac = (last: number): Uint8Array => Uint8Array.of(2, 0, 0, 0, 0, last);
const low = 0x0a00_0001;
const leases = () => new LeaseTable([{ low, high: low + 99, pool: 0 }]);
const config = configOf(`
class "modems" { match hardware; }
subclass "modems" 1:02:00:00:00:00:01;
class "bare" { match substring(hardware, 1, 6); }
subclass "bare" 02:00:00:00:00:02;
class "remote-ids" { match option agent.remote-id; }
subclass "remote-ids" "nobody";
class "none" { match if false; }
host declared { hardware ethernet 02:00:00:00:00:03; }
host other { hardware token-ring 02:00:00:00:00:04; }
host by-option { host-identifier option host-name "me"; }
`);

test.each<[string, number, number, string]>([
  ["a subclass by type and address", 1, 1, "known"],
  ["a subclass by address", 1, 2, "known"],
  ["a host", 1, 3, "known"],
  ["a host's address with another type", 1, 4, "unknown"],
  ["a host of that type", 6, 4, "known"],
  ["nobody", 1, 5, "unknown"],
])("%s", (_name, type, last, standing) => {
  expect(standingIn(config, leases())(type, mac(last))).toBe(standing);
});

test("a client becomes known with its lease, at once, and is remembered afterwards", () => {
  const table = leases();
  const standingOf = standingIn(config, table);
  const client = { hardware: { type: 1, address: mac(9) } };
  expect(standingOf(1, mac(9))).toBe("unknown");
  table.offer(7, client, startSeconds + 120);
  expect(standingOf(1, mac(9))).toBe("remembered");
  table.bind(7, client, startSeconds, startSeconds + 60);
  expect(standingOf(1, mac(9))).toBe("known");
  table.release(7, startSeconds + 10);
  expect(standingOf(1, mac(9))).toBe("remembered");
  table.bind(8, { ...client, clientId: Uint8Array.of(1, 2) }, startSeconds, startSeconds + 60);
  expect(standingOf(1, mac(9))).toBe("known");
  expect(standingOf(6, mac(9))).toBe("unknown");
});

test("every client of many is told from every other", () => {
  const table = new LeaseTable([{ low, high: low + 9999, pool: 0 }]);
  const standingOf = standingIn(config, table);
  const address = (device: number) => Uint8Array.of(4, 0, 0, 0, device >> 8, device);
  for (let device = 0; device < 10_000; device += 2) {
    const client = { hardware: { type: 1, address: address(device) } };
    table.bind(device, client, startSeconds, startSeconds + 60);
  }
  for (let device = 0; device < 10_000; device += 1) {
    expect(standingOf(1, address(device))).toBe(device % 2 === 0 ? "known" : "unknown");
  }
});

test("a host of the lease file is known like those of dhcpd.conf", () => {
  const hardware = { type: 1, address: parseMac("02:00:00:00:00:05")! };
  const host = { name: "later", isDynamic: true, isDeleted: false, hardware };
  const registered = registerHosts(config, [{ ...host, fixedAddresses: [], statements: [] }]);
  expect(registered.problems).toEqual([]);
  expect(standingIn({ ...config, hosts: registered.hosts }, leases())(1, mac(5))).toBe("known");
});

test("a host that is declared while the server runs is known at once", () => {
  const { root, classes } = config;
  const hosts = new CompactHostTable();
  const standingOf = standingIn({ hosts, classes }, leases());
  expect(standingOf(1, mac(7))).toBe("unknown");
  const nothing = { clientId: undefined, identifier: undefined, group: undefined };
  const hardware = { type: 1, address: mac(7) };
  hosts.add({ ...nothing, name: "new", hardware, fixedAddresses: [], fixedNames: [] }, root);
  expect(standingOf(1, mac(7))).toBe("known");
});

test("an address of any length that a packet can have is looked up", () => {
  const standingOf = standingIn(config, leases());
  for (let length = 1; length <= 16; length += 1) {
    expect(standingOf(1, new Uint8Array(length).fill(length))).toBe("unknown");
  }
});
