import { expect, test } from "vitest";
import { type ClientMessage, deviceMac, EngineBed } from "../decide/engine.testing.ts";
import type { PacketLog } from "./packet-log.ts";

const config = `
  authoritative; ping-check off;
  subnet 10.9.0.0 netmask 255.255.255.0 { range 10.9.0.100 10.9.0.102; }
  subnet 10.8.0.0 netmask 255.255.255.0 { }
`;
const mac = deviceMac(1);

test.each<[ClientMessage, string]>([
  [
    { giaddr: "10.9.0.2", hostname: "meter-1" },
    `DHCPDISCOVER from ${mac} (meter-1) via 10.9.0.2\nDHCPOFFER on 10.9.0.100 to ${mac} (meter-1) via 10.9.0.2`,
  ],
  [
    { type: "request", requested: "10.9.0.101", serverId: "10.9.0.1" },
    `DHCPREQUEST for 10.9.0.101 (10.9.0.1) from ${mac} via eth0\nDHCPACK on 10.9.0.101 to ${mac} via eth0`,
  ],
  [
    { type: "request", requested: "10.8.0.1" },
    `DHCPREQUEST for 10.8.0.1 from ${mac} via eth0: wrong network.\nDHCPNAK on 10.8.0.1 to ${mac} via eth0`,
  ],
  [{ type: "request" }, `DHCPREQUEST for 0.0.0.0 from ${mac} via eth0: unknown lease 0.0.0.0.`],
  [
    { type: "inform", ciaddr: "10.9.0.20" },
    `DHCPINFORM from ${mac} via eth0\nDHCPACK to 10.9.0.20 (${mac}) via eth0`,
  ],
  [{ giaddr: "172.16.0.1" }, `DHCPDISCOVER from ${mac} via 172.16.0.1: unknown network segment`],
  [
    { type: "bootp" },
    `BOOTREQUEST from ${mac} via eth0: BOOTP from dynamic client and no dynamic leases`,
  ],
  // A name that could forge a line of its own is not printed.
  [
    { giaddr: "172.16.0.1", hostname: "a\nDHCPACK on 1.2.3.4" },
    `DHCPDISCOVER from ${mac} via 172.16.0.1: unknown network segment`,
  ],
  [
    { giaddr: "172.16.0.1", hostname: "x".repeat(65) },
    `DHCPDISCOVER from ${mac} via 172.16.0.1: unknown network segment`,
  ],
])("%j", (message, log) => {
  const bed = new EngineBed(config);
  bed.send(message);
  expect(bed.lastLog).toBe(log);
});

test("with fields, what is logged about a packet says whose it is", () => {
  const bed = new EngineBed(config, [], { packetLogging: "fields" });
  const logOf = (message: ClientMessage): PacketLog | undefined => bed.send(message).log;
  expect(logOf({ giaddr: "10.9.0.2", hostname: "meter-1" })).toEqual({
    text: expect.stringContaining("\nDHCPOFFER on 10.9.0.100"),
    fields: {
      ...{ type: "DHCPDISCOVER", mac, address: "10.9.0.100" },
      ...{ giaddr: "10.9.0.2", hostname: "meter-1" },
    },
  });
  expect(logOf({ giaddr: "172.16.0.1", hostname: "a\nb" })?.fields).toEqual({
    ...{ type: "DHCPDISCOVER", mac, giaddr: "172.16.0.1" },
  });
});

test("nothing is built for nobody", () => {
  const bed = new EngineBed(config, [], { packetLogging: "none" });
  for (const message of [{}, { type: "inform" }, { giaddr: "172.16.0.1" }] as const) {
    expect(bed.send(message).log).toBeUndefined();
  }
});
