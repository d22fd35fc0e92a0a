import type { FieldType, OptionType } from "./option-value.ts";

export type { FieldType, OptionType, OptionValue } from "./option-value.ts";
export { decodeValue, encodeValue } from "./option-value.ts";

/** An option by its name in ISC's configuration language; `space` "dhcp" is the outermost. */
export interface OptionDefinition {
  readonly space: string;
  readonly code: number;
  readonly name: string;
  readonly type: OptionType;
}

type Row = readonly [code: number, name: string, type: OptionType];

const one = (...fields: readonly FieldType[]): OptionType => ({ fields, repeat: "none" });
const records = (...fields: readonly FieldType[]): OptionType => ({ fields, repeat: "all" });
const lastRepeats = (...fields: readonly FieldType[]): OptionType => ({ fields, repeat: "last" });
const space = (encapsulates: string): OptionType => ({
  fields: ["bytes"],
  repeat: "none",
  encapsulates,
});

const ip = one("ip");
const ips = records("ip");
const ipPairs = records("ip", "ip");
const text = one("text");
const bytes = one("bytes");
const flag = one("flag");
const u8 = one("u8");
const u16 = one("u16");
const u32 = one("u32");

// Appendix B of the guide (OPT-1, OPT-3), with the wire types of dhcpd 4.4.3-P1 and the further names
// that it knows. 83, 95, 120, 121, 122 and 123 have no row: operators define them (OPT-3).
const dhcpRows: readonly Row[] = [
  [1, "subnet-mask", ip],
  [2, "time-offset", one("s32")],
  [3, "routers", ips],
  [4, "time-servers", ips],
  [5, "ien116-name-servers", ips],
  [6, "domain-name-servers", ips],
  [7, "log-servers", ips],
  [8, "cookie-servers", ips],
  [9, "lpr-servers", ips],
  [10, "impress-servers", ips],
  [11, "resource-location-servers", ips],
  [12, "host-name", text],
  [13, "boot-size", u16],
  [14, "merit-dump", text],
  [15, "domain-name", text],
  [16, "swap-server", ip],
  [17, "root-path", text],
  [18, "extensions-path", text],
  [19, "ip-forwarding", flag],
  [20, "non-local-source-routing", flag],
  [21, "policy-filter", ipPairs],
  [22, "max-dgram-reassembly", u16],
  [23, "default-ip-ttl", u8],
  [24, "path-mtu-aging-timeout", u32],
  [25, "path-mtu-plateau-table", records("u16")],
  [26, "interface-mtu", u16],
  [27, "all-subnets-local", flag],
  [28, "broadcast-address", ip],
  [29, "perform-mask-discovery", flag],
  [30, "mask-supplier", flag],
  [31, "router-discovery", flag],
  [32, "router-solicitation-address", ip],
  [33, "static-routes", ipPairs],
  [34, "trailer-encapsulation", flag],
  [35, "arp-cache-timeout", u32],
  [36, "ieee802-3-encapsulation", flag],
  [37, "default-tcp-ttl", u8],
  [38, "tcp-keepalive-interval", u32],
  [39, "tcp-keepalive-garbage", flag],
  [40, "nis-domain", text],
  [41, "nis-servers", ips],
  [42, "ntp-servers", ips],
  [43, "vendor-encapsulated-options", bytes],
  [44, "netbios-name-servers", ips],
  [45, "netbios-dd-server", ips],
  [46, "netbios-node-type", u8],
  [47, "netbios-scope", text],
  [48, "font-servers", ips],
  [49, "x-display-manager", ips],
  [50, "dhcp-requested-address", ip],
  [51, "dhcp-lease-time", u32],
  [52, "dhcp-option-overload", u8],
  [53, "dhcp-message-type", u8],
  [54, "dhcp-server-identifier", ip],
  [55, "dhcp-parameter-request-list", records("u8")],
  [56, "dhcp-message", text],
  [57, "dhcp-max-message-size", u16],
  [58, "dhcp-renewal-time", u32],
  [59, "dhcp-rebinding-time", u32],
  [60, "vendor-class-identifier", bytes],
  [61, "dhcp-client-identifier", bytes],
  [62, "nwip-domain", text],
  [63, "nwip-suboptions", space("nwip")],
  [64, "nisplus-domain", text],
  [65, "nisplus-servers", ips],
  [66, "tftp-server-name", text],
  [67, "bootfile-name", text],
  [68, "mobile-ip-home-agent", ips],
  [69, "smtp-server", ips],
  [70, "pop-server", ips],
  [71, "nntp-server", ips],
  [72, "www-server", ips],
  [73, "finger-server", ips],
  [74, "irc-server", ips],
  [75, "streettalk-server", ips],
  [76, "streettalk-directory-assistance-server", ips],
  [77, "user-class", text],
  [78, "slp-directory-agent", lastRepeats("flag", "ip")],
  [79, "slp-service-scope", one("flag", "text")],
  [81, "fqdn", space("fqdn")],
  [82, "relay-agent-information", space("agent")],
  [85, "nds-servers", ips],
  [86, "nds-tree-name", text],
  [87, "nds-context", text],
  [88, "bcms-controller-names", one("domains")],
  [89, "bcms-controller-address", ips],
  [91, "client-last-transaction-time", u32],
  [92, "associated-ip", ips],
  [93, "pxe-system-type", records("u16")],
  [94, "pxe-interface-id", one("u8", "u8", "u8")],
  [97, "pxe-client-id", one("u8", "bytes")],
  [98, "uap-servers", text],
  [99, "geoconf-civic", bytes],
  [100, "pcode", text],
  [101, "tcode", text],
  [112, "netinfo-server-address", ips],
  [113, "netinfo-server-tag", text],
  [114, "default-url", text],
  [116, "auto-config", u8],
  [117, "name-service-search", records("u16")],
  [118, "subnet-selection", ip],
  [119, "domain-search", one("domains-compressed")],
  [124, "vivco", space("vendor-class")],
  [125, "vivso", space("vendor")],
  [138, "capwap-ac-v4", ips],
  [150, "tftp-server-address", ips],
  [209, "loader-configfile", text],
  [210, "loader-pathprefix", text],
  [211, "loader-reboottime", u32],
];

