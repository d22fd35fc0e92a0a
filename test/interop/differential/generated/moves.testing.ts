import type { StartingLease } from "../contender.testing.ts";
import { clientIds, deviceMacs, type Plan, type PlanNetwork } from "./configuration.testing.ts";
import type { Dice } from "./dice.testing.ts";
import { words } from "./expressions.testing.ts";
import type { Move } from "./pair.testing.ts";
import { optionCodes } from "./statements.testing.ts";

/** What all messages of one device have in common. */
interface Device {
  readonly mac: string;
  readonly home: PlanNetwork;
  readonly isOnWire: boolean;
  /** Its messages to a relay carry this besides. */
  readonly relayAgent: readonly number[] | undefined;
  readonly habits: Move["message"];
}

const serverAddress = "10.9.0.1";
/**
 * Around the limits of lease times and thresholds that configurations have, and all divisible by 7, as
 * no lease time is: whether a lease has ended in its very last second is a race in dhcpd.
 */
const waits = [7, 21, 28, 56, 63, 98, 105, 154, 294, 308, 602, 903, 3605, 90_006];

function deviceOf(dice: Dice, plan: Plan, mac: string): Device {
  const maybe = <Value>(percent: number, value: Value): Value | Record<string, never> =>
    dice.chance(percent) ? value : {};
  const list = dice.times(dice.between(1, 12), () => dice.pick(optionCodes));
  const remote = dice.chance(50) ? [2, 3, 97, 98, 1 + dice.below(3)] : [];
  const isOnWire = plan.servesWire && dice.chance(25);
  return {
    mac,
    home: dice.pick(plan.networks),
    isOnWire,
    relayAgent: dice.chance(50) ? [1, 1, dice.pick(words.circuits), ...remote] : undefined,
    habits: {
      mac,
      ...(dice.chance(92) ? { list } : {}),
      ...maybe(40, { clientId: dice.pick(clientIds) }),
      ...maybe(40, { hostname: dice.pick(words.hostnames) }),
      ...maybe(50, { vendorClass: dice.pick(words.vendorClasses) }),
      ...maybe(20, { leaseSeconds: dice.pick([30, 100, 400, 5000, 100_000]) }),
      ...maybe(15, { broadcast: true }),
      ...maybe(60, { maxMessageSize: dice.pick([576, 1400, 1500]) }),
      ...maybe(10, { secs: dice.pick([1, 4]) }),
      ...maybe(10, { options: [{ code: 77, value: Uint8Array.of(3, 97, 98, 99) }] }),
    },
  };
}

/** Kinds of moves by how often they are made. */
const kinds: readonly {
  readonly weight: number;
  readonly make: (dice: Dice, device: Device, plan: Plan) => Move;
}[] = [
  { weight: 16, make: (_dice, device) => ({ message: sent(device) }) },
  {
    weight: 26,
    make: (_dice, device) => ({
      message: { ...sent(device), type: "request" },
      fill: { field: "requested", whose: "offered" },
      namesServer: true,
    }),
  },
  {
    weight: 6,
    make: (_dice, device) => ({
      message: { ...sent(device), type: "request" },
      fill: { field: "requested", whose: "own" },
    }),
  },
  {
    weight: 9,
    make: (_dice, { habits }) => ({
      message: { ...habits, type: "request" },
      fill: { field: "ciaddr", whose: "own" },
    }),
  },
  {
    weight: 6,
    make: (_dice, device) => ({
      message: {
        ...{ ...sent(device), type: "request" },
        ...(device.isOnWire ? { destination: "255.255.255.255" } : {}),
      },
      fill: { field: "ciaddr", whose: "own" },
    }),
  },
  {
    weight: 4,
    make: (dice, device, plan) => ({
      message: { ...sent(device), requested: anyAddress(dice, plan) },
    }),
  },
  {
    weight: 3,
    make: (dice, device) => ({
      message: sent(device),
      fill: { field: "requested", whose: dice.pick(["own", "others"]) },
    }),
  },
  {
    weight: 4,
    make: (dice, device, plan) => ({
      message: { ...sent(device), type: "request", requested: anyAddress(dice, plan) },
    }),
  },
  {
    weight: 3,
    make: (_dice, device) => ({
      message: { ...sent(device), type: "request" },
      fill: { field: "requested", whose: "others" },
    }),
  },
  {
    weight: 2,
    make: (_dice, { habits }) => ({
      message: { ...habits, type: "request" },
      fill: { field: "ciaddr", whose: "others" },
    }),
  },
  {
    weight: 2,
    make: (_dice, device) => ({
      message: { ...sent(device), type: "request", serverId: "10.9.9.9" },
      fill: { field: "requested", whose: "offered" },
    }),
  },
  {
    weight: 5,
    make: (dice, { habits }) => ({
      message: {
        ...{ ...habits, type: "release" },
        ...(dice.chance(80) ? { serverId: serverAddress } : {}),
      },
      fill: { field: "ciaddr", whose: "own" },
    }),
  },
  {
    weight: 2,
    make: (_dice, device) => ({
      message: { ...sent(device), type: "decline", serverId: serverAddress },
      fill: { field: "requested", whose: "own" },
    }),
  },
  {
    weight: 4,
    make: (dice, device, plan) => ({
      message: {
        ...{ ...(dice.chance(50) ? sent(device) : device.habits), type: "inform" },
        ...(dice.chance(70) ? { ciaddr: anyAddress(dice, plan) } : {}),
      },
    }),
  },
  {
    weight: 4,
    make: (dice, device, plan) => {
      const giaddr = dice.chance(70) ? relayOf(dice.pick(plan.networks)) : "10.25.0.1";
      const message = { ...sent(device), giaddr };
      if (dice.chance(50)) return { message };
      const fill = { field: dice.pick(["requested", "ciaddr"] as const), whose: "own" as const };
      return { message: { ...message, type: "request" }, fill };
    },
  },
  {
    weight: 2,
    make: (dice, device) => ({
      message: {
        ...device.habits,
        giaddr: relayOf(device.home),
        relayAgent: [
          // No zero at the end of a sub-option: dhcpd's lease file loses it.
          ...[1, 1, dice.pick(words.circuits), 5, 4, 10, device.home.number, 0, 9],
          ...dice.pick([[], [9, 5, 0, 0, 17, 139, 1], [151, 1, 5]]),
        ],
      },
    }),
  },
];

