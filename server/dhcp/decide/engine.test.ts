import { describe, expect, test } from "vitest";
import {
  type ClientMessage,
  deviceMac,
  EngineBed,
  ip,
  randomMessages,
  startSeconds,
} from "./engine.testing.ts";

const config = `
  authoritative; ping-check off;
  default-lease-time 600; max-lease-time 1200;
  subnet 10.9.0.0 netmask 255.255.255.0 { range 10.9.0.100 10.9.0.109; }
`;
const relayed = { giaddr: "10.9.0.2" } as const;
const renewal = { type: "request", ciaddr: "10.9.0.100", destination: "10.9.0.1" } as const;

describe("what is never answered", () => {
  test.each<[string, ClientMessage, string]>([
    ["a reply", { op: 2 }, "drop not-a-request"],
    ["BOOTP without a place in a pool (DHCP-15)", { type: "bootp" }, "drop not-permitted"],
    ["an OFFER from a client", { type: "offer" }, "drop unsupported-message-type"],
    ["an ACK from a client", { type: "ack" }, "drop unsupported-message-type"],
    ["FORCERENEW", { type: "forceRenew" }, "drop unsupported-message-type"],
    ["leasequery", { type: "leaseQuery" }, "drop lease-query-denied"],
    ["a REQUEST of nobody", { type: "request", mac: "" }, "drop no-client-identity"],
    ["an empty client identifier", { clientId: new Uint8Array(0) }, "drop no-client-identity"],
  ])("%s", (_name, message, verdict) => {
    const bed = new EngineBed(config);
    expect(bed.verdict({ ...relayed, ...message })).toBe(verdict);
    expect(bed.leases.counts().neverUsed).toBe(10);
  });
});

describe("life of a lease", () => {
  test("bound, renewed, expired, and back at its address", () => {
    const bed = new EngineBed(config);
    const client = { ...relayed, clientId: "c", hostname: "meter\0", vendorClass: "docsis3.0:" };
    expect(bed.bind(client)).toBe("10.9.0.100");
    expect(bed.records).toEqual([
      {
        ...{ address: ip("10.9.0.100"), bindingState: "active" },
        ...{ startsAt: startSeconds, endsAt: startSeconds + 600, cltt: startSeconds },
        ...{ nextBindingState: "free", rewindBindingState: "free" },
        hardware: { type: 1, address: Uint8Array.of(2, 16, 0, 0, 0, 1) },
        clientId: new TextEncoder().encode("c"),
        hostname: new TextEncoder().encode("meter"),
        vendorClass: new TextEncoder().encode("docsis3.0:"),
      },
    ]);
    bed.nowSeconds += 300;
    const ack = bed.reply({
      ...renewal,
      clientId: "c",
      hostname: "meter",
      vendorClass: "docsis3.0:",
    });
    expect(ack).toMatchObject({
      type: "ack",
      address: "10.9.0.100",
      leaseSeconds: 600,
      durable: true,
    });
    expect(ack.destination).toEqual({
      ...{ kind: "unicast", address: ip("10.9.0.100"), port: 68, source: ip("10.9.0.1") },
    });
    bed.nowSeconds += 600;
    expect(bed.expire()).toEqual([]);
    bed.nowSeconds += 1;
    expect(bed.expire()).toMatchObject([{ bindingState: "free", endsAt: startSeconds + 900 }]);
    bed.bind({ ...relayed, mac: deviceMac(2) });
    bed.nowSeconds += 86_400;
    expect(bed.bind(client)).toBe("10.9.0.100");
  });

  test("a restart with the stored records changes nothing for the clients (LEASE-3)", () => {
    const before = new EngineBed(config);
    before.bind({ ...relayed, mac: deviceMac(1) });
    before.bind({ ...relayed, mac: deviceMac(2), clientId: "c" });
    const bed = new EngineBed(config, before.records);
    const second = { type: "request", mac: deviceMac(2), clientId: "c" } as const;
    expect(bed.verdict(renewal)).toBe("ack 10.9.0.100");
    expect(bed.verdict({ ...second, ciaddr: "10.9.0.101" })).toBe("ack 10.9.0.101");
    expect(bed.verdict({ ...relayed, mac: deviceMac(3) })).toBe("offer 10.9.0.102");
  });

  test("ignore-client-uids stores no client id", () => {
    const bed = new EngineBed(`ignore-client-uids true; ${config}`);
    expect(bed.bind({ ...relayed, clientId: "a" })).toBe("10.9.0.100");
    expect(bed.records[0]?.clientId).toBeUndefined();
    expect(bed.bind({ ...relayed, clientId: "b" })).toBe("10.9.0.100");
  });

  test("an address never has two clients", () => {
    const bed = new EngineBed(config);
    const holders = new Map<string, number>();
    for (let device = 1; device <= 10; device += 1) {
      const address = bed.bind({ ...relayed, mac: deviceMac(device) });
      expect(holders.has(address)).toBe(false);
      holders.set(address, device);
    }
    expect(bed.verdict({ ...relayed, mac: deviceMac(11) })).toBe("drop no-free-lease");
  });

  test("a fixed address inside a range is leased like any other, so nobody else gets it", () => {
    const bed = new EngineBed(
      `${config} host a { hardware ethernet ${deviceMac(50)}; fixed-address 10.9.0.100; }`,
    );
    expect(bed.bind({ ...relayed, mac: deviceMac(50) })).toBe("10.9.0.100");
    expect(bed.records).toMatchObject([{ address: ip("10.9.0.100"), bindingState: "active" }]);
    expect(bed.verdict({ ...relayed, requested: "10.9.0.100" })).toBe("offer 10.9.0.101");
  });

  test("a fixed address outside all ranges needs no record", () => {
    const bed = new EngineBed(
      `${config} host a { hardware ethernet ${deviceMac(50)}; fixed-address 10.9.0.50; }`,
    );
    const ack = bed.reply({
      ...relayed,
      type: "request",
      mac: deviceMac(50),
      requested: "10.9.0.50",
    });
    expect(ack).toMatchObject({ type: "ack", durable: false, leaseSeconds: 600 });
    expect(bed.records).toEqual([]);
  });
});

