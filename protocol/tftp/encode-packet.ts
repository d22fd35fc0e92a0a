import { EncodeError } from "../encode-error.ts";
import {
  BLOCK_BYTES_MAX,
  DATA_HEADER_BYTES,
  ERROR_MESSAGE_BYTES_MAX,
  REQUEST_BYTES_MAX,
  TftpOpcode,
  type TftpOption,
  type TransferRequest,
} from "./packet-format.ts";
import { writeText, writeTextCutOff } from "./text.ts";

/**
 * Writes an RRQ at `start`; returns its end. Throws EncodeError when it exceeds 512 bytes or the room.
 */
export function encodeReadRequest(
  target: Uint8Array,
  start: number,
  request: TransferRequest,
): number {
  return encodeRequest(target, start, TftpOpcode.readRequest, request);
}

/** Writes a WRQ at `start`, as encodeReadRequest does. */
export function encodeWriteRequest(
  target: Uint8Array,
  start: number,
  request: TransferRequest,
): number {
  return encodeRequest(target, start, TftpOpcode.writeRequest, request);
}

function encodeRequest(
  target: Uint8Array,
  start: number,
  opcode: number,
  { filename, mode, options }: TransferRequest,
): number {
  if (filename === "") throw new EncodeError("a TFTP request needs a file name");
  let end = writeUInt16(target, start, opcode);
  end = writeText(target, end, filename);
  end = writeText(target, end, mode);
  return writeOptions(target, start, end, options ?? []);
}

/** Writes an OACK at `start`; returns its end. Throws EncodeError as encodeReadRequest does. */
export function encodeOptionAck(
  target: Uint8Array,
  start: number,
  options: readonly TftpOption[],
): number {
  return writeOptions(target, start, writeUInt16(target, start, TftpOpcode.optionAck), options);
}

/** Writes DATA at `start`; returns its end. `block` is taken modulo 65,536. Throws EncodeError. */
export function encodeData(
  target: Uint8Array,
  start: number,
  block: number,
  bytes: Uint8Array,
): number {
  const end = start + DATA_HEADER_BYTES + bytes.length;
  if (bytes.length > BLOCK_BYTES_MAX) {
    throw new EncodeError(`a block of ${bytes.length} bytes, the most is ${BLOCK_BYTES_MAX}`);
  }
  if (end > target.length) throw new EncodeError(`no room for a block of ${bytes.length} bytes`);
  target.set(bytes, encodeDataHeader(target, start, block));
  return end;
}

/** Writes the first four bytes of DATA, for a caller that reads a file straight into `target`. */
export function encodeDataHeader(target: Uint8Array, start: number, block: number): number {
  return writeUInt16(target, writeUInt16(target, start, TftpOpcode.data), block);
}

/** Writes an ACK at `start`; returns its end. `block` is taken modulo 65,536. Throws EncodeError. */
export function encodeAck(target: Uint8Array, start: number, block: number): number {
  return writeUInt16(target, writeUInt16(target, start, TftpOpcode.ack), block);
}

/**
 * Writes an ERROR at `start`; returns its end. The message is for people: it is cut off between two
 * characters at 508 bytes or at the target's end, and at the first NUL.
 */
export function encodeError(
  target: Uint8Array,
  start: number,
  code: number,
  message: string,
): number {
  const textStart = writeUInt16(target, writeUInt16(target, start, TftpOpcode.error), code);
  if (textStart >= target.length) throw new EncodeError("no room for a TFTP packet");
  return writeTextCutOff(target, textStart, message, ERROR_MESSAGE_BYTES_MAX);
}

function writeOptions(
  target: Uint8Array,
  start: number,
  optionsStart: number,
  options: readonly TftpOption[],
): number {
  let end = optionsStart;
  for (const { name, value } of options) {
    if (name === "") throw new EncodeError("a TFTP option needs a name");
    end = writeText(target, end, name);
    end = writeText(target, end, value);
  }
  if (end - start > REQUEST_BYTES_MAX) {
    throw new EncodeError(`a request of ${end - start} bytes, the most is ${REQUEST_BYTES_MAX}`);
  }
  return end;
}

function writeUInt16(target: Uint8Array, start: number, value: number): number {
  if (start + 2 > target.length) throw new EncodeError("no room for a TFTP packet");
  target[start] = value >>> 8;
  target[start + 1] = value;
  return start + 2;
}
