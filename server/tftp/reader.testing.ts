import { NetasciiDecoder } from "../../protocol/tftp/netascii.testing.ts";
import { parseTransferOptions } from "../../protocol/tftp/options.ts";
import {
  decodeTftp,
  encodeAck,
  encodeReadRequest,
  type TftpOption,
  type TransferMode,
} from "../../protocol/tftp/packet.ts";

export interface ReaderOptions {
  readonly filename: string;
  readonly mode?: TransferMode;
  /** As they stand in the request: `[["blksize", "1428"]]`. */
  readonly options?: readonly (readonly [string, string])[];
  /** Acknowledges each copy of a block at once, even within a window. */
  readonly acknowledgesCopies?: boolean;
}

/** Reads one file as a client does (RFC 1350, 7440), without a socket: packets in, packets out. */
export class Reader {
  readonly pieces: Uint8Array[] = [];
  /** What the OACK said; undefined without one. */
  agreed: readonly TftpOption[] | undefined;
  failure: { readonly code: number; readonly message: string } | undefined;
  isDone = false;
  packetsReceived = 0;
  readonly #options: ReaderOptions;
  readonly #decoder: NetasciiDecoder | undefined;
  #blockBytes = 512;
  #windowBlocks = 1;
  #received = 0;
  #inWindow = 0;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#decoder = options.mode === "netascii" ? new NetasciiDecoder() : undefined;
  }

  request(): Uint8Array {
    const { filename, mode = "octet", options = [] } = this.#options;
    const list = options.map(([name, value]) => ({ name, value }));
    const target = new Uint8Array(600);
    return target.slice(0, encodeReadRequest(target, 0, { filename, mode, options: list }));
  }

  /** What to answer; undefined for nothing. */
  receive(bytes: Uint8Array): Uint8Array | undefined {
    this.packetsReceived += 1;
    const packet = decodeTftp(bytes);
    switch (packet.kind) {
      case "error":
        if (!this.isDone) this.failure ??= { code: packet.code, message: packet.message };
        return undefined;
      case "option-ack":
        return this.#received > 0 ? undefined : this.#agree(packet.options);
      case "data":
        return this.#onData(packet.block, packet.bytes);
      default:
        throw new Error(`a server sent ${packet.kind}`);
    }
  }

  /** Nothing came for a while: says again where we are. */
  onSilence(): Uint8Array {
    this.#inWindow = 0;
    return this.#received === 0 && this.agreed === undefined ? this.request() : this.#ack();
  }

  contents(): Uint8Array {
    const whole = Buffer.concat(this.pieces);
    if (this.#decoder === undefined) return new Uint8Array(whole);
    return new Uint8Array(Buffer.concat([this.#decoder.decode(whole), this.#decoder.end()]));
  }

  #agree(options: readonly TftpOption[]): Uint8Array {
    const parsed = parseTransferOptions(options);
    if (parsed.kind === "refused") throw new Error(`OACK with ${parsed.option.name}`);
    this.agreed = options;
    this.#blockBytes = parsed.options.blksize ?? 512;
    this.#windowBlocks = parsed.options.windowsize ?? 1;
    return this.#ack();
  }

  #onData(block: number, bytes: Uint8Array): Uint8Array | undefined {
    const expected = (this.#received + 1) & 0xffff;
    if (this.isDone || block !== expected) {
      const isAhead = !this.isDone && ((block - expected) & 0xffff) < 0x8000;
      const isWorthAnAck = isAhead || this.#inWindow === 0;
      if (!isWorthAnAck && this.#options.acknowledgesCopies !== true) return undefined;
      this.#inWindow = 0;
      return this.#ack();
    }
    this.pieces.push(bytes.slice());
    this.#received += 1;
    this.#inWindow += 1;
    this.isDone = bytes.length < this.#blockBytes;
    if (!this.isDone && this.#inWindow < this.#windowBlocks) return undefined;
    this.#inWindow = 0;
    return this.#ack();
  }

  #ack(): Uint8Array {
    const target = new Uint8Array(4);
    encodeAck(target, 0, this.#received & 0xffff);
    return target;
  }
}
