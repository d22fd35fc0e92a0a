import type { ClientMessage } from "../../../server/dhcp/decide/engine.testing.ts";
import { mac, type Step } from "./contender.testing.ts";
import type { Answer } from "./reply-text.testing.ts";

export const relay = "10.16.0.1";

/** A device with a fixed address on each of the two networks. */
export const fixed = mac("02:aa:00:00:00:03");

/** Two networks behind relays, each with a range from .100 to .199. */
export const networks = `
default-lease-time 600;
max-lease-time 7200;
dhcp-cache-threshold 0;
option domain-name "example.org";
subnet 10.9.0.0 netmask 255.255.255.0 { }
subnet 10.16.0.0 netmask 255.255.255.0 {
  option routers 10.16.0.1;
  range 10.16.0.100 10.16.0.199;
}
subnet 10.17.0.0 netmask 255.255.255.0 {
  option routers 10.17.0.1;
  range 10.17.0.100 10.17.0.199;
}
host fixed {
  hardware ethernet ${fixed};
  fixed-address 10.16.0.20, 10.17.0.20;
}
`;

/** A packet through the relay of 10.16.0.0/24. */
export function viaRelay(message: ClientMessage, answer: Answer, more: Partial<Step> = {}): Step {
  return { send: { giaddr: relay, list: [1, 3], ...message }, answer, ...more };
}

export function request(message: ClientMessage, answer: Answer, more: Partial<Step> = {}): Step {
  return viaRelay({ type: "request", ...message }, answer, more);
}