describe("dhcp-cache-threshold", () => {
  test.each<[string, string, number, ClientMessage, number, boolean]>([
    ["young: answered as it is, with the time that is left", "", 3, {}, 597, false],
    ["at a quarter of the lease", "", 150, {}, 450, false],
    ["older than a quarter: written again", "", 151, {}, 600, true],
    ["threshold 0: always written", "dhcp-cache-threshold 0;", 0, {}, 600, true],
    ["another host name: written again", "", 3, { hostname: "new" }, 600, true],
    ["another option 82: written again", "", 3, { relayAgent: [1, 1, 8] }, 600, true],
    ["another client id on the same hardware", "", 3, { clientId: "c" }, 600, true],
  ])("%s", (_name, statements, ageSeconds, message, leaseSeconds, isWritten) => {
    const bed = new EngineBed(`${statements} ${config}`);
    bed.bind(relayed);
    const before = bed.records.length;
    bed.nowSeconds += ageSeconds;
    const ack = bed.reply({ ...renewal, ...message });
    expect(ack).toMatchObject({ type: "ack", leaseSeconds, durable: isWritten });
    expect(bed.records.length - before).toBe(isWritten ? 1 : 0);
  });

  test("a DISCOVER within the threshold is told the time that is left", () => {
    const bed = new EngineBed(config);
    bed.bind(relayed);
    bed.nowSeconds += 100;
    expect(bed.reply(relayed).leaseSeconds).toBe(500);
    bed.nowSeconds += 100;
    expect(bed.reply(relayed).leaseSeconds).toBe(600);
  });

  test("over a replicated store every ACK has a record, also of a lease that was followed", () => {
    const before = new EngineBed(config);
    before.bind(relayed);
    const bed = new EngineBed(config, before.records, { recordsEveryAck: true });
    expect(bed.leases.isDurable(0)).toBe(true);
    for (const records of [1, 2]) {
      const ack = bed.reply(renewal);
      expect(ack).toMatchObject({ type: "ack", leaseSeconds: 600, durable: true });
      expect(bed.records.length).toBe(records);
    }
  });

  test("a lease that is not on disk is never reused: its record is written again", () => {
    const bed = new EngineBed(config);
    bed.isDiskFull = true;
    expect(bed.bind(relayed)).toBe("10.9.0.100");
    expect(bed.records).toEqual([]);
    for (const _again of [1, 2]) {
      const outcome = bed.send(renewal);
      expect(outcome).toMatchObject({ kind: "reply", durable: true, changes: [0], leaseIndex: 0 });
    }
    bed.isDiskFull = false;
    expect(bed.reply(renewal).durable).toBe(true);
    expect(bed.records.length).toBe(1);
    expect(bed.reply(renewal).durable).toBe(false);
  });
});

