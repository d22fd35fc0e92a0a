import {
  acceptReadOptions,
  listTransferOptions,
  parseTransferOptions,
} from "../../protocol/tftp/options.ts";
import {
  decodeTftp,
  encodeAck,
  encodeData,
  encodeError,
  encodeOptionAck,
} from "../../protocol/tftp/packet.ts";
import type { VirtualNetwork } from "./network.testing.ts";

export interface TestTftpOptions {
  readonly address: number;
  readonly port: number;
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Whether options are answered at all, or refused with error 8. */
  readonly options?: "accepted" | "ignored" | "refused";
  readonly blksizeMax?: number;
  readonly windowsizeMax?: number;
  readonly blockAfterLast?: 0 | 1;
  readonly retryMs?: number;
  readonly retriesMax?: number;
  /** Sends no more than these blocks of any file. */
  readonly blocksMax?: number;
  /** `tsize` is announced wrong by this much. */
  readonly announcedMore?: number;
}

type Send = (bytes: Uint8Array, fromPort: number, toAddress: number, toPort: number) => void;

interface Session {
  readonly client: number;
  readonly clientPort: number;
  readonly file: Uint8Array;
  readonly blksize: number;
  readonly windowsize: number;
  readonly optionAck: Uint8Array | undefined;
  /** Blocks acknowledged; -1 while the option acknowledgement is not. */
  acknowledged: number;
  retries: number;
  generation: number;
}

/** A plain TFTP server for tests, written from the RFCs apart from the product's own. */
export class TestTftpServer {
  requests = 0;
  dataSent = 0;
  errorsReceived: number[] = [];
  completed = 0;
  readonly #network: VirtualNetwork;
  readonly #options: TestTftpOptions;
  readonly #send: Send;
  readonly #sessions = new Map<number, Session>();
  #nextPort = 20_000;

  constructor(network: VirtualNetwork, options: TestTftpOptions, send: Send) {
    this.#network = network;
    this.#options = options;
    this.#send = send;
  }

  receive(bytes: Uint8Array, toPort: number, client: number, clientPort: number): void {
    const packet = decodeTftp(bytes);
    if (packet.kind === "read-request" && toPort === this.#options.port) {
      this.#begin(packet.filename, packet.options, client, clientPort);
      return;
    }
    const session = this.#sessions.get(toPort);
    if (packet.kind === "error") {
      this.errorsReceived.push(packet.code);
      if (session?.client === client) this.#sessions.delete(toPort);
    } else if (packet.kind === "ack" && session?.client === client) {
      this.#acknowledge(session, toPort, packet.block);
    }
  }

  #begin(
    filename: string,
    asked: readonly { readonly name: string; readonly value: string }[],
    client: number,
    clientPort: number,
  ): void {
    this.requests += 1;
    const port = this.#nextPort;
    this.#nextPort = this.#nextPort === 60_000 ? 20_000 : this.#nextPort + 1;
    const file = this.#options.files.get(filename);
    const buffer = new Uint8Array(600);
    if (file === undefined || (this.#options.options === "refused" && asked.length > 0)) {
      const code = file === undefined ? 1 : 8;
      const end = encodeError(buffer, 0, code, "no");
      this.#send(buffer.slice(0, end), port, client, clientPort);
      return;
    }
    const parsed = parseTransferOptions(this.#options.options === "ignored" ? [] : asked);
    if (parsed.kind === "refused") throw new Error(`refused ${parsed.reason}`);
    const agreed = acceptReadOptions(parsed.options, {
      blksizeMax: this.#options.blksizeMax ?? 65_464,
      windowsizeMax: this.#options.windowsizeMax ?? 64,
      fileBytes: file.length + (this.#options.announcedMore ?? 0),
    });
    const list = listTransferOptions(agreed);
    const session: Session = {
      client,
      clientPort,
      file,
      blksize: agreed.blksize ?? 512,
      windowsize: agreed.windowsize ?? 1,
      optionAck: list.length > 0 ? buffer.slice(0, encodeOptionAck(buffer, 0, list)) : undefined,
      acknowledged: list.length > 0 ? -1 : 0,
      retries: 0,
      generation: 0,
    };
    this.#sessions.set(port, session);
    this.#transmit(session, port);
  }

  #blocksOf(session: Session): number {
    return Math.floor(session.file.length / session.blksize) + 1;
  }

  #wire(block: number): number {
    return this.#options.blockAfterLast === 1 && block > 0
      ? ((block - 1) % 0xffff) + 1
      : block % 0x1_0000;
  }

  #acknowledge(session: Session, port: number, block: number): void {
    // Only an acknowledgement that is new, or of a part of the window, moves anything.
    if (session.acknowledged < 0) {
      if (block !== 0) return;
      session.acknowledged = 0;
    } else {
      const from = session.acknowledged;
      let found = -1;
      for (let step = 1; step <= session.windowsize; step += 1) {
        if (this.#wire(from + step) === block) found = from + step;
      }
      // RFC 7440: an old acknowledgement restarts a window; RFC 1123: never with a window of one.
      if (found < 0 && (session.windowsize === 1 || block !== this.#wire(from))) return;
      if (found >= 0) session.acknowledged = found;
    }
    session.retries = 0;
    if (session.acknowledged >= this.#blocksOf(session)) {
      this.completed += 1;
      this.#sessions.delete(port);
      return;
    }
    this.#transmit(session, port);
  }

  #transmit(session: Session, port: number): void {
    session.generation += 1;
    const { generation, client, clientPort } = session;
    if (session.acknowledged < 0 && session.optionAck !== undefined) {
      this.#send(session.optionAck, port, client, clientPort);
    } else {
      const last = Math.min(
        session.acknowledged + session.windowsize,
        this.#blocksOf(session),
        this.#options.blocksMax ?? Number.POSITIVE_INFINITY,
      );
      for (let block = session.acknowledged + 1; block <= last; block += 1) {
        const from = (block - 1) * session.blksize;
        const bytes = session.file.subarray(from, from + session.blksize);
        const buffer = new Uint8Array(4 + bytes.length);
        encodeData(buffer, 0, this.#wire(block), bytes);
        this.dataSent += 1;
        this.#send(buffer, port, client, clientPort);
      }
    }
    this.#network.after(this.#options.retryMs ?? 1000, () => {
      if (session.generation !== generation || !this.#sessions.has(port)) return;
      session.retries += 1;
      if (session.retries > (this.#options.retriesMax ?? 8)) this.#sessions.delete(port);
      else this.#transmit(session, port);
    });
  }
}

/** An acknowledgement as bytes, for tests that speak for one side. */
export function ackBytes(block: number): Uint8Array {
  const bytes = new Uint8Array(4);
  encodeAck(bytes, 0, block);
  return bytes;
}
