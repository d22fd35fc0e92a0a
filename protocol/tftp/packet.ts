/** TFTP packets: RFC 1350, with the options of RFC 2347. */

export { decodeTftp } from "./decode-packet.ts";
export {
  encodeAck,
  encodeData,
  encodeDataHeader,
  encodeError,
  encodeOptionAck,
  encodeReadRequest,
  encodeWriteRequest,
} from "./encode-packet.ts";
export * from "./packet-format.ts";
