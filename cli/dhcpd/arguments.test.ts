import { expect, test } from "vitest";
import { type DhcpdArguments, parseDhcpdArguments } from "./arguments.ts";

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
  ["-t", { execute: "refused" }],
  ["-t --allow-execute", { mode: "test-config", execute: "allowed" }],
  ["--allow-execute --no-dash-arguments", { execute: "no-dashes" }],
  ["--no-dash-arguments", { execute: "refused" }],
  ["--version", { mode: "version" }],
  ["-h", { mode: "help" }],
  ["-x --version", { mode: "version" }],
  ["--help --version -p", { mode: "help" }],
  ["-user dhcpd -group nogroup", { user: "dhcpd", group: "nogroup" }],
  ["-tf a.trace", { mode: "serve", traceFile: "a.trace", traceBytesMax: 1 << 30 }],
  ["-tf a.trace --trace-limit 2", { traceBytesMax: 2 << 20 }],
  ["eth0", { metrics: undefined }],
  ["--metrics 9767", { metrics: { address: 0x7f00_0001, port: 9767 } }],
  ["--metrics 10.0.0.1:80", { metrics: { address: 0x0a00_0001, port: 80 } }],
  ["-play a.trace -cf b.conf", { mode: "play", playFile: "a.trace", configFile: "b.conf" }],
])("DHCP-8: %s", (line, expected) => {
  const words = line.split(" ").filter((word) => word !== "");
  expect(parseDhcpdArguments(words)).toMatchObject(expected);
});

test.each<[string, string]>([
  ["-x", "Unknown command -x"],
  ["\u2013pf /run/dhcpd.pid eth0", "its dash is no hyphen, is -pf meant?"],
  ["-t \u2014cf a.conf", "is -cf meant?"],
  ["-cf", "No argument for command: -cf"],
  ["-p", "No argument for command: -p"],
  ["-p abc", "Invalid port number specification: abc"],
  ["-p 1e3", "Invalid port number specification: 1e3"],
  ["-p 99999", "Port number specified is out of range (1-65535)."],
  ["-p 0", "Port number specified is out of range (1-65535)."],
  ["-4 -6", "Server cannot run in both IPv4 and IPv6 mode at the same time."],
  ["-6", "DHCPv6 (-6) is not supported"],
  ["-6 -4", "Server cannot run in both IPv4 and IPv6 mode at the same time."],
  ["-4o6 1067", "DHCPv4 over DHCPv6 (-4o6) is not supported."],
  ["-chroot /srv", "Changing the root directory (-chroot) is not supported"],
  ["-chroot", "No argument for command: -chroot"],
  ["-user", "No argument for command: -user"],
  ["-tf", "No argument for command: -tf"],
  ["-play", "No argument for command: -play"],
  ["-tf a -play b", "A trace is either recorded (-tf) or played back (-play), not both at once."],
  ["-tf a --trace-limit 0", "Invalid size 0 (--trace-limit)"],
  ["--metrics 99999", "Invalid place 99999 (--metrics)"],
  ["-tf a --trace-limit 1e3", "Invalid size 1e3 (--trace-limit)"],
])("DHCP-8: %s is refused: %s", (line, message) => {
  expect(() => parseDhcpdArguments(line.split(" "))).toThrow(message);
});
