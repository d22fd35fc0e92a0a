/**
 * The parameters of dhcpd.conf (dhcpd.conf(5), section "reference: parameters") by ISC's name. Each
 * has a slot in `Settings`: its place in this table.
 */
export type ParameterType =
  | ("u8" | "u16" | "u32")
  | ("flag" | "text" | "bytes" | "address" | "word" | "space");

export interface ParameterDefinition {
  readonly type: ParameterType;
  /** Belongs to the process, so that only the top level makes sense. */
  readonly process?: true;
  /** Not supported: what to do instead. */
  readonly refused?: string;
  /** The words that are supported, for the type "word"; others are refused by name. */
  readonly words?: readonly string[];
  /** Accepted, with this warning to the operator. */
  readonly warning?: string;
}

const u8 = { type: "u8" } as const;
const u16 = { type: "u16" } as const;
const u32 = { type: "u32" } as const;
const flag = { type: "flag" } as const;
const text = { type: "text" } as const;
const address = { type: "address" } as const;
/** Valid for dhcpd, and refused by name here. */
const version6 = { type: "flag", refused: "it belongs to DHCPv6: leave it out." } as const;

const NO_COOKIE = "has no effect: BOOTP requests without the cookie of RFC 1048 are not answered";
const NO_FAILOVER = "has no effect: the failover protocol is not spoken";
const GROUP_COMMIT = "has no effect: leases are always committed a batch at a time";
const facilities = [
  ...["kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron"],
  ...["authpriv", "ftp", "local0", "local1", "local2", "local3", "local4", "local5", "local6"],
  "local7",
];

export const parameterTable = {
  // Leases. Seconds; `infinite` is 0xffffffff.
  "default-lease-time": u32,
  "max-lease-time": u32,
  "min-lease-time": u32,
  /** How long an address stays out of use after a DECLINE or an answered ping. */
  "abandon-lease-time": u32,
  /** Percent of a lease's length during which it is answered again as it is; 0 is never. */
  "dhcp-cache-threshold": u8,
  /** Percent of a pool in use above which new leases get `min-lease-time`. */
  "adaptive-lease-time-threshold": u8,
  /** A lease without end becomes reserved: no other client ever gets the address. */
  "infinite-is-reserved": flag,
  /** BOOTP clients lose their addresses at that time, in seconds since 1970. */
  "dynamic-bootp-lease-cutoff": u32,
  /** Length of a BOOTP client's lease, seconds. */
  "dynamic-bootp-lease-length": u32,
  // Replies.
  filename: text,
  "server-name": text,
  "next-server": address,
  "server-identifier": address,
  "always-broadcast": flag,
  /** BOOTP replies carry options in any case, not only when the request did. */
  "always-reply-rfc1048": { ...flag, warning: NO_COOKIE },
  "echo-client-id": flag,
  /** Discoveries with less than this in `secs` are not answered. */
  "min-secs": u8,
  /** The host declaration's name is the client's host-name. */
  "use-host-decl-names": flag,
  /** Without a host-name, the client is sent the address's name in DNS. */
  "get-lease-hostnames": flag,
  "use-lease-addr-for-default-route": flag,
  /** Where replies to clients without an address go on a local link. */
  "limited-broadcast-address": { type: "address", process: true },
  /** Name of the space whose options fill option 43; an undeclared one fills nothing. */
  "vendor-option-space": { type: "space" },
  /** Name of the space that takes the place of the DHCP options from 224, or its lowest code, on. */
  "site-option-space": { type: "bytes" },
  // Behaviour.
  "ping-check": flag,
  "ping-timeout": u32,
  "ping-timeout-ms": u32,
  "ping-cltt-secs": u32,
  "one-lease-per-client": flag,
  "ignore-client-uids": flag,
  "stash-agent-options": flag,
  "boot-unknown-clients": flag,
  /**
   * Percentages of a pool in use: a warning is logged above the first, and the all-clear below the
   * second.
   */
  "log-threshold-high": u8,
  "log-threshold-low": u8,
  "server-id-check": { ...flag, warning: NO_FAILOVER },
  "check-secs-byte-order": { ...flag, warning: NO_FAILOVER },
  // The subjects of allow, deny and ignore outside pools; one byte each, see permissionValues.
  "allow-bootp": flag,
  "allow-booting": flag,
  "dynamic-bootp": flag,
  duplicates: flag,
  declines: flag,
  "client-updates": flag,
  leasequery: flag,
  // The process.
  "lease-file-name": { type: "text", process: true },
  "pid-file-name": { type: "text", process: true },
  "local-port": { type: "u16", process: true },
  "remote-port": { type: "u16", process: true },
  "local-address": { type: "address", process: true },
  "omapi-port": { type: "u16", process: true, warning: "is noted, but OMAPI is not served yet" },
  "omapi-key": { type: "word", process: true },
  "log-facility": { type: "word", process: true, words: facilities },
  "dont-use-fsync": { type: "flag", process: true },
  "delayed-ack": { ...u16, process: true, warning: GROUP_COMMIT },
  "max-ack-delay": { ...u32, process: true, warning: GROUP_COMMIT },
  /** How the lease file writes dates: `default` is calendar time in UTC, `local` is `epoch N`. */
  "db-time-format": { type: "word", process: true, words: ["default", "local"] },
  /** How the lease file writes client identifiers: as text with octal escapes, or as octets. */
  "lease-id-format": { type: "word", process: true, words: ["octal", "hex"] },
  "ddns-update-style": { type: "word", process: true, words: ["none"] },
  // DDNS details: as in dhcpd, without effect while ddns-update-style is none.
  "ddns-updates": flag,
  "ddns-hostname": text,
  "ddns-domainname": text,
  "ddns-rev-domainname": text,
  "ddns-ttl": u32,
  "do-forward-updates": flag,
  "do-reverse-updates": flag,
  "update-optimization": flag,
  "update-static-leases": flag,
  "update-conflict-detection": flag,
  "fqdn-reply": flag,
  "ddns-local-address4": address,
  "ddns-dual-stack-mixed-mode": flag,
  "ddns-guard-id-must-match": flag,
  "ddns-other-guard-is-dynamic": flag,
  // Known to dhcpd, and of no use to DHCPv4.
  "release-on-roam": version6,
  "ddns-local-address6": version6,
  "dhcpv6-lease-file-name": version6,
  "dhcpv6-pid-file-name": version6,
  "dhcpv6-set-tee-times": version6,
  "limit-addrs-per-ia": version6,
  "limit-prefs-per-ia": version6,
  "prefix-length-mode": version6,
  "preferred-lifetime": version6,
  "use-eui-64": version6,
  "persist-eui-64-leases": version6,
  "local-address6": version6,
  "bind-local-address6": version6,
} as const satisfies Record<string, ParameterDefinition>;

