import type { Dice } from "./dice.testing.ts";
import { Expressions } from "./expressions.testing.ts";
import type { ConfigNode } from "./pair.testing.ts";

/** Where a statement may stand. */
export type Place =
  | "global"
  | "shared-network"
  | "subnet"
  | "pool"
  | "group"
  | "host"
  | "class"
  | "subclass"
  | "if";

/** One kind of statement, and how to write one. */
export interface Feature {
  readonly name: string;
  readonly weight: number;
  /** Places where it may not stand, or means nothing. */
  readonly notIn?: readonly Place[];
  readonly make: (dice: Dice) => ConfigNode;
}

const flag = (dice: Dice): string => dice.pick(["on", "off", "true", "false"]);
const address = (dice: Dice): string => `10.${dice.pick([0, 9, 16])}.0.${dice.between(1, 250)}`;
const addresses = (dice: Dice): string =>
  dice.times(dice.between(1, 3), () => address(dice)).join(", ");
const seconds = (dice: Dice): number => dice.pick([60, 100, 299, 300, 302, 600, 900, 3600, 86_400]);
const text = (dice: Dice): string =>
  `"${dice.pick(["a", "example.org", "boot/file.bin", "x y", "Ünïcode", "tab\\tstop", "oct\\101", "0123456789012345678901234567890123456789"])}"`;

/** Definitions that every configuration begins with; a shrinker takes away what is not used. */
export const definitions: readonly string[] = [
  "option space acme;",
  "option acme.tftp code 1 = ip-address;",
  "option acme.name code 2 = text;",
  "option acme.level code 3 = unsigned integer 8;",
  "option space inner;",
  "option inner.a code 1 = text;",
  "option inner.b code 2 = integer 16;",
  "option carried code 211 = encapsulate inner;",
  "option words code 200 = text;",
  "option blob code 201 = string;",
  "option small code 202 = unsigned integer 8;",
  "option signed code 203 = integer 16;",
  "option wide code 204 = unsigned integer 32;",
  "option yes code 205 = boolean;",
  "option places code 206 = array of ip-address;",
  "option pairs code 207 = array of { ip-address, unsigned integer 8 };",
  "option mixed code 208 = { boolean, unsigned integer 16, text };",
  "option numbers code 209 = array of integer 16;",
  "option zones code 210 = domain-list;",
];

/** Codes that the options below set, for request lists. */
export const optionCodes: readonly number[] = [
  ...[1, 2, 3, 4, 6, 7, 12, 15, 17, 19, 23, 26, 28, 33, 35, 40, 42, 43, 44, 46, 51, 54, 57, 58, 59],
  ...[60, 66, 67, 82, 119, 121, 150, 200, 201, 202, 203, 204, 205, 206, 207, 208, 209, 210, 211],
];

/** Options by name, each with a value of its type. */
const optionValues: Readonly<Record<string, (dice: Dice) => string>> = {
  "subnet-mask": (dice) => dice.pick(["255.255.255.0", "255.255.0.0"]),
  "time-offset": (dice) => String(dice.pick([-3600, 0, 7200])),
  routers: addresses,
  "time-servers": addresses,
  "domain-name-servers": addresses,
  "log-servers": addresses,
  "host-name": text,
  "domain-name": text,
  "root-path": text,
  "ip-forwarding": (dice) => dice.pick(["true", "false", "on", "off"]),
  "default-ip-ttl": (dice) => String(dice.between(1, 255)),
  "interface-mtu": (dice) => String(dice.between(68, 1500)),
  "broadcast-address": address,
  "static-routes": (dice) =>
    dice.times(dice.between(1, 2), () => `${address(dice)} ${address(dice)}`).join(", "),
  "arp-cache-timeout": (dice) => String(seconds(dice)),
  "nis-domain": text,
  "ntp-servers": addresses,
  "vendor-encapsulated-options": (dice) => dice.pick(["01:02:03", "1:1:7", '"abc"']),
  "netbios-name-servers": addresses,
  "netbios-node-type": (dice) => String(dice.pick([1, 2, 4, 8])),
  "tftp-server-name": text,
  "bootfile-name": text,
  "domain-search": (dice) =>
    dice.pick(['"example.org"', '"a.example.org", "b.example.org"', '"x", "y.x"']),
  words: text,
  blob: (dice) => dice.pick(['"bytes"', "00:ff:10", "7"]),
  small: (dice) => String(dice.between(0, 255)),
  signed: (dice) => String(dice.between(-32_768, 32_767)),
  wide: (dice) => String(dice.pick([0, 1, 4_294_967_295])),
  yes: (dice) => dice.pick(["true", "false"]),
  places: addresses,
  pairs: (dice) =>
    dice.times(dice.between(1, 3), () => `${address(dice)} ${dice.between(0, 255)}`).join(", "),
  mixed: (dice) => `${dice.pick(["true", "false"])} ${dice.between(0, 65_535)} ${text(dice)}`,
  numbers: (dice) => dice.times(dice.between(1, 4), () => dice.between(-300, 300)).join(", "),
  zones: (dice) => dice.pick(['"example.org"', '"a.example.org", "b.example.org"']),
  "acme.tftp": address,
  "acme.name": text,
  "acme.level": (dice) => String(dice.between(0, 255)),
  "inner.a": text,
  "inner.b": (dice) => String(dice.between(-9, 9)),
};

/** Options whose value may come from any expression. */
const computed = ["words", "blob", "domain-name", "host-name", "bootfile-name", "nis-domain"];

