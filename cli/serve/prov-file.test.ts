import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { parseIpv4 } from "../../protocol/ipv4.ts";
import { serviceName } from "../../server/service/service-plan.ts";
import { UsageError } from "../options/usage-error.ts";
import { controlSocketOf, provPlanOf, workingFolderOf } from "./prov-file.ts";

const ip = (text: string): number => parseIpv4(text)!;
const planOf = (...sections: string[]) =>
  provPlanOf("prov.yaml", ["schema: provlab/prov@1", ...sections].join("\n"));
const plansOf = (...sections: string[]) => planOf(...sections).services;

test("examples/prov.yaml (SYS-7, SYS-15)", () => {
  const path = resolve(import.meta.dirname, "../../examples/prov.yaml");
  const plans = provPlanOf(path, readFileSync(path, "utf8")).services;
  expect(plans.map(({ service }) => service)).toEqual(["dhcp", "tftp", "time", "ntp", "syslog"]);
  expect(plans[1]).toMatchObject({ deviceFiles: { pattern: "cm-{mac}.cfg" } });
});

test("relative names start where you are, or in the directory that the file names beside itself", () => {
  const text = (...lines: string[]) => ["schema: provlab/prov@1", "time: {}", ...lines].join("\n");
  const socket = "control: { socket: run/prov.sock }";
  expect(workingFolderOf("/etc/x/prov.yaml", text())).toBe(process.cwd());
  expect(workingFolderOf("/etc/x/prov.yaml", text("directory: ."))).toBe("/etc/x");
  expect(workingFolderOf("/etc/x/prov.yaml", text("directory: ../y"))).toBe("/etc/y");
  expect(workingFolderOf("/etc/x/prov.yaml", text("directory: /var/z"))).toBe("/var/z");
  expect(controlSocketOf("/etc/x/prov.yaml", text("directory: .", socket))).toBe(
    "/etc/x/run/prov.sock",
  );
});

test("what is not said is left to the service", () => {
  expect(
    plansOf("dhcp: { config: c, leases: l }", "tftp: { root: r }", "time: {}", "ntp: {}"),
  ).toEqual([
    { service: "dhcp", configFile: "c", leaseFile: "l", interfaceNames: [] },
    { service: "tftp", root: "r", address: 0 },
    { service: "time", address: 0 },
    { service: "ntp", address: 0 },
  ]);
});

test("everything that can be said", () => {
  const secret = "sharedSecretFile: s";
  expect(
    plansOf(
      "address: 127.0.0.1",
      "dhcp: { config: c, leases: l, port: 1067, interfaces: [eth3],",
      "  tftpServers: { own: 10.20.0.11, other: 10.20.0.12 },",
      "  overload: { pressureMsMin: 500, staleMsMin: 2500 } }",
      "tftp: { root: r, port: 0, sessionsMax: 100, queueMax: 0, portsMax: 1, blockBytesMax: 1428,",
      "  windowBlocksMax: 8, retrySeconds: 2, sessionSeconds: 30, logTransfers: true,",
      "  allow: [10.32.0.0/12, 127.0.0.1/32], sessionsPerAddressMax: 4, unackedMax: 30,",
      "  unackedPerSecond: 5, unackedRetriesMax: 0,",
      `  deviceFiles: { pattern: "{mac}", registrations: d, templates: t, ${secret}, boundToAddress: true } }`,
      "time: { port: 37 }",
      "ntp: { rateLimits: false }",
      "syslog: { directory: log, daysKept: 3, totalBytesMax: 1000000,",
      "  rateLimits: { messagesPerSecond: 10, bytesBurst: 8192 }, relays: [10.0.0.5] }",
    ),
  ).toEqual([
    {
      ...{ service: "dhcp", configFile: "c", leaseFile: "l", port: 1067, interfaceNames: ["eth3"] },
      tftpServers: { own: ip("10.20.0.11"), other: ip("10.20.0.12") },
      overload: { pressureMsMin: 500, staleMsMin: 2500 },
    },
    {
      ...{ service: "tftp", root: "r", address: ip("127.0.0.1"), port: 0, sessionsMax: 100 },
      ...{ queueMax: 0, portsMax: 1, blockBytesMax: 1428, windowBlocksMax: 8, retrySeconds: 2 },
      ...{ sessionSeconds: 30, logTransfers: true, sessionsPerAddressMax: 4, unackedMax: 30 },
      ...{ unackedPerSecond: 5, unackedRetriesMax: 0 },
      allow: [
        { network: ip("10.32.0.0"), prefixLength: 12 },
        { network: ip("127.0.0.1"), prefixLength: 32 },
      ],
      deviceFiles: {
        ...{ pattern: "{mac}", registrations: "d", templates: "t", sharedSecretFile: "s" },
        boundToAddress: true,
      },
    },
    { service: "time", address: ip("127.0.0.1"), port: 37 },
    { service: "ntp", address: ip("127.0.0.1"), rateLimits: false },
    {
      ...{ service: "syslog", directory: "log", address: ip("127.0.0.1") },
      ...{ daysKept: 3, totalBytesMax: 1_000_000, relays: [ip("10.0.0.5")] },
      rateLimits: { messagesPerSecond: 10, bytesBurst: 8192 },
    },
  ]);
});

