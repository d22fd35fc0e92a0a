import type { ClientMessage } from "../../../server/dhcp/decide/engine.testing.ts";
import type { Site } from "./contender.testing.ts";
import type { Answer, Leeway } from "./reply-text.testing.ts";
import { device, one, own, via } from "./steps.testing.ts";

/** Shows the variable by itself, as values of options see it, and the classes that it decides. */
const shown = { list: [200, 201, 202] } as const;

/** Of those that run the statements of the top level once more, some do so for all. */
const messagesBetween: readonly (readonly [
  name: string,
  send: ClientMessage,
  answer: Answer,
  leeway?: Leeway,
])[] = [
  ["a host with a fixed address", { ...shown, mac: device(91) }, "offer"],
  [
    "its INIT-REBOOT",
    { ...shown, mac: device(91), type: "request", requested: "10.16.0.9" },
    "ack",
  ],
  // To a BOOTP client dhcpd does not send options in the order of the list.
  ["its BOOTP", { ...shown, mac: device(91), type: "bootp" }, "bootp", { anyOrder: true }],
  ["a host without an address", { ...shown, mac: device(92) }, "offer"],
  ["an INFORM", { ...shown, type: "inform", ciaddr: "10.16.0.9" }, "ack"],
  ["a NAK", { ...shown, type: "request", requested: "10.77.0.9" }, "nak"],
];

/**
 * Variables of the top level that functions change while classes are matched: they stay changed for
 * whoever comes next, and statements of a lease do not see it.
 */
export const matchingSite: Site = {
  name: "variables and the matching of classes",
  configuration: `authoritative;
${own}
option shown code 200 = text;
option as-lease code 201 = text;
option as-class code 202 = text;
set mark = "first";
set other = "0";
define note (value) { set mark = value; return "noted"; }
define grow (value) { set other = concat (other, value); return "grown"; }
define forget (value) { unset mark; return "forgotten"; }
define inside (value) { set nowhere = value; return value; }
class "notes" { match if option host-name = "note" and note ("later") = "never"; }
class "forgets" { match if option host-name = "forget" and forget ("") = "never"; }
class "grows" { match if option host-name = "grow" and grow ("1") = "never"; }
class "by-key" { match if inside (pick-first-value (option host-name, "none")) = "key"; option as-class "key"; }
class "later" { match if mark = "later"; option as-class "later"; }
class "nowhere" { match if defined (nowhere); option as-class "nowhere"; }
host fixed { hardware ethernet ${device(91)}; fixed-address 10.16.0.9; }
host known { hardware ethernet ${device(92)}; }
subnet 10.16.0.0 netmask 255.255.255.0 {
  range 10.16.0.100 10.16.0.199;
  option shown = concat (pick-first-value (mark, "null"), " ", pick-first-value (other, "null"));
  if mark = "first" { option as-lease "first"; } else { option as-lease "other"; }
}
`,
  scripts: [
    one("before anybody has changed it", via(16, shown, "offer")),
    one("who changes it", via(16, { ...shown, hostname: "note" }, "offer")),
    one("whoever comes next", via(16, shown, "offer")),
    one(
      "a function's own variable is gone with its call",
      via(16, { ...shown, hostname: "key" }, "offer"),
    ),
    one("who takes it away", via(16, { ...shown, hostname: "forget" }, "offer")),
    one("whoever comes then", via(16, shown, "offer")),
    one(
      "one that is worked out from itself",
      via(16, { ...shown, hostname: "grow" }, "offer"),
      via(16, shown, "offer"),
    ),
    one(
      "who brings it back",
      via(16, { ...shown, hostname: "note" }, "offer"),
      via(16, shown, "offer"),
    ),
    ...messagesBetween.map(([name, between, answer, leeway]) =>
      one(
        `${name} after it was taken away`,
        via(16, { ...shown, hostname: "forget" }, "offer"),
        via(16, between, answer, leeway),
        via(16, shown, "offer"),
      ),
    ),
  ],
};
