import {
  leaseFile,
  mac,
  type Script,
  type Site,
  type StartingLease,
  type Step,
} from "./contender.testing.ts";
import { one, take } from "./steps.testing.ts";
import { fixed, networks, request, viaRelay } from "./two-networks.testing.ts";

const owner = mac("02:aa:00:00:00:01");
const other = mac("02:aa:00:00:00:02");
const named = mac("02:aa:00:00:00:04");

/** A lease of an hour ago that has an hour to go. */
const bound = (unit: number, mac: string, more: Partial<StartingLease> = {}): StartingLease => ({
  ...{ address: `10.16.0.${unit}`, state: "active", endsIn: 3600, mac },
  ...more,
});
const freed = { state: "free", endsIn: -600, startedAgo: 7200 } as const;
const over = { endsIn: -60 } as const;

const leases = leaseFile([
  bound(150, owner),
  bound(151, other, { clientId: "other" }),
  { address: "10.16.0.152", state: "abandoned", endsIn: 3600 },
  bound(153, named, { ...freed, clientId: "named" }),
  bound(154, "02:aa:00:00:00:05", freed),
  bound(155, "02:aa:00:00:00:06", { clientId: "six" }),
  bound(156, "02:aa:00:00:00:07", { clientId: "seven" }),
  bound(157, "02:aa:00:00:00:08", { clientId: "eight", state: "abandoned" }),
  bound(158, "02:aa:00:00:00:09"),
  bound(159, "02:aa:00:00:00:0a"),
  bound(160, "02:aa:00:00:00:0c", over),
  bound(161, "02:aa:00:00:00:0d", over),
  bound(150, "02:aa:00:00:00:0b", { address: "10.17.0.150" }),
]);

/** Which of the free addresses is taken first is a matter of queues, not of the protocol. */
const anywhere: Partial<Step> = { leeway: { anyAddress: true } };

