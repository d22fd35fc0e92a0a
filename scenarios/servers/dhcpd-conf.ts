import { formatIpv4, maskOf } from "../../protocol/ipv4.ts";
import { formatMac } from "../../protocol/mac.ts";
import { leaseLimits } from "../population/lease-wish.ts";
import {
  type CmtsNetwork,
  type DeviceKind,
  deviceKinds,
  type Population,
} from "../population/population.ts";
import { bootFileNames, fileOfKind } from "./boot-files.ts";

export interface DhcpdConfOptions {
  readonly leaseSeconds: number;
  /**
   * Whether every device has a host and a subclass of its own; true when left out. Otherwise any client
   * that looks like a device of some kind is served: a few kilobytes of file for a million devices.
   */
  readonly registered?: boolean;
  /** The only address that the server binds; all addresses when left out. */
  readonly localAddress?: number;
  /** Option 54, such as an address that two servers have in turn; the server's own when left out. */
  readonly serverIdentifier?: number;
  /** The server's host name, in the sname field of all replies; empty when left out. */
  readonly serverName?: string;
  /** The network of the server's own interface, which ISC dhcpd wants declared. */
  readonly serverSubnet?: { readonly network: number; readonly prefixLength: number };
  /** TFTP, Time, NTP and log server of all devices; `localAddress`, else 127.0.0.1. */
  readonly bootServer?: number;
  /** Where the lease file is; the server's own default when left out. */
  readonly leaseFile?: string;
  /** Statements at the head of every pool, such as its failover peer; none when left out. */
  readonly poolStatements?: readonly string[];
}

// A million lines, each a string of its own until the end, would take twice the memory.
const LINES_A_CHUNK = 512;

/** What each kind of device is called in configurations. The group is the plural of the class. */
export const names: Readonly<Record<DeviceKind, { className: string; host: string }>> = {
  "cable-modem": { className: "cable-modem", host: "cm" },
  mta: { className: "packetcable-mta", host: "mta" },
  cpe: { className: "subscriber-cpe", host: "cpe" },
  "smart-meter": { className: "smart-meter", host: "meter" },
};

/**
 * The dhcpd.conf that serves a population, valid for ISC dhcpd too. Unless told otherwise, every device
 * is registered beforehand by a host and a subclass (PRE-1, PRE-9), and every pool is open to the known
 * members of one class only (PRE-4, CLASS-10).
 */
export function dhcpdConf(population: Population, options: DhcpdConfOptions): string {
  const { registered = true, localAddress = 0x7f00_0001, poolStatements = [] } = options;
  return [
    globalStatements(options, population),
    classes(population, options.bootServer ?? localAddress, registered),
    ...Array.from({ length: population.cmtsCount }, (_, index) =>
      sharedNetwork(index, population.cmts(index), registered, poolStatements),
    ),
    ...(registered ? deviceKinds : []).flatMap((kind, kindIndex) =>
      registrations(population, kindIndex, kind),
    ),
  ].join("");
}

function globalStatements(options: DhcpdConfOptions, { plan }: Population): string {
  const { leaseSeconds, localAddress, serverSubnet, serverIdentifier, serverName } = options;
  const { minSeconds, maxSeconds } = leaseLimits(leaseSeconds, plan.leaseSeconds);
  const lines = [
    options.registered === false
      ? "# Serves a simulated population; devices are told by what they say of themselves."
      : "# Serves a simulated population; every device is registered, unknown clients are denied.",
    "authoritative;",
    "ddns-update-style none;",
    "deny bootp;",
    "ping-check false;",
    "# Every acknowledgement is written: a renewal costs what it costs, however early it comes.",
    "dhcp-cache-threshold 0;",
    `default-lease-time ${leaseSeconds};`,
    `max-lease-time ${maxSeconds};`,
    `min-lease-time ${minSeconds};`,
  ];
  if (localAddress !== undefined) lines.push(`local-address ${formatIpv4(localAddress)};`);
  if (serverIdentifier !== undefined) {
    lines.push(`server-identifier ${formatIpv4(serverIdentifier)};`);
  }
  if (serverName !== undefined) lines.push(`server-name "${serverName}";`);
  if (options.leaseFile !== undefined) lines.push(`lease-file-name "${options.leaseFile}";`);
  lines.push(
    "",
    "# PacketCable: option 122 is not built in (RFC 3495).",
    "option space packetcable;",
    "option packetcable.primary-dhcp-server code 1 = ip-address;",
    "option packetcable.provisioning-server code 3 = string;",
    "option packetcable.realm code 6 = string;",
    "option packetcable-configuration code 122 = encapsulate packetcable;",
  );
  if (serverSubnet !== undefined) {
    const mask = formatIpv4(maskOf(serverSubnet.prefixLength));
    lines.push("", `subnet ${formatIpv4(serverSubnet.network)} netmask ${mask} { }`);
  }
  return block(lines);
}

function classes(population: Population, bootServer: number, registered: boolean): string {
  const server = formatIpv4(bootServer);
  const lines: string[] = [];
  for (const [kindIndex, kind] of deviceKinds.entries()) {
    if (population.countOf[kindIndex] === 0) continue;
    lines.push(
      "",
      `class "${names[kind].className}" {`,
      ...membership[kind].map((line) => `  ${line}`),
      ...(registered ? [`  match ${subclassKey(kind)};`] : groupSettings(kind)),
      ...settings[kind](server).map((line) => `  ${line}`),
      "}",
    );
  }
  return block(lines);
}

