import type { MessageType } from "../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import {
  BootOperation,
  type DhcpPacket,
  decodePacket,
  encodePacket,
  type OutgoingOption,
} from "../../protocol/dhcp/packet.ts";
import { writeIpv4 } from "../../protocol/ipv4.ts";
import { PACKET_BYTES_MAX } from "../relay/cmts.ts";
import type {
  Acknowledgement,
  AnomalyKind,
  CompletedExchange,
  DhcpExchange,
  FailedExchange,
  FleetSink,
  SurrenderReason,
} from "./exchange.ts";

/** A packet that a fleet sent: `cmts` for one from a relay, `source` for a device's own. */
export interface SentPacket {
  readonly packet: DhcpPacket;
  readonly cmts?: number;
  readonly source?: number;
  readonly isFromWrongPort?: true;
  readonly destination: number;
  readonly port: number;
}

/** A sink for tests that keeps everything it is told. */
export class RecordingSink implements FleetSink {
  sent: SentPacket[] = [];
  readonly completions: CompletedExchange[] = [];
  readonly failures: FailedExchange[] = [];
  readonly acknowledgements: Omit<Acknowledgement, "packet">[] = [];
  readonly twinAcknowledgements: Omit<Acknowledgement, "packet">[] = [];
  readonly surrenders: { device: number; address: number; reason: SurrenderReason }[] = [];
  readonly anomalies: { kind: AnomalyKind; device: number; address: number }[] = [];
  retransmissions = 0;
  refusals = 0;
  // Filled with rubbish: whatever is sent must have been written.
  readonly #relayBuffer = new Uint8Array(PACKET_BYTES_MAX).fill(0xaa);
  readonly #deviceBuffer = new Uint8Array(PACKET_BYTES_MAX).fill(0xaa);

  /** The packets sent since the last call. */
  take(): SentPacket[] {
    const sent = this.sent;
    this.sent = [];
    return sent;
  }

  relayBuffer(): Uint8Array {
    return this.#relayBuffer;
  }

  sendFromRelay(cmts: number, length: number, destination: number, port: number): void {
    const packet = decodePacket(this.#relayBuffer.slice(0, length));
    this.sent.push({ packet, cmts, destination, port });
  }

  sendFromWrongPort(cmts: number, length: number, destination: number, port: number): void {
    const packet = decodePacket(this.#relayBuffer.slice(0, length));
    this.sent.push({ packet, cmts, destination, port, isFromWrongPort: true });
  }

  deviceBuffer(): Uint8Array {
    return this.#deviceBuffer;
  }

  sendFromDevice(source: number, length: number, destination: number, port: number): void {
    const packet = decodePacket(this.#deviceBuffer.slice(0, length));
    this.sent.push({ packet, source, destination, port });
  }

  completed(exchange: CompletedExchange): void {
    this.completions.push(exchange);
  }

  failed(exchange: FailedExchange): void {
    this.failures.push(exchange);
  }

  retransmitted(_device: number, _kind: DhcpExchange): void {
    this.retransmissions += 1;
  }

  refused(_device: number, _kind: DhcpExchange): void {
    this.refusals += 1;
  }

  acknowledged({ packet: _packet, ...acknowledgement }: Acknowledgement): void {
    this.acknowledgements.push(acknowledgement);
  }

  acknowledgedToTwin({ packet: _packet, ...acknowledgement }: Acknowledgement): void {
    this.twinAcknowledgements.push(acknowledgement);
  }

  surrendered(device: number, address: number, reason: SurrenderReason): void {
    this.surrenders.push({ device, address, reason });
  }

  anomaly(kind: AnomalyKind, device: number, address: number): void {
    this.anomalies.push({ kind, device, address });
  }
}

export interface ReplyFields {
  readonly type: (typeof MessageType)["offer" | "ack" | "nak"];
  readonly yiaddr?: number;
  readonly server?: number;
  readonly leaseSeconds?: number;
  readonly renewalSeconds?: number;
  readonly rebindingSeconds?: number;
  /** Leave option 82 out although the request had it. */
  readonly withoutRelayInformation?: boolean;
}

/** What a server would answer to a request, decoded; giaddr, xid, chaddr and option 82 are copied. */
export function replyTo(request: DhcpPacket, fields: ReplyFields): DhcpPacket {
  const options: OutgoingOption[] = [
    { code: OptionCode.messageType, value: Uint8Array.of(fields.type) },
  ];
  const numbers: readonly (readonly [number, number | undefined])[] = [
    [OptionCode.serverIdentifier, fields.server],
    [OptionCode.leaseTime, fields.leaseSeconds],
    [OptionCode.renewalTime, fields.renewalSeconds],
    [OptionCode.rebindingTime, fields.rebindingSeconds],
  ];
  for (const [code, value] of numbers) {
    if (value !== undefined) options.push({ code, value: fourBytes(value) });
  }
  const information = request.options.get(OptionCode.relayAgentInformation);
  if (information !== undefined && fields.withoutRelayInformation !== true) {
    options.push({ code: OptionCode.relayAgentInformation, value: information });
  }
  const bytes = new Uint8Array(600);
  const end = encodePacket(
    {
      op: BootOperation.reply,
      htype: 1,
      hops: 0,
      xid: request.xid,
      secs: 0,
      flags: 0,
      ciaddr: 0,
      yiaddr: fields.yiaddr ?? 0,
      siaddr: 0,
      giaddr: request.giaddr,
      chaddr: request.chaddr,
      sname: new Uint8Array(0),
      file: new Uint8Array(0),
      options,
    },
    bytes,
    0,
  );
  return decodePacket(bytes.subarray(0, end));
}

function fourBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  writeIpv4(bytes, 0, value);
  return bytes;
}