export function movesOf(dice: Dice, plan: Plan): Move[] {
  const count = dice.between(2, 4);
  const first = dice.below(deviceMacs.length);
  const devices = dice.times(count, (at) =>
    deviceOf(dice, plan, deviceMacs[(first + at) % deviceMacs.length]),
  );
  return dice.times(dice.between(6, 16), () => {
    const move = dice.weighted(kinds).make(dice, dice.pick(devices), plan);
    return dice.chance(12) ? { ...move, waitSeconds: dice.pick(waits) } : move;
  });
}

/** Leases that are there at the start. */
export function leasesOf(dice: Dice, plan: Plan): StartingLease[] {
  if (!dice.chance(30)) return [];
  return plan.networks.flatMap(({ number, ranges }) =>
    dice.times(dice.between(0, 2), (at): StartingLease => {
      const address = `10.${number}.0.${dice.pick(ranges).low + at}`;
      const owner = { mac: dice.pick(deviceMacs), ...leaseIdentity(dice) };
      return dice.pick<StartingLease>([
        { address, state: "active", endsIn: dice.pick([1, 50, 3600]), startedAgo: 600, ...owner },
        { address, state: "active", endsIn: -60, ...owner },
        { address, state: "free", endsIn: -600, startedAgo: 7200, ...owner },
        { address, state: "abandoned", endsIn: 3600 },
      ]);
    }),
  );
}

function leaseIdentity(dice: Dice): Pick<StartingLease, "clientId"> {
  return dice.chance(30) ? { clientId: dice.pick(clientIds) } : {};
}

/** As the device sends it: through its relay, or on the server's wire. */
function sent({ habits, isOnWire, home, relayAgent }: Device): Move["message"] {
  if (isOnWire) return habits;
  const giaddr = relayOf(home);
  return relayAgent === undefined ? { ...habits, giaddr } : { ...habits, giaddr, relayAgent };
}

function relayOf({ number }: PlanNetwork): string {
  return `10.${number}.0.1`;
}

/** In a range, at its edge, in a subnet, or nowhere. */
function anyAddress(dice: Dice, { networks, servesWire }: Plan): string {
  const { number, ranges } = dice.pick(networks);
  const { low, high } = dice.pick(ranges);
  const wire = servesWire ? [`10.9.0.${dice.between(130, 137)}`] : [];
  return dice.pick([
    `10.${number}.0.${dice.between(low, high)}`,
    `10.${number}.0.${dice.between(low, high)}`,
    `10.${number}.0.${dice.pick([low - 1, high + 1, 20, 21])}`,
    ...wire,
    "192.168.7.7",
  ]);
}
