import type { Dice } from "./dice.testing.ts";
import { Expressions, words } from "./expressions.testing.ts";
import type { ConfigNode } from "./pair.testing.ts";
import { definitions, type Place, statements } from "./statements.testing.ts";

/** A network of a configuration: its number names its relay, 10.NUMBER.0.1. */
export interface PlanNetwork {
  readonly number: number;
  /** The range of each of its subnets: 10.NUMBER.0.LOW to .HIGH. */
  readonly ranges: readonly { readonly low: number; readonly high: number }[];
}

export interface Plan {
  readonly configuration: readonly ConfigNode[];
  /** Networks behind relays. */
  readonly networks: readonly PlanNetwork[];
  /** Clients on the server's own wire are served. */
  readonly servesWire: boolean;
}

/** Hardware addresses and client identifiers that devices and host declarations share. */
export const deviceMacs = [1, 2, 3, 4, 5, 6].map((unit) => `02:ee:0${unit & 1}:00:00:0${unit}`);
export const clientIds = ["one", "two", "shared"] as const;

/** A configuration that dhcpd accepts, out of all kinds of statements and declarations. */
export function configurationOf(dice: Dice): Plan {
  const classes = dice.times(dice.between(0, 3), (at) => classDeclaration(dice, at));
  const names = classes.map((_, at) => `class-${at}`);
  const servesWire = dice.chance(60);
  const networks: PlanNetwork[] = [];
  const declared = dice
    .times(dice.between(1, 2), () => dice.below(3))
    .map((shape) => network(dice, networks, names, shape));
  const configuration: ConfigNode[] = [
    ...definitions,
    ...(dice.chance(60) ? ["authoritative;"] : []),
    ...statements(dice, "global", 5),
    ...classes.flat(),
    {
      head: "subnet 10.9.0.0 netmask 255.255.255.0",
      items: servesWire
        ? [...statements(dice, "subnet", 3), "range 10.9.0.130 10.9.0.137;"]
        : ["not authoritative;"],
    },
    ...declared,
    ...hosts(dice, networks),
  ];
  return { configuration, networks, servesWire };
}

/** One subnet, a subnet with pools, or a shared network of two; `networks` learns of them. */
function network(
  dice: Dice,
  networks: PlanNetwork[],
  classNames: readonly string[],
  shape: number,
): ConfigNode {
  const number = 16 + networks.length;
  const head = (one: number): string => `subnet 10.${one}.0.0 netmask 255.255.255.0`;
  if (shape === 0) {
    networks.push({ number, ranges: [{ low: 100, high: 107 }] });
    const items = [...statements(dice, "subnet", 4), range(number, 100, 107)];
    return { head: head(number), items };
  }
  if (shape === 1) {
    networks.push({
      number,
      ranges: [
        { low: 100, high: 103 },
        { low: 110, high: 113 },
      ],
    });
    const pools = [100, 110].map((low) => pool(dice, classNames, number, low));
    return { head: head(number), items: [...statements(dice, "subnet", 3), ...pools] };
  }
  const subnets = [number, number + 1].map((one) => {
    networks.push({ number: one, ranges: [{ low: 100, high: 103 }] });
    return {
      head: head(one),
      items: [...statements(dice, "subnet", 2), pool(dice, classNames, one, 100)],
    };
  });
  const items = [...statements(dice, "shared-network", 3), ...subnets];
  return { head: `shared-network shared-${number}`, items };
}

function range(number: number, low: number, high: number): string {
  return `range 10.${number}.0.${low} 10.${number}.0.${high};`;
}

function pool(dice: Dice, classNames: readonly string[], number: number, low: number): ConfigNode {
  const permits = dice.times(dice.pick([0, 0, 1, 2]), () => permit(dice, classNames));
  const items = [...permits, ...statements(dice, "pool", 3), range(number, low, low + 3)];
  return { head: "pool", items };
}

function permit(dice: Dice, classNames: readonly string[]): string {
  const subjects = ["known-clients", "unknown-clients", "all clients", "known clients"];
  const members = classNames.map((name) => `members of "${name}"`);
  return `${dice.pick(["allow", "deny"])} ${dice.pick([...subjects, ...members, ...members])};`;
}

/** A class by condition, with subclasses, or spawning; some count their leases. */
function classDeclaration(dice: Dice, at: number): ConfigNode[] {
  const head = `class "class-${at}"`;
  const limit = dice.chance(25) ? [`lease limit ${dice.between(1, 3)};`] : [];
  const own = [...limit, ...statements(dice, "class", 3)];
  const keys: Readonly<Record<string, readonly string[]>> = {
    hardware: deviceMacs.map((mac) => `1:${mac}`),
    "substring(hardware, 1, 6)": deviceMacs,
    "option vendor-class-identifier": words.vendorClasses.map((word) => `"${word}"`),
    "option agent.circuit-id": words.circuits.map((value) => value.toString(16).padStart(2, "0")),
    "option dhcp-client-identifier": clientIds.map((id) => `"${id}"`),
  };
  const data = dice.pick(Object.keys(keys));
  const kind = dice.below(10);
  if (kind < 5)
    return [{ head, items: [`match if ${new Expressions(dice, "packet").boolean()};`, ...own] }];
  if (kind < 7) return [{ head, items: [`spawn with ${data};`, ...own] }];
  const chosen = keys[data].filter(() => dice.chance(50));
  return [
    { head, items: [`match ${data};`, ...own] },
    ...chosen.map((key): ConfigNode => {
      const subclass = `subclass "class-${at}" ${key}`;
      if (dice.chance(40)) return `${subclass};`;
      const counted = dice.chance(20) ? ["lease limit 1;"] : [];
      return { head: subclass, items: [...counted, ...statements(dice, "subclass", 2)] };
    }),
  ];
}

/** Hosts, some with fixed addresses, alone or in groups. */
function hosts(dice: Dice, networks: readonly PlanNetwork[]): ConfigNode[] {
  const free = deviceMacs.filter(() => dice.chance(35));
  const one = (mac: string, at: number): ConfigNode => {
    const isById = dice.chance(20);
    const fixed = networks.filter(() => dice.chance(30)).map(({ number }) => number);
    const identity = isById
      ? `option dhcp-client-identifier "${dice.pick(clientIds)}";`
      : `hardware ethernet ${mac};`;
    const address =
      fixed.length === 0
        ? []
        : [`fixed-address ${fixed.map((number) => `10.${number}.0.${20 + at}`).join(", ")};`];
    return {
      head: `host host-${at}`,
      items: [identity, ...address, ...statements(dice, "host", 3)],
    };
  };
  const all = free.map(one);
  if (all.length < 2 || dice.chance(50)) return all;
  const place: Place = "group";
  const group = { head: "group", items: [...statements(dice, place, 3), ...all.slice(1)] };
  return [all[0], group];
}
