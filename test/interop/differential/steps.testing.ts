import { formatIpv4 } from "../../../protocol/ipv4.ts";
import type { ClientMessage } from "../../../server/dhcp/decide/engine.testing.ts";
import { mac, type Script, type Step } from "./contender.testing.ts";
import type { Answer, Leeway, Reply } from "./reply-text.testing.ts";

/** The server's own network, which every configuration needs, with nothing in it. */
export const own = "subnet 10.9.0.0 netmask 255.255.255.0 { }\n";

/** Network 10.`net`.0.0/24 with relay 10.`net`.0.1 and room for its clients. */
export function subnet(net: number, statements: string): string {
  return `subnet 10.${net}.0.0 netmask 255.255.255.0 {
${statements}
range 10.${net}.0.100 10.${net}.0.199;
}
`;
}

export function one(name: string, ...steps: readonly Step[]): Script {
  return { name, steps };
}

/** A step at which the two servers differ; `onPurpose` is a name in the table of differences. */
export function meant(step: Step, onPurpose: string): Step {
  return { ...step, onPurpose };
}

/** A packet through the relay of a network. */
export function via(
  net: number,
  message: ClientMessage,
  answer: Answer,
  leeway: Leeway = {},
): Step {
  return { send: { giaddr: `10.${net}.0.1`, list: [1], ...message }, answer, leeway };
}

/** REQUEST for what this server offered or acknowledged last, by the same way. */
export function take(
  message: ClientMessage = {},
  answer: Answer = "ack",
  leeway: Leeway = {},
): Step {
  return {
    send: (earlier: readonly Reply[]) => {
      const { address, serverId, packet } = earlier.at(-1)!;
      const giaddr = formatIpv4(packet.giaddr);
      return { giaddr, list: [1], type: "request", requested: address, serverId, ...message };
    },
    answer,
    leeway,
  };
}

/** DISCOVER and REQUEST. */
export function bind(name: string, net: number, message: ClientMessage = {}): Script {
  return one(name, via(net, message, "offer"), take(message));
}

/** A device that several scripts or a configuration know. */
export function device(unit: number): string {
  return mac(`02:cc:00:00:00:${unit.toString(16).padStart(2, "0")}`);
}

/** A script of one packet, by default a DISCOVER through the relay of 10.16.0.0/24. */
export function asks(
  name: string,
  message: ClientMessage,
  answer: Answer = "offer",
  leeway: Leeway = {},
): Script {
  // Without a list the order is that of dhcpd's hash table, which promises nothing.
  const anyOrder = message.list === undefined || message.list.length === 0;
  const anyAddress = message.requested === undefined;
  return {
    name,
    steps: [
      {
        send: { giaddr: "10.16.0.1", ...message },
        answer,
        leeway: { anyOrder, anyAddress, ...leeway },
      },
    ],
  };
}