// Sub-options of option 82. ISC's table, too, writes DOCSIS-device-class with capitals.
const agentRows: readonly Row[] = [
  [1, "circuit-id", bytes],
  [2, "remote-id", bytes],
  [3, "agent-id", ip],
  [4, "DOCSIS-device-class", u32],
  [5, "link-selection", ip],
  [19, "relay-port", one()],
];

// RFC 2242, inside option 63.
const nwipRows: readonly Row[] = [
  [5, "nsq-broadcast", flag],
  [6, "preferred-dss", ips],
  [7, "nearest-nwip-server", ips],
  [8, "autoretries", u8],
  [9, "autoretry-secs", u8],
  [10, "nwip-1-1", flag],
  [11, "primary-dss", ip],
];

// Not sub-options on the wire: names of the parts of option 81 (RFC 4702).
const fqdnRows: readonly Row[] = [
  [1, "no-client-update", flag],
  [2, "server-update", flag],
  [3, "encoded", flag],
  [4, "rcode1", u8],
  [5, "rcode2", u8],
  [6, "hostname", text],
  [7, "domainname", text],
  [8, "fqdn", text],
];

function define(name: string, rows: readonly Row[]): OptionDefinition[] {
  return rows.map(([code, option, type]) => ({ space: name, code, name: option, type }));
}

/** Every built-in option, in the order of space and code. */
export const optionDefinitions: readonly OptionDefinition[] = [
  ...define("dhcp", dhcpRows),
  ...define("agent", agentRows),
  ...define("nwip", nwipRows),
  ...define("fqdn", fqdnRows),
];
