import { describe, expect, test } from "vitest";
import { MessageType } from "../../../protocol/dhcp/message-type.ts";
import type { LeaseRecord } from "../../lease/lease.ts";
import { type ClientMessage, deviceMac, EngineBed, ip, startSeconds } from "./engine.testing.ts";

const config = `
  authoritative;
  ping-check off;
  dhcp-cache-threshold 0;
  default-lease-time 600;
  max-lease-time 1200;
  class "kept-out" { match if option vendor-class-identifier = "kept-out"; }
  subnet 10.9.0.0 netmask 255.255.255.0 {
    pool { deny members of "kept-out"; range 10.9.0.100 10.9.0.103; }
  }
  subnet 10.8.0.0 netmask 255.255.255.0 { range 10.8.0.100 10.8.0.103; }
  host fixed { hardware ethernet ${deviceMac(50)}; fixed-address 10.9.0.50; }
`;
const silent = config.replace("authoritative;", "not authoritative;");
const relayed = { giaddr: "10.9.0.2" } as const;
const unknownRelay = { giaddr: "172.16.0.1" } as const;

function stored(address: string, over: Partial<LeaseRecord> = {}): LeaseRecord {
  return {
    ...{ address: ip(address), bindingState: "active" },
    ...{ startsAt: startSeconds - 100, endsAt: startSeconds + 500 },
    hardware: { type: 1, address: Uint8Array.of(2, 16, 0, 0, 0, 9) },
    ...over,
  };
}

interface Row {
  readonly config?: string;
  readonly stored?: readonly LeaseRecord[];
  readonly message: ClientMessage;
  readonly verdict: string;
}

const abandoned: Partial<LeaseRecord> = { bindingState: "abandoned" };

