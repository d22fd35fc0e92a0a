import type { ClientMessage } from "../../../server/dhcp/decide/engine.testing.ts";
import type { Script, Site, Step } from "./contender.testing.ts";
import type { Answer } from "./reply-text.testing.ts";
import { one } from "./steps.testing.ts";
import { fixed, networks, relay } from "./two-networks.testing.ts";

const inform = (message: ClientMessage, answer: Answer, more: Partial<Step> = {}): Step => ({
  send: { type: "inform", list: [1, 3, 15], ...message },
  answer,
  ...more,
});

const scripts: readonly Script[] = [
  one("ciaddr, unicast", inform({ ciaddr: "10.16.0.130" }, "ack")),
  one("ciaddr, through a relay", inform({ ciaddr: "10.16.0.130", giaddr: relay }, "ack")),
  one(
    "ciaddr of another network than the relay's",
    inform({ ciaddr: "10.17.0.130", giaddr: relay }, "ack"),
  ),
  one(
    "ciaddr of no network, known relay",
    inform({ ciaddr: "192.168.7.7", giaddr: relay }, "silence"),
  ),
  one("no ciaddr, through a relay", inform({ giaddr: relay }, "ack")),
  one(
    "no ciaddr, source address alone",
    inform({ source: "10.16.0.131", destination: "10.9.0.1" }, "ack"),
  ),
  one("no ciaddr, no source address", inform({}, "silence")),
  one("without a list", inform({ ciaddr: "10.16.0.130", list: [] }, "ack")),
  one("the mask only when asked", inform({ ciaddr: "10.16.0.130", list: [3] }, "ack")),
  one(
    "option 82",
    inform({ ciaddr: "10.16.0.130", giaddr: relay, relayAgent: [1, 2, 7, 8] }, "ack"),
  ),
  one("link selection", inform({ giaddr: relay, relayAgent: [5, 4, 10, 17, 0, 0] }, "ack")),
  one(
    "link selection and ciaddr",
    inform({ ciaddr: "10.16.0.130", giaddr: relay, relayAgent: [5, 4, 10, 17, 0, 0] }, "ack"),
  ),
  one("the broadcast bit", inform({ ciaddr: "10.16.0.130", broadcast: true }, "ack")),
  one("a client with a fixed address", inform({ mac: fixed, ciaddr: "10.16.0.20" }, "ack")),
  one("times asked for", inform({ ciaddr: "10.16.0.130", list: [51, 58, 59, 1] }, "ack")),
];

export const informSites: readonly Site[] = [
  { name: "INFORM", configuration: `authoritative;\n${networks}`, scripts },
  {
    name: "INFORM, not authoritative",
    configuration: networks,
    scripts: [
      one("ciaddr", inform({ ciaddr: "10.16.0.130" }, "silence")),
      one("through a relay", inform({ giaddr: relay }, "silence")),
    ],
  },
];
