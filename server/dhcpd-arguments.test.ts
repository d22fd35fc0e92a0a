import { expect, test } from "vitest";
import { type DhcpdArguments, parseDhcpdArguments } from "./dhcpd-arguments.ts";

test.each<[string, Partial<DhcpdArguments>]>([
  ["", { mode: "serve", foreground: false, debug: false, port: undefined, writesPid: true }],
  ["-f", { foreground: true, debug: false }],
  ["-d", { foreground: true, debug: true }],
  ["-4 -q -p 20067", { quiet: true, port: 20_067 }],
  [
    "-t -cf a.conf -lf b.leases",
    { mode: "test-config", configFile: "a.conf", leaseFile: "b.leases" },
  ],
  ["-T -t", { mode: "test-leases" }],
  ["-pf x.pid --no-pid", { pidFile: "x.pid", writesPid: false }],
  ["-s 10.0.0.255", { broadcastServer: "10.0.0.255" }],
  ["eth0 -d eth1", { interfaceNames: ["eth0", "eth1"], debug: true }],
  ["--version", { mode: "version" }],
  ["-h", { mode: "help" }],
])("DHCP-8: %s", (line, expected) => {
  const words = line.split(" ").filter((word) => word !== "");
  expect(parseDhcpdArguments(words)).toMatchObject(expected);
});

test.each<[string, string]>([
  ["-x", "Unknown command -x"],
  ["-cf", "No argument for command: -cf"],
  ["-p", "No argument for command: -p"],
  ["-p abc", "Invalid port number specification: abc"],
  ["-p 1e3", "Invalid port number specification: 1e3"],
  ["-p 99999", "Port number specified is out of range (1-65535)."],
  ["-p 0", "Port number specified is out of range (1-65535)."],
  ["-4 -6", "Server cannot run in both IPv4 and IPv6 mode at the same time."],
  ["-6", "DHCPv6 (-6) is not supported"],
  ["-tf trace", "Trace files (-tf) are not supported."],
  ["-play trace", "Playing back trace files (-play) is not supported."],
])("DHCP-8: %s is refused: %s", (line, message) => {
  expect(() => parseDhcpdArguments(line.split(" "))).toThrow(message);
});
