/**
 * The parameters of dhcpd.conf (dhcpd.conf(5), section "reference: parameters") by ISC's name. Each
 * has a slot in `Settings`: its place in this table.
 */
export type ParameterType = "u8" | "u16" | "u32" | "flag" | "text" | "address" | "word" | "space";

export interface ParameterDefinition {
  readonly type: ParameterType;
  /** Belongs to the process, so that only the top level makes sense. */
  readonly process?: true;
  /** Not supported, except for this word (a flag or a number) that asks for what happens anyway. */
  readonly only?: string;
  /** The words that are supported, for the type "word"; others are refused by name. */
  readonly words?: readonly string[];
  /** Accepted, but says this to the operator. */
  readonly warning?: string;
}

const u8 = { type: "u8" } as const;
const u16 = { type: "u16" } as const;
const u32 = { type: "u32" } as const;
const flag = { type: "flag" } as const;
const text = { type: "text" } as const;
const address = { type: "address" } as const;
/** Valid for dhcpd, and refused by name here. */
const refused = { type: "flag", only: "" } as const;

const GROUP_COMMIT = "has no effect: leases are always committed a batch at a time";
const facilities = [
  ...["kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron"],
  ...["authpriv", "ftp", "local0", "local1", "local2", "local3", "local4", "local5", "local6"],
  "local7",
];

export const parameterTable = {
  // Leases.
  "default-lease-time": u32,
  "max-lease-time": u32,
  "min-lease-time": u32,
  "abandon-lease-time": u32,
  "dhcp-cache-threshold": u8,
  // Replies.
  filename: text,
  "server-name": text,
  "next-server": address,
  "server-identifier": address,
  "always-broadcast": flag,
  "echo-client-id": flag,
  "min-secs": u8,
  "use-host-decl-names": flag,
  "use-lease-addr-for-default-route": flag,
  "vendor-option-space": { type: "space" },
  // Behaviour.
  "ping-check": flag,
  "ping-timeout": u32,
  "ping-timeout-ms": u32,
  "ping-cltt-secs": u32,
  "one-lease-per-client": flag,
  "ignore-client-uids": flag,
  "stash-agent-options": flag,
  "boot-unknown-clients": flag,
  // The subjects of allow, deny and ignore outside pools; one byte each, see permissionValues.
  bootp: flag,
  booting: flag,
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
  // Known to dhcpd, and supported only where they ask for what happens anyway.
  "always-reply-rfc1048": { type: "flag", only: "false" },
  "get-lease-hostnames": { type: "flag", only: "false" },
  "infinite-is-reserved": { type: "flag", only: "false" },
  "server-id-check": { type: "flag", only: "false" },
  "check-secs-byte-order": { type: "flag", only: "false" },
  "release-on-roam": { type: "flag", only: "false" },
  "db-time-format": { type: "word", only: "default" },
  "lease-id-format": { type: "word", only: "octal" },
  "adaptive-lease-time-threshold": { type: "u8", only: "100" },
  "dynamic-bootp-lease-cutoff": refused,
  "dynamic-bootp-lease-length": refused,
  "site-option-space": refused,
  "limited-broadcast-address": refused,
  "log-threshold-high": refused,
  "log-threshold-low": refused,
  "fqdn-reply": refused,
  "ddns-local-address4": refused,
  "ddns-local-address6": refused,
  "ddns-dual-stack-mixed-mode": refused,
  "ddns-guard-id-must-match": refused,
  "ddns-other-guard-is-dynamic": refused,
  "dhcpv6-lease-file-name": refused,
  "dhcpv6-pid-file-name": refused,
  "dhcpv6-set-tee-times": refused,
  "limit-addrs-per-ia": refused,
  "limit-prefs-per-ia": refused,
  "prefix-length-mode": refused,
  "preferred-lifetime": refused,
  "use-eui-64": refused,
  "persist-eui-64-leases": refused,
  "local-address6": refused,
  "bind-local-address6": refused,
} as const satisfies Record<string, ParameterDefinition>;

type Table = typeof parameterTable;
export type ParameterName = keyof Table;
type NamesOf<Type extends ParameterType> = {
  [Name in ParameterName]: Table[Name] extends { readonly type: Type } ? Name : never;
}[ParameterName];

/** Subjects of `allow`, `deny` and `ignore`; `unknown-clients` is ISC's boot-unknown-clients. */
export type PermissionName =
  | "unknown-clients"
  | "bootp"
  | "booting"
  | "dynamic-bootp"
  | "duplicates"
  | "declines"
  | "client-updates"
  | "leasequery";
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

/** What the byte in a permission's slot says. */
export type Permission = "allow" | "deny" | "ignore";
export const permissionValues = { deny: 0, allow: 1, ignore: 2 } as const;

export const permissionSlots: Readonly<Record<PermissionName, number>> = {
  "unknown-clients": parameterSlots["boot-unknown-clients"],
  bootp: parameterSlots["bootp"],
  booting: parameterSlots["booting"],
  "dynamic-bootp": parameterSlots["dynamic-bootp"],
  duplicates: parameterSlots["duplicates"],
  declines: parameterSlots["declines"],
  "client-updates": parameterSlots["client-updates"],
  leasequery: parameterSlots["leasequery"],
};
