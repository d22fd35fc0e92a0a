import { isDeepStrictEqual } from "node:util";
import { parseTransferOptions } from "../../../protocol/tftp/options.ts";
import {
  BLOCK_BYTES_MAX,
  decodeTftp,
  ERROR_MESSAGE_BYTES_MAX,
  encodeReadRequest,
  encodeWriteRequest,
  OPTIONS_MAX,
  REQUEST_BYTES_MAX,
  type TftpOption,
  type TftpPacket,
  type TftpRequest,
} from "../../../protocol/tftp/packet.ts";
import { pathBelowRoot } from "../../../server/tftp/file-name.ts";
import { checkNumber } from "../campaign/checks.ts";

/**
 * Reads a decoded packet as a careless program would. Throws Error when a field is not what its type
 * says, when a request does not come out of its own encoding as it went in, or when a name, taken as
 * a path, leads out of the root.
 */
export function readTftp(packet: TftpPacket): void {
  switch (packet.kind) {
    case "read-request":
    case "write-request":
      readRequest(packet);
      return;
    case "data":
      checkNumber("the block", packet.block, 0xffff);
      checkNumber("the bytes of a block", packet.bytes.length, BLOCK_BYTES_MAX);
      return;
    case "ack":
      checkNumber("the block", packet.block, 0xffff);
      return;
    case "error":
      checkNumber("the error code", packet.code, 0xffff);
      checkNumber("the length of the message", packet.message.length, ERROR_MESSAGE_BYTES_MAX);
      return;
    case "option-ack":
      readOptions(packet.options);
  }
}

const control = /\p{Cc}/u;

function readRequest(request: TftpRequest): void {
  const { kind, filename, mode, options } = request;
  checkText("the file name", filename);
  if (!["octet", "netascii", "mail"].includes(mode)) throw new Error(`the mode is ${mode}`);
  readOptions(options);
  const path = pathBelowRoot(filename);
  if (path !== undefined && (path.startsWith("/") || path.split("/").includes(".."))) {
    throw new Error(`the file name ${JSON.stringify(filename)} leads out of the root`);
  }
  // What is changed to lower case may need more bytes.
  if (options.some(({ name }) => /[^ -~]/.test(name))) return;
  const target = new Uint8Array(REQUEST_BYTES_MAX + 1);
  const encode = kind === "read-request" ? encodeReadRequest : encodeWriteRequest;
  const again = decodeTftp(target.subarray(0, encode(target, 0, request)));
  if (!isDeepStrictEqual(again, request)) throw new Error("encoded again, it is another request");
}

function readOptions(options: readonly TftpOption[]): void {
  checkNumber("the number of options", options.length, OPTIONS_MAX);
  for (const { name, value } of options) {
    checkText("the name of an option", name);
    if (name !== name.toLowerCase()) throw new Error(`option ${name} is not in lower case`);
    if (value !== "") checkText("the value of an option", value);
  }
  const parsed = parseTransferOptions(options);
  if (parsed.kind === "refused") return;
  const { blksize = 512, windowsize = 1, timeout = 1, tsize = 0 } = parsed.options;
  checkNumber("blksize", blksize - 8, BLOCK_BYTES_MAX - 8);
  checkNumber("windowsize", windowsize - 1, 65_534);
  checkNumber("timeout", timeout - 1, 254);
  checkNumber("tsize", tsize, Number.MAX_SAFE_INTEGER);
}

function checkText(what: string, text: string): void {
  if (typeof text === "string" && text !== "" && !isControlled(text)) return;
  throw new Error(`${what} is ${JSON.stringify(text)}`);
}

/** Unicode's C1 control characters are allowed: on the wire they are more than one byte. */
function isControlled(text: string): boolean {
  return control.test(text.replace(/[\u0080-\u009f]/g, ""));
}
