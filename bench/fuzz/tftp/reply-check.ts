import {
  optionAckFault,
  parseReadOptions,
  parseTransferOptions,
  type TransferOptions,
} from "../../../protocol/tftp/options.ts";
import {
  BLOCK_BYTES_DEFAULT,
  decodeTftp,
  REQUEST_BYTES_MAX,
  type TftpData,
  type TftpError,
  type TftpOptionAck,
  type TftpPacket,
  tftpErrorCodes,
} from "../../../protocol/tftp/packet.ts";
import { type CheckedReply, checkedReply } from "../campaign/checks.ts";
import type { TftpRoot } from "./served-root.ts";

/** What a server may send. */
export type TftpReply = TftpData | TftpError | TftpOptionAck;

/** A client with its one request. */
interface AskingClient {
  readonly client: number;
  /** Undefined when the server must not grant it. */
  readonly asked: TransferOptions | undefined;
  /** The block size that the server agreed to; RFC 1350's before that. */
  blockBytes: number;
}

/**
 * Reads a server's datagrams strictly, each by what its client asked for. Clients have numbers, in the order
 * of their first requests, and each sends one request, maybe more than once.
 */
export class TftpReplyCheck {
  readonly #files: readonly Uint8Array[];
  readonly #canary: Uint8Array;
  readonly #clients: AskingClient[] = [];
  readonly #clientsMax: number;

  /** Remembers the latest `clientsMax` clients. */
  constructor({ files, canary }: Pick<TftpRoot, "files" | "canary">, clientsMax: number) {
    this.#files = [...files.values()];
    this.#canary = canary;
    this.#clientsMax = clientsMax;
  }

  /** A client's first packet to the port of requests, valid or not. */
  sent(client: number, bytes: Uint8Array): void {
    const asked = readOptionsOf(bytes);
    const asking = { client, asked, blockBytes: BLOCK_BYTES_DEFAULT };
    this.#clients[client % this.#clientsMax] = asking;
  }

  /** A datagram to `client`; undefined for one that never asked for anything. */
  check(client: number | undefined, bytes: Uint8Array): CheckedReply<TftpReply> {
    // First, because it matters most and whether the packet decodes or not.
    if (bufferOver(bytes).includes(bufferOver(this.#canary))) {
      return { kind: "bad", problem: "it holds bytes from outside the root" };
    }
    return checkedReply(() => {
      const packet = decodeTftp(bytes);
      if (!isReply(packet)) {
        return { kind: "bad", problem: `a server of files to be read sends no ${packet.kind}` };
      }
      const problem =
        packet.kind === "error"
          ? problemOfError(packet, bytes.length)
          : this.#problemOf(packet, client, bytes.length);
      return problem === undefined ? { kind: "good", packet } : { kind: "bad", problem };
    });
  }

  #problemOf(
    packet: Exclude<TftpReply, TftpError>,
    client: number | undefined,
    length: number,
  ): string | undefined {
    if (client === undefined) return `${packet.kind} to a client that never asked`;
    const asking = this.#clients[client % this.#clientsMax];
    // Older clients are forgotten.
    if (asking?.client !== client) return undefined;
    if (asking.asked === undefined) {
      return `${packet.kind} to a client that sent no valid read request`;
    }
    if (packet.kind === "option-ack") return this.#problemOfAnswer(packet, asking, length);
    const { bytes, block } = packet;
    const { blockBytes } = asking;
    if (bytes.length > blockBytes) return `${bytes.length} bytes, agreed are ${blockBytes}`;
    return this.#isServed(bytes, block, blockBytes)
      ? undefined
      : `block ${block} of ${blockBytes} bytes is in no file of the root`;
  }

  #problemOfAnswer(
    { options }: TftpOptionAck,
    asking: AskingClient,
    length: number,
  ): string | undefined {
    if (length > REQUEST_BYTES_MAX) return `an OACK of ${length} bytes`;
    const parsed = parseTransferOptions(options);
    if (parsed.kind === "refused") return `the OACK's ${parsed.option.name} is ${parsed.reason}`;
    const answered = parsed.options;
    if (Object.keys(answered).length !== options.length) {
      return "the OACK has options that are none of ours";
    }
    const fault = optionAckFault(askedFor(asking), answered);
    if (fault !== undefined) return fault;
    const { tsize } = answered;
    if (tsize !== undefined && !this.#files.some((file) => file.length === tsize)) {
      return `no file of the root has ${tsize} bytes`;
    }
    asking.blockBytes = answered.blksize ?? BLOCK_BYTES_DEFAULT;
    return undefined;
  }

  /** Whether these are the bytes of a file at the place of the block, and all that there are. */
  #isServed(bytes: Uint8Array, block: number, blockBytes: number): boolean {
    return this.#files.some((file) => {
      // Files are long, block numbers short: the same number comes again.
      for (let index = block === 0 ? 0xffff : block - 1; ; index += 0x1_0000) {
        const start = index * blockBytes;
        if (start > file.length) return false;
        const expected = file.subarray(start, start + blockBytes);
        if (expected.length === bytes.length && Buffer.compare(expected, bytes) === 0) return true;
      }
    });
  }
}

/** The size that a client asks for is 0: it wants to be told. */
function askedFor({ asked }: AskingClient): TransferOptions {
  return asked?.tsize === undefined ? { ...asked } : { ...asked, tsize: 0 };
}

function isReply(packet: TftpPacket): packet is TftpReply {
  return packet.kind === "data" || packet.kind === "error" || packet.kind === "option-ack";
}

function bufferOver({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, length);
}

/** The options of a read request that a server may grant; undefined when it must not grant it. */
function readOptionsOf(bytes: Uint8Array): TransferOptions | undefined {
  const read = checkedReply(() => ({ kind: "good", packet: decodeTftp(bytes) }));
  if (read.kind === "bad") return undefined;
  const { packet } = read;
  if (packet.kind !== "read-request" || packet.mode === "mail") return undefined;
  const parsed = parseReadOptions(packet.options);
  return parsed.kind === "ok" ? parsed.options : undefined;
}

function problemOfError({ code, message }: TftpError, length: number): string | undefined {
  if (length > REQUEST_BYTES_MAX) return `an ERROR of ${length} bytes`;
  if (code > tftpErrorCodes.optionRefused) return `the error code is ${code}`;
  return message === "" ? "an ERROR without a message" : undefined;
}
