import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import type { EncodeLimits } from "../../../protocol/dhcp/packet.ts";
import type { Exchange } from "../exchange/exchange.ts";

/** What every client must be able to receive (RFC 2131, section 2), and Ethernet's maximum. */
const DATAGRAM_BYTES_MIN = 576;
const DATAGRAM_BYTES_MAX = 1500;
/** IP and UDP headers, and the fixed part of the message before the cookie. */
const FIXED_BYTES = 236;
const OVERHEAD_BYTES = 28 + FIXED_BYTES;
/** BOOTP relays drop shorter messages (RFC 1542, section 2.1). */
const PACKET_BYTES_MIN = 300;

export const usualLimits: EncodeLimits = {
  optionBytesMax: DATAGRAM_BYTES_MIN - OVERHEAD_BYTES,
  packetBytesMin: PACKET_BYTES_MIN,
  overload: true,
};

/** Cookie and options of a BOOTP message (RFC 1048); a client that sends more can receive more. */
const BOOTP_OPTION_BYTES_MIN = 64;

/** As long as the client's message; as in dhcpd, only a lease lets options use file and sname as well. */
export function bootpLimits({ packet }: Exchange, hasLease: boolean): EncodeLimits {
  const receivedBytes = (packet.bytes?.length ?? 0) - FIXED_BYTES;
  return {
    optionBytesMax: Math.max(BOOTP_OPTION_BYTES_MIN, receivedBytes),
    packetBytesMin: PACKET_BYTES_MIN,
    overload: hasLease,
  };
}

/** For the ACK of an INFORM: dhcpd does not put options into its file and sname fields. */
export const informLimits: EncodeLimits = { ...usualLimits, overload: false };

/**
 * Option 57 of the client limits the reply, or a configured one where the client sent none. Option 82
 * comes on top of that. `usual` applies without either.
 */
export function limitsOf(
  exchange: Exchange,
  configured: number | undefined,
  usual: EncodeLimits,
): EncodeLimits {
  const { options } = exchange.packet;
  const asked = options.getUInt16(OptionCode.maxMessageSize) ?? configured;
  if (asked === undefined) return usual;
  const datagram = Math.min(Math.max(asked, DATAGRAM_BYTES_MIN), DATAGRAM_BYTES_MAX);
  const echoed = exchange.receivedRelayAgent?.length ?? 0;
  const echoedBytes = echoed === 0 ? 0 : echoed + 2 * Math.ceil(echoed / 255);
  const optionBytesMax =
    Math.min(datagram + echoedBytes, DATAGRAM_BYTES_MAX) - echoedBytes - OVERHEAD_BYTES;
  if (optionBytesMax === usual.optionBytesMax) return usual;
  const { packetBytesMin, overload } = usual;
  return { optionBytesMax, packetBytesMin, overload };
}