// One row a row of the reference table, and their neighbours.
const rows: Readonly<Record<string, Row>> = {
  "INIT-REBOOT: address of another shared network, authoritative (DHCP-16)": {
    message: { ...relayed, requested: "10.8.0.100" },
    verdict: "nak",
  },
  "INIT-REBOOT: address of no network of ours, authoritative (DHCP-16)": {
    message: { ...relayed, requested: "192.168.1.1" },
    verdict: "nak",
  },
  "INIT-REBOOT: address of another shared network, not authoritative": {
    config: silent,
    message: { ...relayed, requested: "10.8.0.100" },
    verdict: "drop not-authoritative",
  },
  "REBINDING: address of another shared network, authoritative": {
    message: { ...relayed, ciaddr: "10.8.0.100" },
    verdict: "nak",
  },
  "unknown relay, but the address is on a declared authoritative subnet": {
    message: { ...unknownRelay, requested: "10.9.0.100" },
    verdict: "nak",
  },
  "unknown relay, address on a declared subnet, not authoritative": {
    config: silent,
    message: { ...unknownRelay, requested: "10.9.0.100" },
    verdict: "drop not-authoritative",
  },
  "unknown relay, unknown address": {
    message: { ...unknownRelay, requested: "192.168.1.1" },
    verdict: "drop unknown-subnet",
  },
  "address inside the subnet but in no range": {
    message: { ...relayed, requested: "10.9.0.20" },
    verdict: "drop unknown-lease",
  },
  "address held by another client, hardware differs": {
    stored: [stored("10.9.0.100")],
    message: { ...relayed, requested: "10.9.0.100" },
    verdict: "nak",
  },
  "address held by another client, not authoritative: it is ours all the same": {
    config: silent,
    stored: [stored("10.9.0.100")],
    message: { ...relayed, requested: "10.9.0.100" },
    verdict: "nak",
  },
  "ciaddr and option 50 together, on different networks, without a relay": {
    message: { ciaddr: "10.9.0.100", requested: "10.8.0.100" },
    verdict: "drop not-on-this-network",
  },
  "unknown clients are denied (PRE-2)": {
    config: `deny unknown-clients; ${config}`,
    message: { ...relayed, requested: "10.9.0.100" },
    verdict: "drop unknown-client",
  },
  "the host may not boot": {
    config: `${config} host a { hardware ethernet ${deviceMac(1)}; deny booting; }`,
    message: { ...relayed, requested: "10.9.0.100" },
    verdict: "drop booting-denied",
  },
  "a fixed address that somebody leased dynamically": {
    config: `${config} host a { hardware ethernet ${deviceMac(1)}; fixed-address 10.9.0.100; }`,
    stored: [stored("10.9.0.100")],
    message: { ...relayed, requested: "10.9.0.100" },
    verdict: "drop fixed-address-in-use",
  },
  "a reserved address of another client": {
    stored: [stored("10.9.0.100", { bindingState: "free", endsAt: 1, reserved: true })],
    message: { ...relayed, requested: "10.9.0.100" },
    verdict: "nak",
  },
  "address held by another client, client id differs": {
    stored: [stored("10.9.0.100", { clientId: Uint8Array.of(1) })],
    message: { ...relayed, mac: deviceMac(9), clientId: "b", requested: "10.9.0.100" },
    verdict: "nak",
  },
  "address held with a client id, the request has none": {
    stored: [stored("10.9.0.100", { clientId: Uint8Array.of(1) })],
    message: { ...relayed, mac: deviceMac(9), requested: "10.9.0.100" },
    verdict: "nak",
  },
  "a lease without client id is known by hardware": {
    stored: [stored("10.9.0.100")],
    message: { ...relayed, mac: deviceMac(9), clientId: "b", requested: "10.9.0.100" },
    verdict: "ack 10.9.0.100",
  },
  "the same client id on new hardware": {
    stored: [stored("10.9.0.100", { clientId: Uint8Array.of(98) })],
    message: { ...relayed, mac: deviceMac(77), clientId: "b", requested: "10.9.0.100" },
    verdict: "ack 10.9.0.100",
  },
  "address held by another client whose time is over": {
    stored: [stored("10.9.0.100", { endsAt: startSeconds - 1 })],
    message: { ...relayed, requested: "10.9.0.100" },
    verdict: "ack 10.9.0.100",
  },
  "a lease that ends in this second still belongs to its client": {
    stored: [stored("10.9.0.100", { endsAt: startSeconds })],
    message: { ...relayed, requested: "10.9.0.100" },
    verdict: "nak",
  },
  "address free, no record of the client: INIT-REBOOT after a lost database": {
    message: { ...relayed, requested: "10.9.0.101" },
    verdict: "ack 10.9.0.101",
  },
  "option 54 names another server, the address is ours and free": {
    message: { ...relayed, requested: "10.9.0.101", serverId: "10.9.0.99" },
    verdict: "ack 10.9.0.101",
  },
  "fixed address asked for (PRE-6)": {
    message: { ...relayed, mac: deviceMac(50), requested: "10.9.0.50" },
    verdict: "ack 10.9.0.50",
  },
  "fixed address renewed (PRE-6)": {
    message: { mac: deviceMac(50), ciaddr: "10.9.0.50", destination: "10.9.0.1" },
    verdict: "ack 10.9.0.50",
  },
  "client with a fixed address asks for another one (PRE-6)": {
    message: { ...relayed, mac: deviceMac(50), requested: "10.9.0.101" },
    verdict: "nak",
  },
  "a fixed address of another network does not count here": {
    message: { giaddr: "10.8.0.2", mac: deviceMac(50), requested: "10.8.0.101" },
    verdict: "ack 10.8.0.101",
  },
  "somebody else asks for a fixed address": {
    message: { ...relayed, mac: deviceMac(51), requested: "10.9.0.50" },
    verdict: "drop unknown-lease",
  },
  "abandoned address, somebody asks for it": {
    stored: [
      stored("10.9.0.100", { ...abandoned, hardware: { type: 1, address: Uint8Array.of(1) } }),
    ],
    message: { ...relayed, requested: "10.9.0.100" },
    verdict: "drop unknown-lease",
  },
  "abandoned address, somebody asks for it whom the pool keeps out": {
    stored: [stored("10.9.0.100", abandoned)],
    message: { ...relayed, vendorClass: "kept-out", requested: "10.9.0.100" },
    verdict: "drop unknown-lease",
  },
  "abandoned address, asked for by the client that is still on record": {
    stored: [stored("10.9.0.100", abandoned)],
    message: { ...relayed, mac: deviceMac(9), requested: "10.9.0.100" },
    verdict: "ack 10.9.0.100",
  },
  "neither option 50 nor ciaddr": {
    message: { ...relayed },
    verdict: "drop unknown-lease",
  },
  "option 50 with 0.0.0.0": {
    message: { ...relayed, requested: "0.0.0.0" },
    verdict: "nak",
  },
  RENEWING: {
    stored: [stored("10.9.0.100")],
    message: { mac: deviceMac(9), ciaddr: "10.9.0.100", destination: "10.9.0.1" },
    verdict: "ack 10.9.0.100",
  },
  "RENEWING through a router, on a network that is not the interface's": {
    stored: [stored("10.8.0.100")],
    message: { mac: deviceMac(9), ciaddr: "10.8.0.100", destination: "10.9.0.1" },
    verdict: "ack 10.8.0.100",
  },
  "REBINDING through a relay": {
    stored: [stored("10.9.0.100")],
    message: { ...relayed, mac: deviceMac(9), ciaddr: "10.9.0.100" },
    verdict: "ack 10.9.0.100",
  },
  "RENEWING an address that now belongs to another client": {
    stored: [stored("10.9.0.100")],
    message: { mac: deviceMac(1), ciaddr: "10.9.0.100", destination: "10.9.0.1" },
    verdict: "nak",
  },
  "ciaddr of no network of ours on the local wire is never told NAK": {
    message: { ciaddr: "192.168.1.1" },
    verdict: "drop not-on-this-network",
  },
  "INIT-REBOOT on the local wire with the address of another network": {
    message: { requested: "10.8.0.100" },
    verdict: "nak",
  },
  "the pool keeps the client out (CLASS-10)": {
    message: { ...relayed, vendorClass: "kept-out", requested: "10.9.0.101" },
    verdict: "nak",
  },
  "link selection beats giaddr (RFC 3527)": {
    message: { ...relayed, relayAgent: [5, 4, 10, 8, 0, 0], requested: "10.8.0.101" },
    verdict: "ack 10.8.0.101",
  },
  "subnet selection beats giaddr (RFC 3011)": {
    message: {
      ...relayed,
      options: [{ code: 118, value: Uint8Array.of(10, 8, 0, 0) }],
      requested: "10.8.0.101",
    },
    verdict: "ack 10.8.0.101",
  },
};