const optionFeatures: readonly Feature[] = Object.entries(optionValues).map(([name, value]) => ({
  name: `option ${name}`,
  weight: 2,
  make: (dice) => `option ${name} ${value(dice)};`,
}));

const modeFeatures: readonly Feature[] = (
  ["supersede", "default", "append", "prepend"] as const
).map((mode) => ({
  name: mode,
  weight: 3,
  make: (dice) => {
    const name = dice.pick(["domain-name-servers", "routers", "words", "domain-name", "places"]);
    return `${mode} ${name} ${optionValues[name](dice)};`;
  },
}));

/** Statements other than options; values are such that they matter to the moves of devices. */
const otherFeatures: readonly Feature[] = [
  {
    name: "option = expression",
    weight: 10,
    make: (dice) => `option ${dice.pick(computed)} = ${new Expressions(dice, "packet").data()};`,
  },
  {
    name: "filename = expression",
    weight: 3,
    make: (dice) =>
      `${dice.pick(["filename", "server-name"])} = ${new Expressions(dice, "packet").data()};`,
  },
  {
    name: "if, elsif, else",
    weight: 12,
    make: (dice) => conditional(dice),
  },
  { name: "default-lease-time", weight: 4, make: (dice) => `default-lease-time ${seconds(dice)};` },
  { name: "max-lease-time", weight: 4, make: (dice) => `max-lease-time ${seconds(dice)};` },
  { name: "min-lease-time", weight: 3, make: (dice) => `min-lease-time ${seconds(dice)};` },
  {
    name: "dhcp-renewal-time",
    weight: 2,
    make: (dice) => `option dhcp-renewal-time ${seconds(dice)};`,
  },
  {
    name: "dhcp-rebinding-time",
    weight: 2,
    make: (dice) => `option dhcp-rebinding-time ${seconds(dice)};`,
  },
  {
    name: "configured request list",
    weight: 1,
    make: (dice) =>
      `option dhcp-parameter-request-list ${dice.times(3, () => dice.pick(optionCodes)).join(", ")};`,
  },
  { name: "filename", weight: 3, make: (dice) => `filename ${text(dice)};` },
  { name: "server-name", weight: 3, make: (dice) => `server-name ${text(dice)};` },
  { name: "next-server", weight: 3, make: (dice) => `next-server ${address(dice)};` },
  { name: "always-broadcast", weight: 2, make: (dice) => `always-broadcast ${flag(dice)};` },
  { name: "echo-client-id", weight: 2, make: (dice) => `echo-client-id ${flag(dice)};` },
  { name: "use-host-decl-names", weight: 3, make: (dice) => `use-host-decl-names ${flag(dice)};` },
  {
    name: "use-lease-addr-for-default-route",
    weight: 2,
    make: (dice) => `use-lease-addr-for-default-route ${flag(dice)};`,
  },
  { name: "min-secs", weight: 1, make: (dice) => `min-secs ${dice.pick([0, 1, 3])};` },
  {
    name: "dhcp-cache-threshold",
    weight: 3,
    make: (dice) => `dhcp-cache-threshold ${dice.pick([0, 10, 25, 50, 100])};`,
  },
  {
    name: "one-lease-per-client",
    weight: 2,
    make: (dice) => `one-lease-per-client ${flag(dice)};`,
  },
  { name: "ignore-client-uids", weight: 2, make: (dice) => `ignore-client-uids ${flag(dice)};` },
  { name: "stash-agent-options", weight: 2, make: (dice) => `stash-agent-options ${flag(dice)};` },
  {
    name: "server-identifier",
    weight: 1,
    notIn: ["if"],
    make: (dice) => `server-identifier ${dice.pick(["10.9.0.1", "10.9.0.7", "10.16.0.9"])};`,
  },
  { name: "vendor-option-space", weight: 3, make: () => "vendor-option-space acme;" },
  {
    name: "abandon-lease-time",
    weight: 1,
    make: (dice) => `abandon-lease-time ${seconds(dice)};`,
  },
  {
    name: "update-static-leases",
    weight: 1,
    make: (dice) => `update-static-leases ${flag(dice)};`,
  },
  {
    name: "allow and deny",
    weight: 3,
    notIn: ["pool"],
    make: (dice) =>
      `${dice.pick(["allow", "deny", "ignore"])} ${dice.pick(["unknown-clients", "booting", "declines", "client-updates"])};`,
  },
  {
    name: "authoritative",
    weight: 2,
    notIn: ["pool", "host", "class", "subclass", "if"],
    make: (dice) => dice.pick(["authoritative;", "not authoritative;"]),
  },
];

/** Every kind of statement that the generator knows. */
export const features: readonly Feature[] = [...optionFeatures, ...modeFeatures, ...otherFeatures];

/** A few statements for a place. */
export function statements(dice: Dice, place: Place, most: number): ConfigNode[] {
  const fitting = features.filter(({ notIn = [] }) => !notIn.includes(place));
  return dice.times(dice.between(0, most), () => dice.weighted(fitting).make(dice));
}

function conditional(dice: Dice): ConfigNode {
  const branch = (head: string): ConfigNode => ({ head, items: statements(dice, "if", 2) });
  const nodes = [branch(`if ${new Expressions(dice, "packet").boolean()}`)];
  if (dice.chance(40)) nodes.push(branch(`elsif ${new Expressions(dice, "packet").boolean()}`));
  if (dice.chance(50)) nodes.push(branch("else"));
  return nodes.length === 1 ? nodes[0] : { head: "", items: nodes };
}
