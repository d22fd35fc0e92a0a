import type { DhcpExchange, StreamExchange } from "../../scenarios/language/phase-plan.ts";
import type { RelaySink } from "../relay/cmts.ts";
import type { Reply } from "./reply.ts";

export type { DhcpExchange, StreamExchange } from "../../scenarios/language/phase-plan.ts";

/** What began an exchange: the scenario's schedule, or a timer of the device. */
export type ExchangeOrigin = "scenario" | "device";

/** Why an exchange ended without an acknowledgement. */
export type FailureReason =
  /** No answer to any transmission. */
  | "timeout"
  /** The server said no. */
  | "nak"
  /** The lease ran out before a server renewed it. */
  | "expired"
  /** The device was told to start over, or found its address in use. */
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

export interface FailedExchange extends Omit<CompletedExchange, "sentAtMs" | "receivedAtMs"> {
  readonly reason: FailureReason;
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

/** Takes a fleet's packets for the wire and its news for the phase. */
export interface FleetSink extends RelaySink {
  /** Room for the next datagram of a device that has an address, sent by `sendFromDevice`. */
  deviceBuffer(): Uint8Array;
  /** Send the first `length` bytes of the device buffer from the device's own address. */
  sendFromDevice(source: number, length: number, destination: number, port: number): void;

  completed(exchange: CompletedExchange): void;
  failed(exchange: FailedExchange): void;
  /** One more copy of an unanswered message, in an exchange intended for `intendedAtMs`. */
  retransmitted(device: number, kind: DhcpExchange, intendedAtMs: number): void;
  /** A device got no answer up to T2 and now asks all servers. For runs in which servers fail. */
  reachedT2?(device: number, atMs: number): void;
  /** A NAK was received, expected or not. */
  refused(device: number, kind: DhcpExchange): void;
  acknowledged(acknowledgement: Acknowledgement): void;
  /** A second ACK to one REQUEST. For runs in which two servers must not both answer. */
  acknowledgedAgain?(packet: Reply, requestSentAtMs: number, receivedAtMs: number): void;
  /** A lease of the twin, the other device with the MAC of `device`. For runs with twins. */
  acknowledgedToTwin?(acknowledgement: Acknowledgement): void;
  surrendered(device: number, address: number, reason: SurrenderReason, atMs: number): void;
  anomaly(kind: AnomalyKind, device: number, address: number, atMs: number): void;
}
