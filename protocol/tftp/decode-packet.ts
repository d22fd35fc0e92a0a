import { DecodeError } from "../decode-error.ts";
import {
  BLOCK_BYTES_MAX,
  DATA_HEADER_BYTES,
  ERROR_MESSAGE_BYTES_MAX,
  OPTIONS_MAX,
  REQUEST_BYTES_MAX,
  type TftpData,
  type TftpError,
  TftpOpcode,
  type TftpOption,
  type TftpPacket,
  type TftpRequest,
} from "./packet-format.ts";
import { endOfText, readAnyText, readText } from "./text.ts";

/**
 * Decodes one datagram. Old clients send whole buffers, so bytes after an ACK, after the NUL of an ERROR,
 * and NULs after the options are ignored; an ERROR may lack its last NUL. Throws DecodeError "truncated",
 * "too-long", "bad-operation" (opcode), "missing-end" (a file name or mode without its NUL),
 * "truncated-option", "too-many-options" or "bad-option-value" (file name, mode or option that is empty,
 * unknown, not UTF-8 or has control characters).
 */
export function decodeTftp(bytes: Uint8Array): TftpPacket {
  if (bytes.length < 2) throw new DecodeError("truncated", bytes.length);
  switch ((bytes[0] << 8) | bytes[1]) {
    case TftpOpcode.readRequest:
      return decodeRequest("read-request", bytes);
    case TftpOpcode.writeRequest:
      return decodeRequest("write-request", bytes);
    case TftpOpcode.data:
      return decodeData(bytes);
    case TftpOpcode.ack:
      return { kind: "ack", block: readUInt16(bytes, 2) };
    case TftpOpcode.error:
      return decodeError(bytes);
    case TftpOpcode.optionAck:
      if (bytes.length > REQUEST_BYTES_MAX) throw new DecodeError("too-long", REQUEST_BYTES_MAX);
      return { kind: "option-ack", options: decodeOptions(bytes, 2) };
    default:
      throw new DecodeError("bad-operation", 0);
  }
}

function decodeRequest(kind: TftpRequest["kind"], bytes: Uint8Array): TftpRequest {
  if (bytes.length > REQUEST_BYTES_MAX) throw new DecodeError("too-long", REQUEST_BYTES_MAX);
  const filenameEnd = endOfText(bytes, 2);
  if (filenameEnd < 0) throw new DecodeError("missing-end", 2);
  if (filenameEnd === 2) throw new DecodeError("bad-option-value", 2);
  const filename = readText(bytes, 2, filenameEnd);
  const modeEnd = endOfText(bytes, filenameEnd + 1);
  if (modeEnd < 0) throw new DecodeError("missing-end", filenameEnd + 1);
  const mode = readText(bytes, filenameEnd + 1, modeEnd).toLowerCase();
  if (mode !== "octet" && mode !== "netascii" && mode !== "mail") {
    throw new DecodeError("bad-option-value", filenameEnd + 1);
  }
  return { kind, filename, mode, options: decodeOptions(bytes, modeEnd + 1) };
}

function decodeOptions(bytes: Uint8Array, start: number): TftpOption[] {
  const options: TftpOption[] = [];
  let at = start;
  while (at < bytes.length) {
    const nameEnd = endOfText(bytes, at);
    if (nameEnd < 0) throw new DecodeError("truncated-option", at);
    if (nameEnd === at) {
      if (bytes.subarray(at).some((byte) => byte !== 0)) {
        throw new DecodeError("bad-option-value", at);
      }
      break;
    }
    const valueEnd = endOfText(bytes, nameEnd + 1);
    if (valueEnd < 0) throw new DecodeError("truncated-option", at);
    if (options.length === OPTIONS_MAX) throw new DecodeError("too-many-options", at);
    options.push({
      name: readText(bytes, at, nameEnd).toLowerCase(),
      value: readText(bytes, nameEnd + 1, valueEnd),
    });
    at = valueEnd + 1;
  }
  return options;
}

function decodeData(bytes: Uint8Array): TftpData {
  const block = readUInt16(bytes, 2);
  if (bytes.length > DATA_HEADER_BYTES + BLOCK_BYTES_MAX) {
    throw new DecodeError("too-long", DATA_HEADER_BYTES + BLOCK_BYTES_MAX);
  }
  return { kind: "data", block, bytes: bytes.subarray(DATA_HEADER_BYTES) };
}

function decodeError(bytes: Uint8Array): TftpError {
  const code = readUInt16(bytes, 2);
  const nul = endOfText(bytes, 4);
  const end = Math.min(nul < 0 ? bytes.length : nul, 4 + ERROR_MESSAGE_BYTES_MAX);
  return { kind: "error", code, message: readAnyText(bytes, 4, end) };
}

function readUInt16(bytes: Uint8Array, offset: number): number {
  if (offset + 2 > bytes.length) throw new DecodeError("truncated", bytes.length);
  return (bytes[offset] << 8) | bytes[offset + 1];
}