/** The rows of the decision table; \`refusal\` is what is said to a client on the wrong network. */
function decisions(refusal: "nak" | "silence"): readonly Script[] {
  return [
    one("selecting", viaRelay({}, "offer", anywhere), take({}, "ack", { anyAddress: true })),
    one(
      "selecting with a client identifier",
      viaRelay({ clientId: "c" }, "offer", anywhere),
      take({ clientId: "c" }, "ack", { anyAddress: true }),
    ),
    one(
      "selecting, and again",
      viaRelay({}, "offer", anywhere),
      take({}, "ack", { anyAddress: true }),
      take({}, "ack", { anyAddress: true }),
    ),
    one(
      "selecting with the identifier of another server",
      request({ requested: "10.16.0.180", serverId: "10.9.0.77" }, "ack"),
    ),
    one(
      "init-reboot, the client's own lease",
      request({ mac: owner, requested: "10.16.0.150" }, "ack"),
    ),
    one(
      "init-reboot, own lease by client identifier and another card",
      request({ clientId: "other", requested: "10.16.0.151" }, "ack"),
    ),
    one(
      "init-reboot, no record of the client, address free",
      request({ requested: "10.16.0.181" }, "ack"),
    ),
    one("init-reboot, lease of somebody else", request({ requested: "10.16.0.150" }, "nak")),
    one(
      "init-reboot, lease of another client identifier on the same card",
      request({ mac: "02:aa:00:00:00:06", clientId: "not six", requested: "10.16.0.155" }, "nak"),
    ),
    one(
      "init-reboot, lease with a client identifier, packet without",
      request({ mac: "02:aa:00:00:00:07", requested: "10.16.0.156" }, "nak"),
    ),
    one(
      "init-reboot, lease without a client identifier, packet with",
      request({ mac: "02:aa:00:00:00:09", clientId: "new", requested: "10.16.0.158" }, "ack"),
    ),
    one("init-reboot, a wrong network", request({ requested: "10.17.0.150" }, refusal)),
    one("init-reboot, an address of no network", request({ requested: "192.168.7.7" }, refusal)),
    one(
      "init-reboot, in the network and in no range",
      request({ requested: "10.16.0.20" }, "silence"),
    ),
    one(
      "init-reboot through an unknown relay",
      request({ giaddr: "10.30.0.1", requested: "10.16.0.150" }, refusal),
    ),
    one(
      "init-reboot through an unknown relay, unknown address",
      request({ giaddr: "10.30.0.1", requested: "192.168.7.7" }, "silence"),
    ),
    one(
      "a freed address, its last client",
      request({ mac: named, clientId: "named", requested: "10.16.0.153" }, "ack"),
    ),
    one(
      "a lease that ended while the server was down, its client",
      viaRelay({ mac: "02:aa:00:00:00:0c" }, "offer"),
      request({ mac: "02:aa:00:00:00:0c", requested: "10.16.0.160" }, "ack"),
    ),
    one(
      "a lease that ended while the server was down, somebody else",
      request({ requested: "10.16.0.161" }, "ack"),
    ),
    one("a freed address, somebody else", request({ requested: "10.16.0.154" }, "ack")),
    one("an abandoned address that is asked for", request({ requested: "10.16.0.152" }, "silence")),
    one(
      "an abandoned address, the client that gave it up",
      request({ mac: "02:aa:00:00:00:08", clientId: "eight", requested: "10.16.0.157" }, "ack"),
    ),
    one("renewing through the relay", request({ mac: owner, ciaddr: "10.16.0.150" }, "ack")),
    one(
      "renewing, unicast, without the relay",
      request({ mac: owner, ciaddr: "10.16.0.150", giaddr: "0.0.0.0" }, "ack"),
    ),
    one(
      "renewing, unicast, an unknown client",
      request({ ciaddr: "10.16.0.150", giaddr: "0.0.0.0" }, "nak"),
    ),
    one(
      "renewing, unicast, on no network",
      request({ ciaddr: "192.168.7.7", giaddr: "0.0.0.0" }, "silence"),
    ),
    one(
      "renewing, unicast, in no range",
      request({ ciaddr: "10.16.0.21", giaddr: "0.0.0.0" }, "silence"),
    ),
    one(
      "rebinding on the wrong network",
      request({ mac: owner, ciaddr: "10.16.0.150", giaddr: "10.17.0.1" }, refusal),
    ),
    one("init-reboot, no address at all", request({ requested: "0.0.0.0" }, refusal)),
    one("neither requested address nor ciaddr", request({}, "silence")),
    one(
      "both requested address and ciaddr",
      request({ mac: owner, ciaddr: "10.16.0.150", requested: "10.16.0.150" }, "ack"),
    ),
    one(
      "fixed address, offered and taken",
      viaRelay({ mac: fixed }, "offer"),
      take({ mac: fixed }),
    ),
    one("fixed address, asked for", request({ mac: fixed, requested: "10.16.0.20" }, "ack")),
    one(
      "fixed address, another one asked for",
      request({ mac: fixed, requested: "10.16.0.170" }, "nak"),
    ),
    one(
      "fixed address on the other network",
      viaRelay({ mac: fixed, giaddr: "10.17.0.1" }, "offer"),
      request({ mac: fixed, giaddr: "10.17.0.1", requested: "10.17.0.20" }, "ack"),
    ),
    one(
      "fixed address, renewed by unicast",
      request({ mac: fixed, ciaddr: "10.16.0.20", giaddr: "0.0.0.0" }, "ack"),
    ),
    one(
      "a second lease is given beside the first",
      request({ mac: "02:aa:00:00:00:0a", requested: "10.16.0.182" }, "ack"),
      request({ mac: "02:aa:00:00:00:0a", requested: "10.16.0.159" }, "ack"),
    ),
    one(
      "a second lease of a client identifier, and the first is free",
      request({ clientId: "two", requested: "10.16.0.183" }, "ack"),
      request({ clientId: "two", requested: "10.16.0.184" }, "ack"),
      request({ mac: mac("02:bb:00:00:00:07"), requested: "10.16.0.183" }, "ack"),
    ),
    one(
      "a roaming client",
      viaRelay({ mac: "02:aa:00:00:00:0b" }, "offer", anywhere),
      take({ mac: "02:aa:00:00:00:0b" }, "ack", { anyAddress: true }),
    ),
    one(
      "NAK with option 82",
      request({ requested: "10.16.0.150", relayAgent: [1, 2, 7, 8, 200, 1, 9] }, "nak"),
    ),
    one(
      "NAK, whatever is on the list",
      request({ requested: "10.16.0.150", list: [1, 3, 6, 15, 51], hops: 2, secs: 9 }, "nak"),
    ),
  ];
}

export const requestSites: readonly Site[] = [
  {
    name: "REQUEST, authoritative",
    configuration: `authoritative;\n${networks}`,
    leases,
    scripts: decisions("nak"),
  },
  {
    name: "REQUEST, not authoritative",
    configuration: networks,
    leases,
    scripts: decisions("silence"),
  },
];