test("DHCP-13: several DHCP servers, with names or without one", () => {
  const plans = plansOf(
    "dhcp: { config: c, leases: l }",
    "dhcpInstances: { docsis: { config: d, leases: m, port: 1067 }, cpe: { config: e, leases: n } }",
  );
  expect(plans).toMatchObject([
    { service: "dhcp", leaseFile: "l" },
    { service: "dhcp", name: "docsis", leaseFile: "m", port: 1067 },
    { service: "dhcp", name: "cpe", leaseFile: "n" },
  ]);
  expect(plans.map(serviceName)).toEqual(["dhcp", "dhcp-docsis", "dhcp-cpe"]);
});

test("one server with its leases on two disks", () => {
  expect(plansOf("dhcp: { config: c, leases: [/a/l, /b/l] }")).toMatchObject([
    { service: "dhcp", leaseFile: ["/a/l", "/b/l"] },
  ]);
  const instance = "dhcpInstances: { cpe: { config: e, leases: [/a/m, /b/l] } }";
  expect(() => plansOf("dhcp: { config: c, leases: [/a/l, /b/l] }", instance)).toThrow(
    "two DHCP servers have the lease file /b/l",
  );
});

test("metrics are told on loopback unless told, and only where a prov.yaml says so", () => {
  const metricsOf = (...sections: string[]) => planOf("time: {}", ...sections).metrics;
  expect(metricsOf()).toBeUndefined();
  expect(metricsOf("address: 10.0.0.1", "metrics: { port: 9767 }")).toEqual({
    ...{ address: ip("127.0.0.1"), port: 9767 },
  });
  expect(metricsOf("metrics: { address: 0.0.0.0, port: 0 }")).toEqual({ address: 0, port: 0 });
  expect(() => metricsOf("metrics: {}")).toThrow(/metrics.port/);
});

const ha = `ha: { nodes: [a, b], node: a, keyFile: k, profile: fast,
  links: [{ address: 10.1.0.1, peerAddress: 10.1.0.2 }],
  etcd: { endpoints: ["http://10.0.0.1:2379"], prefix: /pair/ } }`;

test.each(["prov01", "prov02"])("HA-26: examples/pair/%s.yaml", (node) => {
  const path = resolve(import.meta.dirname, `../../examples/pair/${node}.yaml`);
  const { services, ha: plan } = provPlanOf(path, readFileSync(path, "utf8"));
  expect(services.map(({ service }) => service)).toContain("dhcp");
  expect(plan?.node).toMatch(node);
});

test("a node of a pair is asked beside its lease file, any server where it says", () => {
  const plan = planOf("dhcp: { config: c, leases: /var/db/l }", ha);
  expect(plan).toMatchObject({ ha: { node: "a" }, controlSocket: "/var/db/prov.sock" });
  const text = (...sections: string[]) => ["schema: provlab/prov@1", ...sections].join("\n");
  expect(controlSocketOf("p", text("time: {}"))).toBeUndefined();
  expect(controlSocketOf("p", text("time: {}", "control: { socket: s }"))).toBe("s");
});