type Table = typeof parameterTable;
export type ParameterName = keyof Table;
type NamesOf<Type extends ParameterType> = {
  [Name in ParameterName]: Table[Name] extends { readonly type: Type } ? Name : never;
}[ParameterName];

/** Subjects of `allow`, `deny` and `ignore`; `unknown-clients` is ISC's boot-unknown-clients. */
export type PermissionName = keyof typeof permissionSlots;
export type NumberParameter = NamesOf<"u8" | "u16" | "u32">;
export type FlagParameter = Exclude<NamesOf<"flag">, PermissionName>;
export type BytesParameter = NamesOf<"text">;
export type AddressParameter = NamesOf<"address">;

export const parameterNames = Object.keys(parameterTable) as readonly ParameterName[];

export const parameterSlots = Object.fromEntries(
  parameterNames.map((name, slot) => [name, slot]),
) as Readonly<Record<ParameterName, number>>;

export function parameterOf(name: string): ParameterDefinition | undefined {
  return Object.hasOwn(parameterTable, name) ? parameterTable[name as ParameterName] : undefined;
}

/** The value of a permission's slot. */
export type Permission = "allow" | "deny" | "ignore";
export const permissionValues = { deny: 0, allow: 1, ignore: 2 } as const;

export const permissionSlots = {
  "unknown-clients": parameterSlots["boot-unknown-clients"],
  bootp: parameterSlots["allow-bootp"],
  booting: parameterSlots["allow-booting"],
  "dynamic-bootp": parameterSlots["dynamic-bootp"],
  duplicates: parameterSlots["duplicates"],
  declines: parameterSlots["declines"],
  "client-updates": parameterSlots["client-updates"],
  leasequery: parameterSlots["leasequery"],
} as const;
