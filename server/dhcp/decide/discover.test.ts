import { describe, expect, test } from "vitest";
import type { LeaseRecord } from "../../lease/lease.ts";
import { type ClientMessage, deviceMac, EngineBed, ip, startSeconds } from "./engine.testing.ts";

const base = `
  authoritative;
  ping-check off;
  default-lease-time 600;
  max-lease-time 1200;
`;
const config = `${base}
  subnet 10.9.0.0 netmask 255.255.255.0 { range 10.9.0.100 10.9.0.102; }
`;
const relayed = { giaddr: "10.9.0.2" } as const;

function stored(address: string, over: Partial<LeaseRecord> = {}): LeaseRecord {
  return {
    ...{ address: ip(address), bindingState: "free" },
    ...{ startsAt: startSeconds - 1000, endsAt: startSeconds - 500 },
    hardware: { type: 1, address: Uint8Array.of(2, 16, 0, 0, 0, 9) },
    ...over,
  };
}

describe("which address a DISCOVER gets (SYS-3)", () => {
  const active = { bindingState: "active", endsAt: startSeconds + 100 } as const;
  const cases: Readonly<
    Record<string, readonly [readonly LeaseRecord[], ClientMessage, string, string?]>
  > = {
    "an address that was never used": [[stored("10.9.0.100")], {}, "offer 10.9.0.101"],
    "its own former address: affinity": [
      [stored("10.9.0.102")],
      { mac: deviceMac(9) },
      "offer 10.9.0.102",
    ],
    "its active lease, by hardware": [
      [stored("10.9.0.102", active)],
      { mac: deviceMac(9) },
      "offer 10.9.0.102",
    ],
    "the lease of its client id before that of its hardware": [
      [stored("10.9.0.101"), stored("10.9.0.102", { clientId: Uint8Array.of(99) })],
      { mac: deviceMac(9), clientId: "c" },
      "offer 10.9.0.102",
    ],
    "the same client id on other hardware (RFC 2131, 4.2)": [
      [stored("10.9.0.102", { ...active, clientId: Uint8Array.of(99) })],
      { mac: deviceMac(8), clientId: "c" },
      "offer 10.9.0.102",
    ],
    "not the active lease of another client id on the same hardware": [
      [stored("10.9.0.102", { ...active, clientId: Uint8Array.of(99) })],
      { mac: deviceMac(9), clientId: "d" },
      "offer 10.9.0.100",
    ],
    "not the active lease that has a client id when it sends none": [
      [stored("10.9.0.102", { ...active, clientId: Uint8Array.of(99) })],
      { mac: deviceMac(9) },
      "offer 10.9.0.100",
    ],
    "a free lease of its hardware, whatever client id it had": [
      [stored("10.9.0.102", { clientId: Uint8Array.of(99) })],
      { mac: deviceMac(9) },
      "offer 10.9.0.102",
    ],
    "the address that it asks for": [[], { requested: "10.9.0.102" }, "offer 10.9.0.102"],
    "the address that it asks for before its own former one": [
      [stored("10.9.0.102")],
      { mac: deviceMac(9), requested: "10.9.0.101" },
      "offer 10.9.0.101",
    ],
    "not the address that another client has": [
      [stored("10.9.0.102", active)],
      { requested: "10.9.0.102" },
      "offer 10.9.0.100",
    ],
    "not an abandoned address that it asks for": [
      [stored("10.9.0.102", { ...active, bindingState: "abandoned" })],
      { requested: "10.9.0.102" },
      "offer 10.9.0.100",
    ],
    "not an address of another network that it asks for": [
      [],
      { requested: "10.8.0.100" },
      "offer 10.9.0.100",
    ],
    "the free address whose use ended longest ago": [
      [
        stored("10.9.0.100", { endsAt: startSeconds - 10 }),
        stored("10.9.0.101", { endsAt: startSeconds - 30 }),
        stored("10.9.0.102", { endsAt: startSeconds - 20 }),
      ],
      {},
      "offer 10.9.0.101",
    ],
    "an abandoned address when there is nothing else": [
      [
        stored("10.9.0.100", active),
        stored("10.9.0.101", { ...active, bindingState: "abandoned" }),
        stored("10.9.0.102", active),
      ],
      {},
      "offer 10.9.0.101",
    ],
    "nothing when all are taken": [
      [stored("10.9.0.100", active), stored("10.9.0.101", active), stored("10.9.0.102", active)],
      {},
      "drop no-free-lease",
    ],
    "nothing behind a relay that we do not know": [
      [],
      { giaddr: "172.16.0.1" },
      "drop unknown-network-segment",
    ],
    "nothing when link selection names an unknown subnet": [
      [],
      { relayAgent: [5, 4, 172, 16, 0, 0] },
      "drop unknown-network-segment",
    ],
    "nothing when subnet selection names an unknown subnet": [
      [],
      { options: [{ code: 118, value: Uint8Array.of(172, 16, 0, 0) }] },
      "drop unknown-network-segment",
    ],
    "an address of the interface's network without a relay": [
      [],
      { giaddr: "0.0.0.0" },
      "offer 10.9.0.100",
    ],
    "nothing on an interface whose network is not declared": [
      [],
      { giaddr: "0.0.0.0", interfaceIndex: 9 },
      "drop unknown-network-segment",
    ],
    "nothing without hardware address and client id": [[], { mac: "" }, "drop no-client-identity"],
    "an address by client id alone (RFC 4390)": [
      [],
      { mac: "", clientId: "c" },
      "offer 10.9.0.100",
    ],
    "an answer only after min-secs": [
      [],
      { secs: 2 },
      "drop too-few-seconds",
      `min-secs 3; ${config}`,
    ],
    "an answer after min-secs": [[], { secs: 3 }, "offer 10.9.0.100", `min-secs 3; ${config}`],
    "nothing when unknown clients are denied (PRE-2)": [
      [],
      {},
      "drop unknown-client",
      `deny unknown-clients; ${config}`,
    ],
    "nothing when the host may not boot": [
      [],
      {},
      "drop booting-denied",
      `${config} host a { hardware ethernet ${deviceMac(1)}; deny booting; }`,
    ],
    "its fixed address, not its dynamic lease (PRE-6)": [
      [stored("10.9.0.102", active)],
      { mac: deviceMac(9), requested: "10.9.0.102" },
      "offer 10.9.0.50",
      `${config} host a { hardware ethernet ${deviceMac(9)}; fixed-address 10.9.0.50; }`,
    ],
    "the fixed address of its client id before that of its hardware": [
      [],
      { clientId: "c" },
      "offer 10.9.0.51",
      `${config} host a { hardware ethernet ${deviceMac(1)}; fixed-address 10.9.0.50; }
       host b { option dhcp-client-identifier "c"; fixed-address 10.9.0.51; }`,
    ],
    "the fixed address of this network among several": [
      [],
      {},
      "offer 10.9.0.50",
      `${config} subnet 10.8.0.0 netmask 255.255.255.0 { }
       host a { hardware ethernet ${deviceMac(1)}; fixed-address 10.8.0.50, 10.9.0.50; }`,
    ],
    "not a fixed address that somebody leased dynamically": [
      [stored("10.9.0.102", active)],
      {},
      "drop fixed-address-in-use",
      `${config} host a { hardware ethernet ${deviceMac(1)}; fixed-address 10.9.0.102; }`,
    ],
  };
  for (const [name, [leases, message, verdict, text]] of Object.entries(cases)) {
    test(name, () => {
      const bed = new EngineBed(text ?? config, leases);
      expect(bed.verdict({ ...relayed, ...message })).toBe(verdict);
      expect(bed.records).toEqual([]);
    });
  }
});

