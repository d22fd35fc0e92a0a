import type { Answer } from "./reply-text.testing.ts";

/** What prov dhcpd does otherwise than dhcpd. */
export interface Difference {
  /** What prov dhcpd does instead; the same as dhcpd when left out. */
  readonly ours?: Answer;
  /** Lines of the two replies that may differ, and do. */
  readonly lines?: RegExp;
  readonly reason: string;
}

/** Where prov dhcpd does otherwise on purpose, each with a step of a hand-written script that shows it. */
export const byHand: Readonly<Record<string, Difference>> = {
  "a reply is no request": {
    ours: "silence",
    reason: "dhcpd does not check op; a server that answers replies can be made to answer itself",
  },
  nobody: {
    ours: "silence",
    reason: "all devices without hardware address and client identifier would share one lease",
  },
  "the server's own source address": {
    lines: /^from /,
    reason:
      "dhcpd sends frames from server-identifier, even if another machine has that address; here the source is always our own",
  },
  "ciaddr of an OFFER": {
    lines: /^ciaddr /,
    reason: "RFC 2131, table 3: ciaddr of an OFFER is 0; dhcpd copies what the client sent",
  },
  "a stranger's DECLINE": {
    ours: "ack",
    reason:
      "dhcpd abandons an address at the DECLINE of any client, so one device could take all others off line",
  },
  "an offer is held": {
    ours: "nak",
    reason:
      "RFC 2131, section 3.1: an offered address is kept for its client until the client answers",
  },
  "a REQUEST without DISCOVER under one-lease-per-client": {
    ours: "ack",
    reason:
      "dhcpd looks for the other leases of the new address's former client, so it misses those of the client itself",
  },
  "an address of a former client under one-lease-per-client": {
    reason: "dhcpd looks for the other leases of the new address's former client, and frees those",
  },
  "deny duplicates": {
    ours: "ack",
    reason:
      "dhcpd.conf(5) promises it for every request; dhcpd does it on renewals under one-lease-per-client only",
  },
  "a fixed address is a lease too": {
    ours: "nak",
    reason:
      "dhcpd keeps no lease of a fixed address, so inside a range it gives the address to a second client",
  },
  "any of its fixed addresses": {
    ours: "ack",
    reason:
      "of several fixed addresses on one network dhcpd uses only the first; here a client keeps the one that it has",
  },
  "the relay's own port": {
    lines: /^(offer to|from) /,
    reason:
      "RFC 8357: a relay with sub-option 19 is answered at the port it sent from; Debian's dhcpd is built without it",
  },
  "the relay's own server identifier": {
    lines: /^option 54: /,
    reason:
      "RFC 5107: the client gets sub-option 11 as its server identifier; dhcpd does not know it",
  },
  "endless leases": {
    lines: /^option 51: /,
    reason:
      "RFC 2131, section 3.3: 0xffffffff is infinity; dhcpd counts the seconds to the end of 32-bit time",
  },
  "a text does not end in NUL": {
    lines: /^(from|option (15|66): )/,
    reason:
      "RFC 2132, section 2: texts are sent without NUL; dhcpd adds a NUL for a client that sent one",
  },
  "a space in a space": {
    lines: /^(from|option 125: )/,
    reason:
      "dhcpd sends no option of a space if all of them are in spaces inside it (option 125); here they are sent",
  },
  "a function inside an expression": {
    lines: /^(from|option 200: )/,
    reason:
      "where data, a number or a truth value is wanted, dhcpd calls a function and drops its value (Bogus opcode); here the value counts",
  },
  "host-decl-name in a condition": {
    lines: /^(from|sname) /,
    reason:
      "when dhcpd runs the statements, it has not set the host of a dynamic client yet; here it is set",
  },
  "option 82 is echoed as it came": {
    lines: /^(from|option 82: )/,
    reason: "RFC 3046, section 2.2; dhcpd drops a sub-option without a value from the end",
  },
};

/** Those that only generated pairs come to. */
export const generated: Readonly<Record<string, Difference>> = {
  "which address is offered": {
    reason:
      "if several addresses are free, or several are the client's own, the two servers may offer different ones: their queues differ",
  },
  "a name ends at its first NUL": {
    reason:
      "dhcpd also copies what stands behind a NUL into sname and file, where no client reads it",
  },
  "another option 82 within the threshold": {
    reason:
      "a client behind another port gets a new lease record, so that the file says where it is; dhcpd repeats the old one",
  },
  "the words of a NAK": {
    reason:
      "dhcpd's option 56 is a variable of the process, and may be left over from another client",
  },
  "a host's client identifier": {
    reason:
      "when asked, dhcpd also sends the dhcp-client-identifier of the client's host declaration",
  },
  "an OFFER does not change a lease": {
    reason:
      "after an OFFER for a bound address dhcpd treats the lease as one of the client's other identity, or writes it again",
  },
  "what a lease remembers of earlier packets": {
    reason:
      "dhcpd keeps host name, vendor class and option 82 of the last packet that had them, even of a DISCOVER, and even on another client's lease",
  },
  "a second lease of a client identifier": {
    reason:
      "a client that starts again has forgotten all its other leases; dhcpd frees only the first that it finds",
  },
  "a lease that its pool no longer allows": {
    reason:
      "dhcpd frees it at the client's next message, even a DISCOVER for a fixed address; here when the client asks for it",
  },
};

/** Those that the test of parameters shows. */
export const byParameter: Readonly<Record<string, Difference>> = {
  "a reserved address is nobody else's": {
    ours: "nak",
    reason: "dhcpd gives it to any client that sends a REQUEST for it without a DISCOVER",
  },
};

/** The whole table, by name. */
export const onPurpose: Readonly<Record<string, Difference>> = {
  ...byHand,
  ...byParameter,
  ...generated,
};
export const shownByHand: readonly string[] = Object.keys(byHand);
