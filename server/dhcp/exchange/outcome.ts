import type { DhcpPacket, EncodeLimits, OutgoingPacket } from "../../../protocol/dhcp/packet.ts";
import type { PacketLog } from "./packet-log.ts";

/** A network interface that the server listens on, with its IPv4 addresses in the system's order. */
export interface LocalInterface {
  readonly index: number;
  readonly name: string;
  readonly addresses: readonly { readonly address: number; readonly mask: number }[];
  readonly hardwareAddress: Uint8Array;
}

/** One decoded datagram, and what the socket knew about it. Addresses are unsigned 32-bit. */
export interface Arrival {
  readonly packet: DhcpPacket;
  readonly sourceAddress: number;
  readonly sourcePort: number;
  /** From IP_PKTINFO: tells a broadcast from a unicast. */
  readonly destinationAddress: number;
  /** 0 when the receiving interface is not known. */
  readonly interfaceIndex: number;
  /** The datagram's bytes, for `packet(offset, length)` expressions. */
  readonly raw?: Uint8Array;
}

/** Where a reply goes (RFC 2131, section 4.1). */
export type Destination =
  | { readonly kind: "relay"; readonly address: number; readonly port: number }
  | {
      readonly kind: "unicast";
      readonly address: number;
      readonly port: number;
      readonly source?: number;
    }
  | { readonly kind: "broadcast"; readonly interfaceIndex: number; readonly port: number }
  | {
      /** As a raw frame to `hardware`: the client cannot answer ARP yet. */
      readonly kind: "link";
      readonly interfaceIndex: number;
      readonly address: number;
      readonly port: number;
      readonly hardware: Uint8Array;
    };

/** `inform`: the ACK of an INFORM. `bootp-static`: to a BOOTP client with a fixed address. */
export type LeaseReplyKind = "offer" | "ack" | "inform" | "bootp" | "bootp-static";

/** Why a packet was not answered: a closed set, in the order of the counters. */
export const dropReasons = [
  "not-a-request",
  "no-client-identity",
  "bootp",
  "lease-query-denied",
  "unsupported-message-type",
  "unknown-network-segment",
  "unknown-subnet",
  "unknown-client",
  "booting-denied",
  "too-few-seconds",
  "not-permitted",
  "no-free-lease",
  "no-available-billing",
  "fixed-address-in-use",
  "unknown-lease",
  "not-authoritative",
  "not-on-this-network",
  "ping-in-progress",
  "ping-queue-full",
  "ping-settled",
  "release-unknown",
  "decline-unknown",
  "decline-denied",
] as const;

export type DropReason = (typeof dropReasons)[number];

/** For every outcome that changes no lease. */
export const noChanges: readonly number[] = [];

/**
 * What should happen for one packet. `changes` are leases by their index in the table. Their present
 * records are appended to the lease store in this order, before another packet is decided and before
 * anything that depends on them is sent.
 */
export type Outcome =
  | {
      readonly kind: "reply";
      readonly reply: OutgoingPacket;
      readonly limits: EncodeLimits;
      readonly destination: Destination;
      readonly changes: readonly number[];
      /** An ACK that promises a lease: it leaves only after the commit that holds `changes`. */
      readonly durable: boolean;
      /** Index of the acknowledged lease in the table, or -1: for `markDurable` after the commit. */
      readonly leaseIndex: number;
      /** Undefined, here and below, when nobody reads it. */
      readonly log: PacketLog | undefined;
    }
  | {
      readonly kind: "changed";
      readonly changes: readonly number[];
      readonly log: PacketLog | undefined;
    }
  | {
      /** The OFFER waits: probe `address`, then call `pingAnswered` or `pingTimedOut`. */
      readonly kind: "ping";
      readonly ticket: number;
      readonly address: number;
      readonly timeoutMs: number;
      /** Leases that the offer itself changed (one that was taken back), usually none. */
      readonly changes: readonly number[];
      readonly log: PacketLog | undefined;
    }
  | {
      readonly kind: "drop";
      readonly reason: DropReason;
      /** Leases that changed although nothing is answered (one that was taken back), usually none. */
      readonly changes: readonly number[];
      readonly log?: PacketLog | undefined;
    };

export type Reply = Extract<Outcome, { kind: "reply" }>;
