import { describe, expect, test } from "vitest";
import { type ClientMessage, deviceMac, EngineBed, ip, startSeconds } from "./engine.testing.ts";

const config = `
  authoritative; ping-check off;
  default-lease-time 600; max-lease-time 1200; abandon-lease-time 3600;
  subnet 10.9.0.0 netmask 255.255.255.0 { range 10.9.0.100 10.9.0.102; }
  host fixed { hardware ethernet ${deviceMac(50)}; fixed-address 10.9.0.50; }
`;
const relayed = { giaddr: "10.9.0.2" } as const;

function bound(text = config): EngineBed {
  const bed = new EngineBed(text);
  bed.bind({ ...relayed, mac: deviceMac(1) });
  bed.bind({ ...relayed, mac: deviceMac(2), clientId: "c" });
  bed.records.length = 0;
  return bed;
}

describe("RELEASE (MSG-1)", () => {
  test("the lease is free at once, keeps its client, and is offered to it again", () => {
    const bed = bound();
    bed.nowSeconds += 10;
    expect(bed.verdict({ type: "release", ciaddr: "10.9.0.100" })).toBe("changed");
    expect(bed.lastLog).toBe("DHCPRELEASE of 10.9.0.100 from 02:10:00:00:00:01 via eth0 (found)");
    expect(bed.records).toMatchObject([
      {
        ...{ address: ip("10.9.0.100"), bindingState: "free", endsAt: startSeconds + 10 },
        hardware: { type: 1, address: Uint8Array.of(2, 16, 0, 0, 0, 1) },
      },
    ]);
    expect(bed.bind({ ...relayed, mac: deviceMac(3) })).toBe("10.9.0.102");
    expect(bed.bind({ ...relayed, mac: deviceMac(1) })).toBe("10.9.0.100");
  });

  test.each<[string, ClientMessage]>([
    ["other hardware", { mac: deviceMac(9), ciaddr: "10.9.0.100" }],
    ["another client id", { mac: deviceMac(2), clientId: "d", ciaddr: "10.9.0.101" }],
    ["no client id, but the lease has one", { mac: deviceMac(2), ciaddr: "10.9.0.101" }],
    ["the client id of another, on own hardware", { clientId: "c", ciaddr: "10.9.0.101" }],
    ["an address that nobody has", { ciaddr: "10.9.0.102" }],
    ["an address in no range", { ciaddr: "10.9.0.20" }],
    ["a fixed address", { mac: deviceMac(50), ciaddr: "10.9.0.50" }],
    ["no address", {}],
    ["only option 50", { requested: "10.9.0.100" }],
  ])("is ignored with %s", (_name, message) => {
    const bed = bound();
    expect(bed.verdict({ ...message, type: "release" })).toBe("drop release-unknown");
    expect(bed.records).toEqual([]);
    expect(bed.leases.counts().active).toBe(2);
  });

  test("a lease whose time is over cannot be released", () => {
    const bed = bound();
    bed.nowSeconds += 601;
    expect(bed.verdict({ type: "release", ciaddr: "10.9.0.100" })).toBe("drop release-unknown");
  });
});

