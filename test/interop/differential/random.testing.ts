import { Prng } from "../../../base/prng.ts";
import { formatMac } from "../../../protocol/mac.ts";
import type { ClientMessage } from "../../../server/dhcp/decide/engine.testing.ts";
import { serverAddress } from "./cable.testing.ts";
import type { Script, Site, Step } from "./contender.testing.ts";
import type { Reply } from "./reply-text.testing.ts";

const seeds = [1, 2, 3, 4, 5, 6];
const devices = 8;
const stepsPerSeed = 60;

const relays = ["10.16.0.1", "10.17.0.1"] as const;
/** Host numbers outside the ranges, and at their ends, where the servers have not got to by themselves. */
const outlying = [0, 7, 99, 195, 196, 197, 198, 199, 245, 246, 247, 248, 249, 250, 251, 255];
const wishes = [1, 3, 6, 12, 15, 43, 51, 54, 58, 66, 67, 82, 99, 150];

/** A device keeps its name, its relay and its habits; what it does next is a matter of chance. */
interface Device {
  readonly mac: string;
  /** What all its messages through the relay have in common. */
  readonly relayed: ClientMessage;
  /** The same for those past the relay. */
  readonly direct: ClientMessage;
  readonly otherRelay: string;
}

function deviceOf(prng: Prng, seed: number, unit: number): Device {
  const maybe = (value: ClientMessage): ClientMessage => (prng.nextBelow(2) === 0 ? value : {});
  const byte = (value: number): string => value.toString(16).padStart(2, "0");
  const mac = `02:ee:00:00:${byte(seed)}:${byte(unit)}`;
  const direct: ClientMessage = {
    mac,
    list: Array.from({ length: 1 + prng.nextBelow(9) }, () => pick(prng, wishes)),
    ...maybe({ clientId: `client ${seed}.${unit}` }),
    ...maybe({ hostname: `host-${unit}` }),
    ...maybe({ vendorClass: pick(prng, ["gold", "silver", "docsis3.0:"]) }),
    ...maybe({ leaseSeconds: pick(prng, [100, 1000, 5000, 100_000]) }),
    ...maybe({ broadcast: true }),
    ...maybe({ maxMessageSize: pick(prng, [300, 700, 1500]) }),
  };
  // No zero byte: dhcpd's lease file loses one at the end of a sub-option.
  const added = maybe({ relayAgent: [1, 1, unit + 1, 2, 3, 97, seed, 1 + (unit % 4)] });
  const home = prng.nextBelow(2);
  return {
    ...{ mac, direct },
    relayed: { ...direct, ...added, giaddr: relays[home] },
    otherRelay: relays[1 - home],
  };
}

function pick<Item>(prng: Prng, items: readonly Item[]): Item {
  return items[prng.nextBelow(items.length)];
}

interface Choice {
  /** The address that was acknowledged to the device last. */
  readonly address: string;
  /** One that was acknowledged to any device. */
  readonly another: string;
  /** One of the two networks, or of one that is not there. */
  readonly anywhere: string;
}

/** What a device may do that has had an address: what it should, and what some do all the same. */
const moves: readonly ((device: Device, choice: Choice) => ClientMessage)[] = [
  ({ relayed }) => relayed,
  ({ relayed }, { address }) => ({ ...relayed, requested: address }),
  ({ relayed }, { address }) => ({ ...relayed, type: "request", requested: address }),
  ({ relayed }, { address }) => ({ ...relayed, type: "request", ciaddr: address }),
  ({ direct }, { address }) => ({ ...direct, type: "request", ciaddr: address }),
  ({ direct }, { address }) => ({ ...direct, type: "request", ciaddr: address }),
  ({ direct }, { address }) => ({
    ...{ ...direct, type: "release", ciaddr: address, serverId: serverAddress },
  }),
  ({ direct }, { address }) => ({ ...direct, type: "inform", ciaddr: address }),
  ({ relayed }, { address }) => ({ ...relayed, type: "decline", requested: address }),
  ({ relayed, otherRelay }, { address }) => ({
    ...{ ...relayed, giaddr: otherRelay, type: "request", requested: address },
  }),
  ({ relayed, otherRelay }) => ({ ...relayed, giaddr: otherRelay }),
  ({ relayed }, { address }) => ({
    ...{ ...relayed, giaddr: "10.25.0.1", type: "request", requested: address },
  }),
  ({ relayed }, { another }) => ({ ...relayed, type: "request", requested: another }),
  ({ direct }, { another }) => ({ ...direct, type: "request", ciaddr: another }),
  ({ relayed }, { anywhere }) => ({ ...relayed, type: "request", requested: anywhere }),
  ({ relayed }, { anywhere }) => ({ ...relayed, requested: anywhere }),
];

