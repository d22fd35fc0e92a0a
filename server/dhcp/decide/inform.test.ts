import { describe, expect, test } from "vitest";
import { type ClientMessage, deviceMac, EngineBed, ip } from "./engine.testing.ts";

const config = `
  authoritative; ping-check off;
  option domain-name "top"; option dhcp-renewal-time 300;
  next-server 10.0.0.69; filename "boot.cfg";
  subnet 10.9.0.0 netmask 255.255.255.0 {
    option routers 10.9.0.254;
    pool { option domain-name "pool"; range 10.9.0.100 10.9.0.102; }
  }
  subnet 10.8.0.0 netmask 255.255.255.0 { option routers 10.8.0.254; }
  host one { hardware ethernet ${deviceMac(1)}; option host-name "one"; }
`;
const list = [1, 3, 12, 15, 51, 58] as const;

describe("INFORM (RFC 2131, section 4.3.5; MSG-1)", () => {
  test("settings, but no address, no times and no record", () => {
    const bed = new EngineBed(config);
    const ack = bed.reply({
      ...{ type: "inform", ciaddr: "10.9.0.20", list, destination: "10.9.0.1" },
      relayAgent: [1, 1, 9],
    });
    expect(ack.codes).toEqual([53, 54, 1, 3, 12, 15, 82]);
    expect(ack).toMatchObject({ type: "ack", address: "0.0.0.0", durable: false });
    expect(ack.packet).toMatchObject({ ciaddr: ip("10.9.0.20"), siaddr: ip("10.0.0.69") });
    expect(ack.option(1)).toEqual([255, 255, 255, 0]);
    expect(ack.destination).toEqual({
      ...{ kind: "unicast", address: ip("10.9.0.20"), port: 68, source: ip("10.9.0.1") },
    });
    expect(bed.records).toEqual([]);
    expect(bed.leases.counts().neverUsed).toBe(3);
  });

  test.each<[string, ClientMessage, number, unknown]>([
    [
      "a relay and no ciaddr",
      { giaddr: "10.9.0.2" },
      254,
      { kind: "relay", address: ip("10.9.0.2") },
    ],
    ["neither: the source address", { source: "10.9.0.21" }, 254, { address: ip("10.9.0.21") }],
    ["an address behind a router", { ciaddr: "10.8.0.7" }, 254, { address: ip("10.8.0.7") }],
    [
      "ciaddr and a relay on another network",
      { ciaddr: "10.8.0.7", giaddr: "10.9.0.2" },
      254,
      { address: ip("10.8.0.7") },
    ],
  ])("with %s", (_name, message, router, destination) => {
    const ack = new EngineBed(config).reply({ ...message, type: "inform", list });
    expect(ack.option(3)?.at(-1)).toBe(router);
    expect(ack.option(1)).toEqual([255, 255, 255, 0]);
    expect(ack.destination).toMatchObject(destination as object);
  });

  test("a pool's settings apply to the addresses in it", () => {
    const bed = new EngineBed(config);
    const name = (ciaddr: string) =>
      String.fromCharCode(...(bed.reply({ type: "inform", ciaddr, list }).option(15) ?? []));
    expect([name("10.9.0.100"), name("10.9.0.20")]).toEqual(["pool", "top"]);
  });

  test("a relayed answer without ciaddr must be broadcast by the relay", () => {
    const ack = new EngineBed(config).reply({ type: "inform", giaddr: "10.9.0.2" });
    expect(ack.packet.flags).toBe(0x8000);
  });

  test("an answer to the source address is no broadcast", () => {
    const ack = new EngineBed(config).reply({ type: "inform", source: "10.9.0.21" });
    expect(ack.packet.flags).toBe(0);
  });

  test("link selection says where the client is, whatever its ciaddr", () => {
    const ack = new EngineBed(config).reply({
      ...{ type: "inform", ciaddr: "10.9.0.20", giaddr: "10.9.0.2", list: [3] },
      relayAgent: [5, 4, 10, 8, 0, 0],
    });
    expect(ack.option(3)).toEqual([10, 8, 0, 254]);
  });

  test.each<[string, string, ClientMessage, string]>([
    ["an unknown subnet", config, { ciaddr: "172.16.0.1" }, "drop unknown-subnet"],
    ["no address at all", config, {}, "drop unknown-subnet"],
    [
      "an unknown ciaddr behind a known relay",
      config,
      { ciaddr: "172.16.0.1", giaddr: "10.9.0.2" },
      "drop unknown-subnet",
    ],
    [
      "a server that is not authoritative",
      config.replace("authoritative;", ""),
      { ciaddr: "10.9.0.20" },
      "drop not-authoritative",
    ],
  ])("is not answered with %s", (_name, text, message, verdict) => {
    expect(new EngineBed(text).verdict({ ...message, type: "inform" })).toBe(verdict);
  });
});