/** CLASS-2, -3, -7, -8 and -9 as match statements. */
const membership: Readonly<Record<DeviceKind, readonly string[]>> = {
  "cable-modem": [
    "# By option 60 (CLASS-2), or a DOCSIS 1.0 modem, which sends none (CLASS-9).",
    'match if (substring (option vendor-class-identifier, 0, 6) = "docsis")',
    "  or ((not (exists vendor-class-identifier))",
    "    and (option agent.remote-id = substring (hardware, 1, 6)));",
  ],
  mta: ['match if substring (option vendor-class-identifier, 0, 8) = "pktc1.0:";'],
  cpe: [
    "# Behind the modem that the CMTS names (CLASS-8); the subclass is the subscriber's modem.",
    "match if (exists agent.remote-id)",
    "  and (option agent.remote-id != substring (hardware, 1, 6))",
    "  and ((not (exists vendor-class-identifier))",
    '    or (substring (option vendor-class-identifier, 0, 4) != "pktc"));',
  ],
  "smart-meter": ['match if substring (option vendor-class-identifier, 0, 9) = "iec62056:";'],
};

/** What tells the subclasses apart, which list the registered devices. */
function subclassKey(kind: DeviceKind): string {
  return kind === "cpe" ? "option agent.remote-id" : "hardware";
}

const settings: Readonly<Record<DeviceKind, (server: string) => readonly string[]>> = {
  "cable-modem": (server) => [
    `next-server ${server};`,
    `option time-servers ${server};`,
    `option log-servers ${server};`,
    "option time-offset 0;",
    `option packetcable.primary-dhcp-server ${server};`,
    "# The file by DOCSIS version (CLASS-4).",
    'if substring (option vendor-class-identifier, 0, 9) = "docsis3.1" {',
    `  filename "${bootFileNames.modem["3.1"]}";`,
    '} elsif substring (option vendor-class-identifier, 0, 9) = "docsis3.0" {',
    `  filename "${bootFileNames.modem["3.0"]}";`,
    '} elsif substring (option vendor-class-identifier, 0, 6) = "docsis" {',
    `  filename "${bootFileNames.modem["2.0"]}";`,
    "} else {",
    `  filename "${bootFileNames.modem["1.0"]}";`,
    "}",
  ],
  mta: (server) => [
    `next-server ${server};`,
    `option log-servers ${server};`,
    "# 00, then the name of the provisioning server; the realm BASIC.1 (RFC 1035 form).",
    "option packetcable.provisioning-server 00:04:70:72:6f:76:07:65:78:61:6d:70:6c:65:00;",
    "option packetcable.realm 05:42:41:53:49:43:01:31:00;",
  ],
  cpe: (server) => [`option domain-name-servers ${server};`, 'option domain-name "example.net";'],
  "smart-meter": (server) => [
    `next-server ${server};`,
    `option ntp-servers ${server};`,
    `option log-servers ${server};`,
    `option tftp-server-name "${server}";`,
  ],
};

function sharedNetwork(
  index: number,
  network: CmtsNetwork,
  registered: boolean,
  poolStatements: readonly string[],
): string {
  const mask = formatIpv4(maskOf(network.prefixLength));
  const lines = [
    "",
    `shared-network "cmts-${index}" {`,
    `  subnet ${formatIpv4(network.network)} netmask ${mask} {`,
    `    option routers ${formatIpv4(network.giaddr)};`,
    `    option subnet-mask ${mask};`,
  ];
  for (const { kind, low, high } of network.pools) {
    lines.push(
      "    pool {",
      ...poolStatements.map((statement) => `      ${statement}`),
      ...(registered ? ["      deny unknown-clients;"] : []),
      `      allow members of "${names[kind].className}";`,
      `      range ${formatIpv4(low)} ${formatIpv4(high)};`,
      "    }",
    );
  }
  lines.push("  }", "}");
  return block(lines);
}

/** One group with all hosts of a kind (PRE-5, PRE-7), then their subclasses (CLASS-11). */
function registrations(
  population: Population,
  kindIndex: number,
  kind: DeviceKind,
): readonly string[] {
  const count = population.countOf[kindIndex];
  if (count === 0) return [];
  const { className, host } = names[kind];
  const first = population.firstOf[kindIndex];
  const hosts = chunked(count, (unit) => {
    const mac = formatMac(population.macOf(first + unit));
    return `  host ${host}-${mac.replaceAll(":", "")} { hardware ethernet ${mac}; }`;
  });
  // CPEs are registered by their subscriber's modem, which may have several of them.
  const isByModem = kind === "cpe";
  const subclassCount = isByModem ? Math.min(count, population.countOf[0]) : count;
  const subclasses = chunked(subclassCount, (unit) => {
    const mac = formatMac(population.macOf(isByModem ? unit : first + unit));
    return `subclass "${className}" ${isByModem ? mac : `1:${mac}`};`;
  });
  const head = block(["", `group ${className}s {`, ...groupSettings(kind)]);
  return [head, ...hosts, "}\n", ...subclasses];
}

/** The file of the kind, in the header and, as a precaution, in option 67 too (SM-4). */
function groupSettings(kind: DeviceKind): readonly string[] {
  const file = fileOfKind[kind];
  if (file === undefined) return [];
  return [`  filename "${file}";`, `  option bootfile-name "${file}";`];
}

function chunked(count: number, line: (index: number) => string): readonly string[] {
  return Array.from({ length: Math.ceil(count / LINES_A_CHUNK) }, (_, chunk) => {
    const start = chunk * LINES_A_CHUNK;
    const length = Math.min(LINES_A_CHUNK, count - start);
    return block(Array.from({ length }, (__, offset) => line(start + offset)));
  });
}

function block(lines: readonly string[]): string {
  return `${lines.join("\n")}\n`;
}