describe("an address whose lease etcd has and nobody can read", () => {
  const blocked = "10.9.0.100";

  function bed(): EngineBed {
    const made = new EngineBed(
      `${config} host in-range { hardware ethernet ${deviceMac(60)}; fixed-address ${blocked}; }`,
    );
    made.bind({ ...relayed, mac: deviceMac(1) });
    made.leases.block(made.leases.indexOf(ip(blocked)));
    made.records.length = 0;
    return made;
  }

  test("is given to nobody, not as a last resort and not to a host that has it by declaration", () => {
    const made = bed();
    expect(made.bind({ ...relayed, mac: deviceMac(2) })).toBe("10.9.0.101");
    expect(made.bind({ ...relayed, mac: deviceMac(3) })).toBe("10.9.0.102");
    for (const device of [1, 4]) {
      const client = { ...relayed, mac: deviceMac(device) };
      expect(made.verdict({ ...client, requested: blocked })).toBe("drop no-free-lease");
    }
    expect(made.verdict({ ...relayed, mac: deviceMac(60) })).toBe("drop fixed-address-in-use");
    expect(made.records.map(({ address }) => address)).not.toContain(ip(blocked));
  });

  test("is not taken from the device that may have it: its requests stay unanswered, and nothing is written", () => {
    const made = bed();
    const client = { mac: deviceMac(1) };
    expect(made.verdict({ ...client, type: "request", ciaddr: blocked })).toBe(
      "drop unknown-lease",
    );
    expect(made.verdict({ ...client, ...relayed, type: "request", requested: blocked })).toBe(
      "drop unknown-lease",
    );
    expect(made.verdict({ ...client, type: "release", ciaddr: blocked })).toBe(
      "drop release-unknown",
    );
    const decline = { ...client, ...relayed, type: "decline", requested: blocked } as const;
    expect(made.verdict(decline)).toBe("drop decline-unknown");
    made.nowSeconds += 1e9;
    expect(made.expire()).toEqual([]);
    expect(made.records).toEqual([]);
  });
});

describe("DECLINE (MSG-1)", () => {
  test("the address is abandoned, nobody's, and comes back after abandon-lease-time", () => {
    const bed = bound();
    expect(bed.verdict({ ...relayed, type: "decline", requested: "10.9.0.100" })).toBe("changed");
    expect(bed.lastLog).toBe(
      "DHCPDECLINE of 10.9.0.100 from 02:10:00:00:00:01 via 10.9.0.2: abandoned\n" +
        "Abandoning IP address 10.9.0.100: declined.",
    );
    expect(bed.records).toEqual([
      {
        ...{ address: ip("10.9.0.100"), bindingState: "abandoned" },
        ...{ startsAt: startSeconds, endsAt: startSeconds + 3600, tstp: startSeconds + 3600 },
        ...{ cltt: startSeconds, nextBindingState: "free", rewindBindingState: "free" },
      },
    ]);
    expect(bed.verdict(relayed)).toBe("offer 10.9.0.102");
    bed.nowSeconds += 3601;
    expect(bed.expire()).toContainEqual(
      expect.objectContaining({ address: ip("10.9.0.100"), bindingState: "free" }),
    );
  });

  test("an address that was only offered may be declined", () => {
    const bed = new EngineBed(config);
    bed.send(relayed);
    expect(bed.verdict({ ...relayed, type: "decline", requested: "10.9.0.100" })).toBe("changed");
  });

  test.each<[string, ClientMessage]>([
    ["by another client", { mac: deviceMac(9), requested: "10.9.0.100" }],
    ["of an address that nobody has", { requested: "10.9.0.102" }],
    ["of an address in no range", { requested: "10.9.0.20" }],
    ["without option 50", { ciaddr: "10.9.0.100" }],
  ])("is ignored %s", (_name, message) => {
    const bed = bound();
    expect(bed.verdict({ ...relayed, ...message, type: "decline" })).toBe("drop decline-unknown");
    expect(bed.leases.counts()).toMatchObject({ active: 2, abandoned: 0 });
  });

  test.each([
    ["deny declines", /: ignored$/],
    ["ignore declines", /^$/],
  ])("%s", (statement, log) => {
    const bed = bound(`${statement}; ${config}`);
    const message = { ...relayed, type: "decline", requested: "10.9.0.100" } as const;
    expect(bed.verdict(message)).toBe("drop decline-denied");
    expect(bed.lastLog).toMatch(log);
    expect(bed.leases.counts().abandoned).toBe(0);
  });

  test("a second DECLINE changes nothing", () => {
    const bed = bound();
    const message = { ...relayed, type: "decline", requested: "10.9.0.100" } as const;
    expect(bed.verdict(message)).toBe("changed");
    expect(bed.verdict(message)).toBe("drop decline-unknown");
    expect(bed.records.length).toBe(1);
  });
});