describe("stash-agent-options", () => {
  const classes = `
    class "behind-7" { match if option agent.circuit-id = 07; filename "seven.cfg"; }
  `;
  const file = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

  test("a unicast renewal is classified by the option 82 of its lease, and gets none back", () => {
    const bed = new EngineBed(`${classes} ${config}`);
    bed.bind({ ...relayed, relayAgent: [1, 1, 7] });
    bed.nowSeconds += 300;
    const ack = bed.reply(renewal);
    expect(file(ack.packet.file)).toBe("seven.cfg");
    expect(ack.option(82)).toBeUndefined();
    expect(bed.records.at(-1)?.agentOptions).toEqual(Uint8Array.of(1, 1, 7));
    bed.nowSeconds += 300;
    expect(file(bed.reply(renewal).packet.file)).toBe("seven.cfg");
  });

  test("not for another client that claims the address", () => {
    const bed = new EngineBed(`${classes} ${config}`);
    bed.bind({ ...relayed, relayAgent: [1, 1, 7] });
    expect(bed.verdict({ ...renewal, mac: deviceMac(2) })).toBe("nak");
  });

  test("switched off", () => {
    const bed = new EngineBed(`stash-agent-options off; ${classes} ${config}`);
    bed.bind({ ...relayed, relayAgent: [1, 1, 7] });
    expect(bed.records[0]?.agentOptions).toBeUndefined();
    bed.nowSeconds += 300;
    expect(file(bed.reply(renewal).packet.file)).toBe("");
  });
});

describe("hostile packets", () => {
  test("20,000 random messages with seed 7: no crash, no lease for two", () => {
    const bed = new EngineBed(
      `${config}
       abandon-lease-time 60; default-lease-time 60; min-lease-time 30; dhcp-cache-threshold 0;
       subnet 10.8.0.0 netmask 255.255.255.0 { range 10.8.0.1 10.8.0.5; }
       host a { hardware ethernet ${deviceMac(3)}; fixed-address 10.9.0.3, 10.8.0.9; }`,
    );
    const holder = new Map<number, string>();
    let acknowledged = 0;
    for (const message of randomMessages(7, 20_000)) {
      bed.nowSeconds += 1;
      for (const { address } of bed.expire()) holder.delete(address);
      const outcome = bed.send(message);
      if (outcome.kind === "reply") bed.seenReply(outcome);
      const identity = `${message.clientId ?? message.mac}`;
      for (const index of outcome.changes) {
        const { address, bindingState } = bed.leases.recordOf(index);
        if (bindingState !== "active") holder.delete(address);
        else expect(holder.get(address) ?? identity).toBe(identity);
        if (bindingState === "active") holder.set(address, identity);
      }
      if (outcome.kind === "reply" && outcome.durable) acknowledged += 1;
    }
    expect(acknowledged).toBeGreaterThan(500);
    expect(holder.size).toBe(bed.leases.counts().active);
    const { active, free, abandoned, total } = bed.leases.counts();
    expect(active + free + abandoned).toBe(total);
  });
});