describe("REQUEST (MSG-1)", () => {
  for (const [name, row] of Object.entries(rows)) {
    test(name, () => {
      const bed = new EngineBed(row.config ?? config, row.stored);
      expect(bed.verdict({ type: "request", ...row.message })).toBe(row.verdict);
    });
  }

  test("a client that the pool no longer takes loses its lease when it starts anew", () => {
    const bed = new EngineBed(config, [stored("10.9.0.100")]);
    const kept = { mac: deviceMac(9), vendorClass: "kept-out", type: "request" } as const;
    expect(bed.verdict({ ...kept, ...relayed, ciaddr: "10.9.0.100" })).toBe("nak");
    const index = bed.leases.indexOf(ip("10.9.0.100"));
    expect(bed.leases.stateOf(index)).toBe("active");
    expect(bed.records).toEqual([]);
    expect(bed.verdict({ ...kept, ...relayed, requested: "10.9.0.100" })).toBe("nak");
    expect(bed.leases.stateOf(index)).toBe("free");
    expect(bed.records).toMatchObject([{ bindingState: "free", address: ip("10.9.0.100") }]);
  });

  test("an address offered to one client is not given to another that asks for it", () => {
    const bed = new EngineBed(config);
    const offer = bed.reply({ ...relayed, mac: deviceMac(1) });
    const thief = { ...relayed, type: "request", requested: offer.address } as const;
    expect(bed.verdict({ ...thief, mac: deviceMac(2) })).toBe("nak");
    expect(bed.verdict({ ...thief, mac: deviceMac(1) })).toBe(`ack ${offer.address}`);
  });

  test("a second lease: the old one is kept by default", () => {
    const bed = new EngineBed(config);
    const first = bed.bind({ ...relayed, mac: deviceMac(1) });
    const again = {
      ...relayed,
      mac: deviceMac(1),
      type: "request",
      requested: "10.9.0.103",
    } as const;
    expect(bed.verdict(again)).toBe("ack 10.9.0.103");
    expect(bed.leases.isActive(bed.leases.indexOf(ip(first)))).toBe(true);
  });

  test("a second lease of a client identifier: the old one on the same network is taken back", () => {
    const bed = new EngineBed(config);
    const client = { ...relayed, mac: deviceMac(1), clientId: "c" };
    const stateOf = (address: string) => bed.leases.stateOf(bed.leases.indexOf(ip(address)));
    const first = bed.bind(client);
    const elsewhere = bed.bind({ ...client, giaddr: "10.8.0.2" });
    expect([stateOf(first), stateOf(elsewhere)]).toEqual(["active", "active"]);
    const again = { ...client, type: "request", requested: "10.9.0.103" } as const;
    expect(bed.verdict(again)).toBe("ack 10.9.0.103");
    expect([stateOf(first), stateOf(elsewhere)]).toEqual(["free", "active"]);
    const renewal = { ...client, type: "request", ciaddr: first } as const;
    expect(bed.verdict(renewal)).toBe(`ack ${first}`);
    expect(stateOf("10.9.0.103")).toBe("active");
  });

  test("a second lease of a client identifier does not count twice to a full class", () => {
    const limit = 'class "line" { match if exists agent.circuit-id; lease limit 1; }';
    const bed = new EngineBed(`${limit} ${config}`);
    const client = { ...relayed, clientId: "c", relayAgent: [1, 1, 7] } as const;
    bed.bind(client);
    expect(bed.verdict({ ...client, type: "request", requested: "10.9.0.103" })).toBe(
      "ack 10.9.0.103",
    );
    const next = { ...client, clientId: "d", mac: deviceMac(2), type: "request" } as const;
    expect(bed.verdict({ ...next, requested: "10.9.0.102" })).toBe("drop no-available-billing");
  });

  test("a second lease: one-lease-per-client takes the old one back, on any network", () => {
    const bed = new EngineBed(`one-lease-per-client true; ${config}`);
    const client = { mac: deviceMac(1), clientId: "c" };
    const first = bed.bind({ ...client, ...relayed });
    const second = bed.bind({ ...client, giaddr: "10.8.0.2" });
    expect(second).toBe("10.8.0.100");
    expect(bed.leases.stateOf(bed.leases.indexOf(ip(first)))).toBe("free");
    expect(bed.records.at(-1)).toMatchObject({ address: ip(first), bindingState: "free" });
  });

  test("deny duplicates: a host declared by hardware keeps one lease, whatever its client id", () => {
    const host = `host one { hardware ethernet ${deviceMac(1)}; }`;
    for (const [denied, expected] of [
      ["deny duplicates;", "free"],
      ["", "active"],
    ] as const) {
      const bed = new EngineBed(`${denied} ${config} ${host}`);
      const first = bed.bind({ ...relayed, clientId: "system a" });
      expect(bed.bind({ ...relayed, clientId: "system b" })).not.toBe(first);
      expect(bed.leases.stateOf(bed.leases.indexOf(ip(first)))).toBe(expected);
    }
  });

  test("the NAK is bare, and the relay must broadcast it", () => {
    const bed = new EngineBed(config);
    const nak = bed.reply({
      ...{ ...relayed, type: "request", requested: "10.8.0.1", list: [1, 3], clientId: "c" },
      ...{ hops: 1, relayAgent: [1, 1, 7] },
    });
    expect(nak.codes).toEqual([53, 54, 56, 82]);
    expect(nak.option(53)).toEqual([MessageType.nak]);
    expect(nak.option(54)).toEqual([10, 9, 0, 1]);
    expect(nak.option(82)).toEqual([1, 1, 7]);
    expect(nak.packet).toMatchObject({ op: 2, ciaddr: 0, yiaddr: 0, siaddr: 0, flags: 0x8000 });
    expect(nak.packet.giaddr).toBe(ip("10.9.0.2"));
    expect(nak.packet.bytes?.length).toBe(300);
    expect(nak.destination).toEqual({ kind: "relay", address: ip("10.9.0.2"), port: 67 });
    expect(nak.durable).toBe(false);
  });

  test("the NAK says whether the address is taken or wrong for this client", () => {
    const bed = new EngineBed(config);
    const words = (message: ClientMessage) =>
      String.fromCharCode(...(bed.reply({ ...message, type: "request" }).option(56) ?? []));
    expect(words({ ...relayed, requested: "10.8.0.1" })).toBe("requested address not available");
    expect(words({ ...relayed, mac: deviceMac(50), requested: "10.9.0.101" })).toBe(
      "requested address is incorrect",
    );
  });

  test("a NAK on the local wire is broadcast, and echoes option 61 when told to", () => {
    const bed = new EngineBed(`echo-client-id true; server-identifier 10.9.0.3; ${config}`);
    const nak = bed.reply({ type: "request", requested: "10.8.0.1", clientId: "c" });
    expect(nak.codes).toEqual([53, 54, 56, 61]);
    expect(nak.option(54)).toEqual([10, 9, 0, 3]);
    expect(nak.destination).toEqual({ kind: "broadcast", interfaceIndex: 3, port: 68 });
  });
});
