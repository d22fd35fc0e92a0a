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

/** What a server may send. */
export type TftpReply = TftpData | TftpError | TftpOptionAck;

export interface TftpReplyCheckOptions {
  /** Contents of the files that are served. */
  readonly files: Iterable<Uint8Array>;
  /** Bytes that only files outside the root hold. */
  readonly canary: Uint8Array;
  /** How many clients are remembered, the latest ones. */
  readonly clientsMax: number;
}

const NONE = -1;
/** What a client's one request may be answered by. */
const Claim = { nothing: 0, aRead: 1 } as const;

/**
 * Reads a server's datagrams strictly, each in the light of what its client asked for. Clients have
 * numbers, in the order of their first requests, and each sends one request, if it is over and over.
 */
export class TftpReplyCheck {
  readonly #files: readonly Uint8Array[];
  readonly #canary: Uint8Array;
  readonly #clients: Float64Array;
  readonly #claims: Uint8Array;
  readonly #blksize: Int32Array;
  readonly #windowsize: Int32Array;
  readonly #timeout: Int16Array;
  readonly #asksForSize: Uint8Array;
  /** What the server said that blocks have; NONE before that. */
  readonly #agreedBlksize: Int32Array;

  constructor({ files, canary, clientsMax }: TftpReplyCheckOptions) {
    this.#files = [...files];
    this.#canary = canary;
    this.#clients = new Float64Array(clientsMax).fill(NONE);
    this.#claims = new Uint8Array(clientsMax);
    this.#blksize = new Int32Array(clientsMax);
    this.#windowsize = new Int32Array(clientsMax);
    this.#timeout = new Int16Array(clientsMax);
    this.#asksForSize = new Uint8Array(clientsMax);
    this.#agreedBlksize = new Int32Array(clientsMax);
  }

  /** A client's first packet to the port of requests, whatever it is. */
  sent(client: number, bytes: Uint8Array): void {
    const at = client % this.#clients.length;
    this.#clients[at] = client;
    this.#agreedBlksize[at] = NONE;
    const asked = readOptionsOf(bytes);
    this.#claims[at] = asked === undefined ? Claim.nothing : Claim.aRead;
    this.#blksize[at] = asked?.blksize ?? NONE;
    this.#windowsize[at] = asked?.windowsize ?? NONE;
    this.#timeout[at] = asked?.timeout ?? NONE;
    this.#asksForSize[at] = asked?.tsize === undefined ? 0 : 1;
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
    const at = client % this.#clients.length;
    const isRemembered = this.#clients[at] === client;
    if (isRemembered && this.#claims[at] === Claim.nothing) {
      return `${packet.kind} to a client that sent no valid read request`;
    }
    if (packet.kind === "data") {
      const { bytes, block } = packet;
      const agreed = this.#agreedBlksize[at]!;
      const blockBytes = agreed === NONE ? BLOCK_BYTES_DEFAULT : agreed;
      if (!isRemembered) return undefined;
      if (bytes.length > blockBytes) return `${bytes.length} bytes, agreed are ${blockBytes}`;
      return this.#isServed(bytes, block, blockBytes)
        ? undefined
        : `block ${block} of ${blockBytes} bytes is in no file of the root`;
    }
    return isRemembered ? this.#problemOfAnswer(packet, at, length) : undefined;
  }

  #problemOfAnswer({ options }: TftpOptionAck, at: number, length: number): string | undefined {
    if (length > REQUEST_BYTES_MAX) return `an OACK of ${length} bytes`;
    const parsed = parseTransferOptions(options);
    if (parsed.kind === "refused") return `the OACK's ${parsed.option.name} is ${parsed.reason}`;
    const answered = parsed.options;
    if (Object.keys(answered).length !== options.length) {
      return "the OACK has options that are none of ours";
    }
    const fault = optionAckFault(this.#askedFor(at), answered);
    if (fault !== undefined) return fault;
    const { tsize } = answered;
    if (tsize !== undefined && !this.#files.some((file) => file.length === tsize)) {
      return `no file of the root has ${tsize} bytes`;
    }
    this.#agreedBlksize[at] = answered.blksize ?? BLOCK_BYTES_DEFAULT;
    return undefined;
  }

  #askedFor(at: number): TransferOptions {
    const blksize = this.#blksize[at]!;
    const windowsize = this.#windowsize[at]!;
    const timeout = this.#timeout[at]!;
    return {
      ...(blksize === NONE ? {} : { blksize }),
      ...(windowsize === NONE ? {} : { windowsize }),
      ...(timeout === NONE ? {} : { timeout }),
      ...(this.#asksForSize[at] === 0 ? {} : { tsize: 0 }),
    };
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