test.each([
  ["without DHCP", "time: {}", /ha is .*needs the section dhcp/],
  [
    "with several DHCP servers",
    "dhcp: { config: c, leases: l }\ndhcpInstances: { x: { config: d, leases: m } }",
    /dhcpInstances is .*one section dhcp/,
  ],
  [
    "TFTP-2: with TFTP that is not crossed over",
    "dhcp: { config: c, leases: l }\ntftp: { root: r }",
    /dhcp is .*needs tftpServers/,
  ],
  [
    "with leases on two disks",
    "dhcp: { config: c, leases: [/a/l, /b/l] }",
    /dhcp is .*leases: a node of a pair has one lease file/,
  ],
])("a pair %s is refused", (_name, sections, message) => {
  expect(() => planOf(sections, ha)).toThrow(message);
});

test("a CMTS without a secret", () => {
  const [plan] = plansOf(
    "tftp: { root: r, deviceFiles: { registrations: d, templates: t, noSharedSecret: true } }",
  );
  expect(plan).toMatchObject({
    deviceFiles: { pattern: "cm-{mac}.cfg", boundToAddress: false, sharedSecretFile: undefined },
  });
});

describe("mistakes are told with line and path", () => {
  const files = "registrations: d, templates: t";
  test.each([
    ["no service", "", /names no service/],
    [
      "a mistyped field",
      "tftp: { root: r, sesionsMax: 3 }",
      /:2: tftp.sesionsMax is not known here/,
    ],
    ["too many ports", "tftp: { root: r, portsMax: 65 }", /:2: tftp.portsMax is 65/],
    ["half a session", "tftp: { root: r, sessionsMax: 0.5 }", /:2: tftp.sessionsMax/],
    ["no retry", "tftp: { root: r, retrySeconds: 0 }", /:2: tftp.retrySeconds is 0/],
    [
      "a network with host bits",
      "tftp: { root: r, allow: [10.32.0.7/12] }",
      /:2: tftp.allow\[0\] is "10.32.0.7\/12": write a network and its prefix length/,
    ],
    [
      "nobody is answered",
      "tftp: { root: r, allow: [] }",
      /:2: tftp.allow is .*: an empty list answers nobody/,
    ],
    [
      "days without room",
      "syslog: { directory: l, totalBytesMax: 5963775 }",
      /:2: syslog.totalBytesMax is 5963775: must leave each day 65536 bytes/,
    ],
    [
      "messages that never pass",
      "syslog: { directory: l, rateLimits: { bytesBurst: 8191 } }",
      /:2: syslog.rateLimits/,
    ],
    ["words for yes", "ntp: { rateLimits: sometimes }", /:2: ntp.rateLimits must be a boolean/],
    [
      "one node for two",
      "dhcp: { config: c, leases: l, tftpServers: { own: 10.0.0.1, other: 10.0.0.1 } }",
      /:2: dhcp.tftpServers is .*: own and other must be two addresses/,
    ],
    [
      "half a pair",
      "dhcp: { config: c, leases: l, tftpServers: { own: 10.0.0.1 } }",
      /:2: dhcp.tftpServers.other is /,
    ],
    [
      "an address that nobody reaches",
      "dhcp: { config: c, leases: l, tftpServers: { own: 10.0.0.1, other: 0.0.0.0 } }",
      /:2: dhcp.tftpServers.other is "0.0.0.0": write an address that devices reach/,
    ],
    [
      "nobody may wait",
      "dhcp: { config: c, leases: l, overload: { waitMsMax: 0 } }",
      /:2: dhcp.overload.waitMsMax is 0/,
    ],
    [
      "a list of one lease file",
      "dhcp: { config: c, leases: [l] }",
      /:2: dhcp.leases is \["l"\]: write a path, or a list of two paths on two disks/,
    ],
    [
      "one lease file twice",
      "dhcp: { config: c, leases: [l, ./l] }",
      /:2: dhcp.leases is .*: names one file twice/,
    ],
    [
      "no word about the secret",
      `tftp: { root: r, deviceFiles: { ${files} } }`,
      /:2: tftp.deviceFiles is .*: name the sharedSecretFile of the CMTS, or say noSharedSecret: true/,
    ],
    [
      "two words about the secret",
      `tftp: { root: r, deviceFiles: { ${files}, sharedSecretFile: s, noSharedSecret: true } }`,
      /:2: tftp.deviceFiles is .*: name the sharedSecretFile/,
    ],
  ])("%s", (_name, section, message) => {
    expect(() => plansOf(section)).toThrow(UsageError);
    expect(() => plansOf(section)).toThrow(message);
  });
});