describe("pools and classes (CLASS-10, PRE-4, PRE-5)", () => {
  const pools = `${base}
    class "cm" { match if substring (option vendor-class-identifier, 0, 6) = "docsis"; }
    class "mta" { match if substring (option vendor-class-identifier, 0, 8) = "pktc1.0:"; }
    subnet 10.9.0.0 netmask 255.255.255.0 {
      pool { deny unknown-clients; allow members of "cm"; range 10.9.0.10 10.9.0.19; }
      pool { deny unknown-clients; allow members of "mta"; range 10.9.0.20 10.9.0.29; }
    }
    host a { hardware ethernet ${deviceMac(1)}; }
  `;
  test.each([
    ["a registered modem", deviceMac(1), "docsis3.0:0524", "offer 10.9.0.10"],
    ["a registered MTA", deviceMac(1), "pktc1.0:0524", "offer 10.9.0.20"],
    ["a registered device of no class", deviceMac(1), "other", "drop not-permitted"],
    ["an unregistered modem (PRE-2)", deviceMac(2), "docsis3.0:0524", "drop not-permitted"],
  ])("%s", (_name, mac, vendorClass, verdict) => {
    const bed = new EngineBed(pools);
    expect(bed.verdict({ ...relayed, mac, vendorClass })).toBe(verdict);
  });

  test("CONF-15: a group changes what a device is told, not which address it gets", () => {
    const group = 'group gold { filename "gold.cfg"; }';
    const offers = ["", "group gold;"].map((line) =>
      new EngineBed(`${group} ${pools.replace("host a { ", `host a { ${line} `)}`).reply({
        ...relayed,
        vendorClass: "docsis3.0:",
      }),
    );
    expect(offers.map(({ address }) => address)).toEqual(["10.9.0.10", "10.9.0.10"]);
    expect(offers.map(({ packet }) => packet.file.length)).toEqual([0, "gold.cfg".length]);
  });

  test("a client that changed its class leaves its former pool", () => {
    const bed = new EngineBed(pools);
    expect(bed.bind({ ...relayed, vendorClass: "docsis3.0:" })).toBe("10.9.0.10");
    expect(bed.bind({ ...relayed, vendorClass: "pktc1.0:" })).toBe("10.9.0.20");
    expect(bed.records).toMatchObject([
      { address: ip("10.9.0.10"), bindingState: "active" },
      { address: ip("10.9.0.10"), bindingState: "free" },
      { address: ip("10.9.0.20"), bindingState: "active" },
    ]);
  });

  test("ignore says nothing about the clients that it keeps out", () => {
    for (const [word, log] of [
      ["deny", "DHCPDISCOVER from 02:10:00:00:00:01 via 10.9.0.2: unknown client"],
      ["ignore", ""],
    ] as const) {
      const bed = new EngineBed(`${word} unknown-clients; ${config}`);
      expect(bed.verdict(relayed)).toBe("drop unknown-client");
      expect(bed.lastLog).toBe(log);
    }
  });

  test("the log names the network that is full", () => {
    const bed = new EngineBed(pools);
    bed.send({ ...relayed, mac: deviceMac(2) });
    expect(bed.lastLog).toBe(
      "DHCPDISCOVER from 02:10:00:00:00:02 via 10.9.0.2: network 10.9.0.0/24: no free leases",
    );
  });
});

describe("offers", () => {
  test("an offered address is held for 120 s", () => {
    const bed = new EngineBed(config);
    expect(bed.verdict({ ...relayed, mac: deviceMac(1) })).toBe("offer 10.9.0.100");
    expect(bed.verdict({ ...relayed, mac: deviceMac(1) })).toBe("offer 10.9.0.100");
    expect(bed.verdict({ ...relayed, mac: deviceMac(2) })).toBe("offer 10.9.0.101");
    expect(bed.verdict({ ...relayed, mac: deviceMac(3) })).toBe("offer 10.9.0.102");
    expect(bed.verdict({ ...relayed, mac: deviceMac(4) })).toBe("drop no-free-lease");
    bed.nowSeconds += 119;
    expect(bed.verdict({ ...relayed, mac: deviceMac(4) })).toBe("drop no-free-lease");
    bed.nowSeconds += 1;
    expect(bed.verdict({ ...relayed, mac: deviceMac(4) })).toBe("offer 10.9.0.100");
    expect(bed.verdict({ ...relayed, mac: deviceMac(1) })).not.toBe("offer 10.9.0.100");
  });

  test("a lease that is over, but not swept up yet, is held for its client like any other", () => {
    const bed = new EngineBed(config);
    bed.bind(relayed);
    bed.nowSeconds += 601;
    expect(bed.verdict(relayed)).toBe("offer 10.9.0.100");
    expect(bed.records.at(-1)).toMatchObject({ bindingState: "free" });
    expect(bed.expire()).toEqual([]);
    const thief = { ...relayed, mac: deviceMac(2), requested: "10.9.0.100" };
    expect(bed.verdict(thief)).toBe("offer 10.9.0.101");
    expect(bed.verdict({ ...relayed, type: "request", requested: "10.9.0.100" })).toBe(
      "ack 10.9.0.100",
    );
  });

  test("an OFFER writes nothing, and does not end the client's active lease", () => {
    const bed = new EngineBed(config);
    bed.bind(relayed);
    const before = bed.records.length;
    bed.nowSeconds += 400;
    const offer = bed.reply(relayed);
    expect(offer).toMatchObject({ type: "offer", address: "10.9.0.100", leaseSeconds: 600 });
    expect(bed.records.length).toBe(before);
    expect(bed.leases.endsAt(0)).toBe(startSeconds + 600);
  });
});

describe("ping-check (DHCP-14)", () => {
  const pinging = config.replace("ping-check off;", "ping-check true;");

  test("the OFFER waits for the probe, and other clients do not", () => {
    const bed = new EngineBed(pinging);
    const first = bed.send(relayed);
    expect(first).toMatchObject({ kind: "ping", address: ip("10.9.0.100"), timeoutMs: 1000 });
    expect(bed.verdict({ ...relayed, mac: deviceMac(2) })).toBe("ping 10.9.0.101");
    expect(bed.verdict(relayed)).toBe("drop ping-in-progress");
    bed.nowSeconds += 1;
    if (first.kind !== "ping") throw new Error("unreachable");
    const offer = bed.seenReply(bed.engine.pingTimedOut(first.ticket, bed.nowSeconds));
    expect(offer).toMatchObject({ type: "offer", address: "10.9.0.100", leaseSeconds: 600 });
    expect(bed.engine.pingTimedOut(first.ticket, bed.nowSeconds)).toMatchObject({
      kind: "drop",
      reason: "ping-settled",
    });
    const asked = { ...relayed, type: "request", requested: "10.9.0.100" } as const;
    expect(bed.verdict(asked)).toBe("ack 10.9.0.100");
  });

  test("an address that answers is abandoned, and the client gets another one", () => {
    const bed = new EngineBed(pinging);
    const first = bed.send(relayed);
    if (first.kind !== "ping") throw new Error("no probe");
    const changes = bed.engine.pingAnswered(first.ticket, bed.nowSeconds);
    const records = changes.map((index) => bed.leases.recordOf(index));
    expect(records).toMatchObject([
      {
        ...{ address: ip("10.9.0.100"), bindingState: "abandoned" },
        endsAt: startSeconds + 86_400,
      },
    ]);
    expect(records[0]?.hardware).toBeUndefined();
    expect(bed.engine.pingAnswered(first.ticket, bed.nowSeconds)).toEqual([]);
    expect(bed.verdict(relayed)).toBe("ping 10.9.0.101");
    expect(bed.engine.pingTimedOut(first.ticket, bed.nowSeconds)).toMatchObject({
      reason: "ping-settled",
    });
  });

  test("a lease that was acknowledged meanwhile is not abandoned by a late answer", () => {
    const bed = new EngineBed(pinging);
    const first = bed.send(relayed);
    if (first.kind !== "ping") throw new Error("no probe");
    const asked = { ...relayed, type: "request", requested: "10.9.0.100" } as const;
    expect(bed.verdict(asked)).toBe("ack 10.9.0.100");
    expect(bed.engine.pingAnswered(first.ticket, bed.nowSeconds)).toEqual([]);
    expect(bed.leases.isActive(0)).toBe(true);
  });

  const active = { bindingState: "active", endsAt: startSeconds + 100 } as const;
  test.each<[string, Partial<LeaseRecord>, ClientMessage, string, string?]>([
    ["first use", { address: ip("10.9.0.101") }, {}, "ping 10.9.0.100"],
    ["the client's active lease", active, { mac: deviceMac(9) }, "offer 10.9.0.100"],
    [
      "the same client within 60 s",
      { cltt: startSeconds - 59 },
      { mac: deviceMac(9) },
      "offer 10.9.0.100",
    ],
    [
      "the same client after 60 s",
      { cltt: startSeconds - 60 },
      { mac: deviceMac(9) },
      "ping 10.9.0.100",
    ],
    [
      "the same client within ping-cltt-secs",
      { cltt: startSeconds - 60 },
      { mac: deviceMac(9) },
      "offer 10.9.0.100",
      "ping-cltt-secs 61;",
    ],
    [
      "another client, however short ago",
      { cltt: startSeconds },
      { requested: "10.9.0.100" },
      "ping 10.9.0.100",
    ],
    [
      "a fixed address",
      {},
      { mac: deviceMac(50) },
      "offer 10.9.0.50",
      `host a { hardware ethernet ${deviceMac(50)}; fixed-address 10.9.0.50; }`,
    ],
  ])("%s", (_name, record, message, verdict, more = "") => {
    const bed = new EngineBed(`${pinging} ${more}`, [stored("10.9.0.100", record)]);
    expect(bed.verdict({ ...relayed, ...message })).toBe(verdict);
  });

  test.each([
    ["ping-timeout 3;", 3000],
    ["ping-timeout 3; ping-timeout-ms 250;", 250],
  ])("%s", (text, timeoutMs) => {
    expect(new EngineBed(`${text} ${pinging}`).send(relayed)).toMatchObject({ timeoutMs });
  });

  test("the waiting offer does not depend on the receive buffer", () => {
    const bed = new EngineBed(pinging);
    const first = bed.send({ ...relayed, relayAgent: [1, 2, 7, 8] });
    if (first.kind !== "ping") throw new Error("no probe");
    const offer = bed.seenReply(bed.engine.pingTimedOut(first.ticket, bed.nowSeconds));
    expect(offer.option(82)).toEqual([1, 2, 7, 8]);
    expect([...offer.packet.chaddr]).toEqual([2, 16, 0, 0, 0, 1]);
  });
});

describe("lease limits", () => {
  const limited = `${base}
    class "cpe" { spawn with option agent.remote-id; lease limit 2; }
    subnet 10.9.0.0 netmask 255.255.255.0 { range 10.9.0.100 10.9.0.109; }
  `;
  const behind = (modem: number, device: number) =>
    ({ ...relayed, mac: deviceMac(device), relayAgent: [2, 1, modem] }) as const;

  test("a spawned subclass counts by itself (CLASS-13)", () => {
    const bed = new EngineBed(limited);
    bed.bind(behind(1, 11));
    bed.bind(behind(1, 12));
    expect(bed.verdict(behind(1, 13))).toBe("drop no-available-billing");
    expect(bed.lastLog).toContain(
      "no available billing: lease limit reached in all matching classes (last: 'cpe')",
    );
    expect(bed.verdict(behind(2, 13))).toMatch(/^offer /);
    expect(bed.verdict({ ...behind(1, 11) })).toMatch(/^offer /);
    expect(bed.records.at(-1)?.billing).toEqual({ className: "cpe", hash: Uint8Array.of(1) });
  });

  test("an OFFER does not count, a second REQUEST over the limit does not pass", () => {
    const bed = new EngineBed(limited);
    for (const device of [11, 12, 13]) expect(bed.verdict(behind(1, device))).toMatch(/^offer /);
    const verdicts = [0, 1, 2].map((at) =>
      bed.verdict({ ...behind(1, 11 + at), type: "request", requested: `10.9.0.${100 + at}` }),
    );
    expect(verdicts).toEqual(["ack 10.9.0.100", "ack 10.9.0.101", "drop no-available-billing"]);
  });

  test.each<[string, (bed: EngineBed) => void]>([
    ["RELEASE", (bed) => bed.send({ ...behind(1, 11), type: "release", ciaddr: "10.9.0.100" })],
    ["DECLINE", (bed) => bed.send({ ...behind(1, 11), type: "decline", requested: "10.9.0.100" })],
    [
      "expiry",
      (bed) => {
        bed.nowSeconds += 601;
        bed.expire();
      },
    ],
  ])("%s makes room", (_name, leave) => {
    const bed = new EngineBed(limited);
    bed.bind(behind(1, 11));
    bed.bind(behind(1, 12));
    leave(bed);
    expect(bed.verdict(behind(1, 13))).toMatch(/^offer /);
  });

  test("a standby that takes over counts what it has followed, and no longer what has ended", () => {
    const active = new EngineBed(limited);
    const standby = new EngineBed(limited);
    const follow = (): void => {
      for (const record of active.records.splice(0)) standby.leases.load(record);
    };
    active.bind(behind(1, 11));
    active.bind(behind(1, 12));
    follow();
    standby.engine.recount();
    expect(standby.verdict(behind(1, 13))).toBe("drop no-available-billing");
    active.send({ ...behind(1, 11), type: "release", ciaddr: "10.9.0.100" });
    follow();
    standby.engine.recount();
    expect(standby.verdict(behind(1, 13))).toMatch(/^offer /);
  });

  test("a restart remembers what was billed", () => {
    const before = new EngineBed(limited);
    before.bind(behind(1, 11));
    before.bind(behind(1, 12));
    const bed = new EngineBed(limited, before.records);
    expect(bed.verdict(behind(1, 13))).toBe("drop no-available-billing");
    expect(bed.verdict({ ...behind(1, 12), type: "request", ciaddr: "10.9.0.101" })).toBe(
      "ack 10.9.0.101",
    );
  });
});