function move(prng: Prng, device: Device): Step {
  const next = pick(prng, moves);
  const raw = prng.nextUInt32();
  const isDistracted = prng.nextBelow(8) === 0;
  return {
    leeway: { anyAddress: true, anyLeaseTime: true },
    send: (earlier) => {
      const own = earlier.filter(({ packet }) => formatMac(packet.chaddr) === device.mac);
      const last = own.findLast((reply) => reply.kind !== "ack" || isBinding(reply));
      if (last?.kind === "offer" && !isDistracted) {
        const { address, serverId } = last;
        return { ...device.relayed, type: "request", requested: address, serverId };
      }
      const address = own.findLast(isBinding)?.address;
      if (address === undefined || last?.kind === "offer") return device.relayed;
      const bound = earlier.filter(isBinding);
      const message = next(device, {
        address,
        another: bound[raw % bound.length].address,
        anywhere: `10.${16 + (raw % 3)}.0.${outlying[(raw >>> 8) % outlying.length]}`,
      });
      // Whom an offered address is refused is one of the differences that are meant.
      const wanted = message.requested ?? message.ciaddr;
      const holder = earlier.findLast((reply) => reply.address === wanted);
      const isHeld = holder?.kind === "offer" && formatMac(holder.packet.chaddr) !== device.mac;
      return isHeld ? device.relayed : message;
    },
  };
}

/** The ACK of an INFORM gives no address. */
function isBinding({ kind, packet }: Reply): boolean {
  return kind === "ack" && packet.yiaddr !== 0;
}

function life(seed: number): Script {
  const prng = new Prng(seed, 0);
  const all = Array.from({ length: devices }, (_, unit) => deviceOf(prng, seed, unit));
  const steps = Array.from({ length: stepsPerSeed }, () => move(prng, pick(prng, all)));
  return { name: `seed ${seed}`, steps };
}

export const randomSite: Site = {
  name: "devices that do what they like",
  configuration: `
authoritative;
default-lease-time 900;
max-lease-time 7200;
min-lease-time 60;
option domain-name "example.org";
option domain-name-servers 10.9.0.5;
option tftp-server-name "10.9.0.6";
option dhcp-renewal-time 300;
class "gold" { match if option vendor-class-identifier = "gold"; option domain-name "gold"; filename "gold.bin"; }
class "unit" { spawn with option agent.remote-id; lease limit 3; }
subnet 10.9.0.0 netmask 255.255.255.0 { }
subnet 10.16.0.0 netmask 255.255.255.0 {
  option routers 10.16.0.1;
  pool { deny members of "gold"; range 10.16.0.100 10.16.0.199; }
  pool { allow members of "gold"; range 10.16.0.200 10.16.0.250; default-lease-time 1200; }
}
subnet 10.17.0.0 netmask 255.255.255.0 {
  option routers 10.17.0.1;
  dhcp-cache-threshold 0;
  if option agent.circuit-id = 03 { filename "three.bin"; }
  range 10.17.0.100 10.17.0.250;
}
host three { hardware ethernet 02:ee:00:00:01:03; option host-name "three"; }
host four { hardware ethernet 02:ee:00:00:02:04; fixed-address 10.16.0.44, 10.17.0.44; }
`,
  scripts: seeds.map(life),
};
