import type { Reply } from "./reply.ts";

/**
 * What a device can be told to do. A *discover* is Discover-Offer-Request-Ack, a *renew*, *rebind*
 * or *reboot* is Request-Ack (RENEWING, REBINDING, INIT-REBOOT), a *release* is one message.
 */
export const exchangeKinds = ["discover", "renew", "rebind", "reboot", "release"] as const;
export type ExchangeKind = (typeof exchangeKinds)[number];

/**
 * What a stream of a scenario can have devices do. A *boot* is everything from power on to on line, a
 * *download* is the file of a device that is on line, once more.
 */
export const streamExchanges = [...exchangeKinds, "boot", "download"] as const;
export type StreamExchange = (typeof streamExchanges)[number];

/** Who began an exchange: the scenario's schedule, or the device because a timer of it ran out. */
export type ExchangeOrigin = "scenario" | "device";

/** Why an exchange ended without the acknowledgement it was begun for. */
export type FailureReason =
  /** No answer to any transmission. */
  | "timeout"
  /** The server said no. */
  | "nak"
  /** The lease ran out before anybody renewed it. */
  | "expired"
  /** The device was told to begin anew, or found its address in use. */
  | "abandoned";

/** Why a device stopped using its address. */
export type SurrenderReason = "released" | "declined" | "nak" | "expired" | "restarted";

/** What a correct server never does; each is one count, and one line of evidence. */
export type AnomalyKind =
  /** A NAK to a device whose lease was still running: an acknowledged lease was lost. */
  | "nak-unexpected"
  /** A renewal or rebinding answered with another address than the device had. */
  | "address-changed"
  /** An ACK for an address that was not the one offered and requested. */
  | "never-offered"
  /** An address outside the network of the device's CMTS. */
  | "address-outside-network"
  /** An OFFER or ACK without lease time, or an OFFER without server identifier. */
  | "option-missing"
  /** A relayed reply whose option 82 is not what the relay sent (RFC 3046 section 2.2). */
  | "relay-information-not-echoed";

export type StartResult = "started" | "busy" | "not-bound";

/** An exchange that ended with an ACK, a release that was sent, a device on line, a file fetched. */
export interface CompletedExchange {
  readonly device: number;
  readonly kind: StreamExchange;
  readonly origin: ExchangeOrigin;
  /** When the schedule wanted it to begin: latency counts from here. */
  readonly intendedAtMs: number;
  /** When its first packet left: service time counts from here. */
  readonly sentAtMs: number;
  readonly receivedAtMs: number;
}

export interface FailedExchange {
  readonly device: number;
  readonly kind: StreamExchange;
  readonly origin: ExchangeOrigin;
  readonly reason: FailureReason;
  readonly intendedAtMs: number;
  readonly failedAtMs: number;
}

export interface Acknowledgement {
  readonly device: number;
  readonly address: number;
  readonly leaseSeconds: number;
  /** The lease counts from here: when the first copy of the acknowledged REQUEST was sent. */
  readonly leaseStartMs: number;
  readonly receivedAtMs: number;
  /** The message itself; good while the call runs. */
  readonly packet: Reply;
}

/**
 * What a fleet wants done and tells. The packet is built in the buffer that the sink lends, then one
 * `send` follows: on a socket that is one copy of a packet less for every message.
 */
export interface FleetSink {
  /** Room for the next datagram from a relay (PACKET_BYTES_MAX or more), sent by `sendFromRelay`. */
  relayBuffer(): Uint8Array;
  /** Send the first `length` bytes of the relay buffer from that CMTS's own address. */
  sendFromRelay(cmts: number, length: number, destination: number, port: number): void;
  /** As `sendFromRelay`, from a port that is not the relays'. Needed where a relay's port is wrong. */
  sendFromWrongPort?(cmts: number, length: number, destination: number, port: number): void;
  /** Room for the next datagram of a device that has an address, sent by `sendFromDevice`. */
  deviceBuffer(): Uint8Array;
  /** Send the first `length` bytes of the device buffer from the device's own address. */
  sendFromDevice(source: number, length: number, destination: number, port: number): void;

  completed(exchange: CompletedExchange): void;
  failed(exchange: FailedExchange): void;
  /** One more copy of a message that found no answer, in an exchange that was wanted at `intendedAtMs`. */
  retransmitted(device: number, kind: ExchangeKind, intendedAtMs: number): void;
  /** A device asks everybody, because nobody answered it up to T2. Needed where servers go and come. */
  reachedT2?(device: number, atMs: number): void;
  /** A NAK was received, expected or not. */
  refused(device: number, kind: ExchangeKind): void;
  acknowledged(acknowledgement: Acknowledgement): void;
  /** An ACK to a REQUEST that was answered before. Needed where two servers must not both answer. */
  acknowledgedAgain?(packet: Reply, requestSentAtMs: number, receivedAtMs: number): void;
  /** A lease of the other device that has the same MAC as `device`. Needed where a MAC exists twice. */
  acknowledgedToTwin?(acknowledgement: Acknowledgement): void;
  surrendered(device: number, address: number, reason: SurrenderReason, atMs: number): void;
  anomaly(kind: AnomalyKind, device: number, address: number, atMs: number): void;
}

/** No message of a device is longer, with the relay's option: it fits an Ethernet frame. */
export const PACKET_BYTES_MAX = 1472;
