import { mac, type Script, type Site } from "./contender.testing.ts";
import { one, take } from "./steps.testing.ts";
import { networks, relay, request, viaRelay } from "./two-networks.testing.ts";

/** What one client does, as a whole: the state of the server shows in its next answer. */
const scripts: readonly Script[] = [
  one(
    "released, and offered again",
    viaRelay({ list: [1] }, "offer"),
    take(),
    {
      send: ([, ack]) => ({ type: "release", ciaddr: ack!.address, serverId: "10.9.0.1" }),
      answer: "silence",
    },
    viaRelay({ list: [1] }, "offer"),
  ),
  one(
    "a release by another card changes nothing",
    viaRelay({}, "offer"),
    take(),
    {
      send: ([, ack]) => ({ type: "release", mac: mac("02:aa:00:00:00:02"), ciaddr: ack!.address }),
      answer: "silence",
    },
    {
      send: ([, ack]) => ({
        type: "request",
        mac: mac("02:bb:00:00:00:02"),
        giaddr: relay,
        requested: ack!.address,
      }),
      answer: "nak",
    },
  ),
  one(
    "a released address is free for others",
    viaRelay({ requested: "10.16.0.190" }, "offer"),
    take(),
    { send: { type: "release", ciaddr: "10.16.0.190" }, answer: "silence" },
    request({ mac: "02:bb:00:00:00:03", requested: "10.16.0.190" }, "ack"),
  ),
  one(
    "released by client identifier",
    viaRelay({ clientId: "r", requested: "10.16.0.191" }, "offer"),
    take({ clientId: "r" }),
    { send: { type: "release", ciaddr: "10.16.0.191", clientId: "r" }, answer: "silence" },
    request({ mac: "02:bb:00:00:00:04", requested: "10.16.0.191" }, "ack"),
  ),
  one(
    "a declined address is not offered again",
    viaRelay({ requested: "10.16.0.192" }, "offer"),
    take(),
    viaRelay({ type: "decline", requested: "10.16.0.192", serverId: "10.9.0.1" }, "silence"),
    viaRelay({ requested: "10.16.0.192" }, "offer", { leeway: { anyAddress: true } }),
  ),
  one("a DECLINE without an address", viaRelay({ type: "decline" }, "silence")),
  one(
    "a DECLINE of no address of ours",
    viaRelay({ type: "decline", requested: "192.168.7.7" }, "silence"),
  ),
  one(
    "a stranger's DECLINE",
    viaRelay({ requested: "10.16.0.193" }, "offer"),
    take(),
    viaRelay({ type: "decline", mac: "02:bb:00:00:00:05", requested: "10.16.0.193" }, "silence"),
    request({ requested: "10.16.0.193" }, "silence", { onPurpose: "a stranger's DECLINE" }),
  ),
  one(
    "an address that was offered to somebody else",
    viaRelay({ requested: "10.16.0.194" }, "offer"),
    request({ mac: "02:bb:00:00:00:06", requested: "10.16.0.194" }, "ack", {
      onPurpose: "an offer is held",
    }),
  ),
  one(
    "offered with a client identifier, asked for without",
    viaRelay({ clientId: "x", requested: "10.16.0.196" }, "offer"),
    request({ requested: "10.16.0.196" }, "ack", { onPurpose: "an offer is held" }),
  ),
  one(
    "a declined address that its client asks for",
    viaRelay({ requested: "10.16.0.197" }, "offer"),
    take(),
    viaRelay({ type: "decline", requested: "10.16.0.197" }, "silence"),
    request({ requested: "10.16.0.197" }, "silence"),
  ),
];

export const giveBackSite: Site = {
  name: "RELEASE and DECLINE",
  configuration: `authoritative;\n${networks}`,
  scripts,
};
