import { openUdpSocket, type UdpSocket, waitReadable } from "../../base/net/udp-socket.ts";
import { type TftpReply, TftpReplyCheck } from "../../bench/fuzz/tftp/reply-check.ts";
import type { TftpRoot } from "../../bench/fuzz/tftp/served-root.ts";
import { parseTransferOptions } from "../../protocol/tftp/options.ts";
import { encodeAck } from "../../protocol/tftp/packet.ts";

export const loopback = 0x7f00_0001;
/** 127.1.0.0 and up: every number is a client with an address of its own. */
const firstClient = 0x7f01_0000;
const clientsMax = 65_536;
/** Longer than the server's loop rests. */
const quietMs = 250;
const collectMsMax = 10_000;

export interface Reply {
  readonly client: number;
  readonly serverPort: number;
  readonly packet: TftpReply;
}

/** Clients by the thousand, behind one socket. Every reply to them is read strictly. */
export class HostilePeers {
  readonly #socket: UdpSocket;
  readonly #check: TftpReplyCheck;
  readonly #port: number;
  #next = 0;

  /** `port` takes the server's requests. */
  static async open(port: number, { files, canary }: TftpRoot): Promise<HostilePeers> {
    const options = { address: 0, port: 0, backend: "batch", datagramBytesMax: 65_535 } as const;
    const check = new TftpReplyCheck({ files, canary }, clientsMax);
    return new HostilePeers(await openUdpSocket(options), check, port);
  }

  private constructor(socket: UdpSocket, check: TftpReplyCheck, port: number) {
    this.#socket = socket;
    this.#check = check;
    this.#port = port;
  }

  /** A new client sends its request; returns the client's number. */
  ask(bytes: Uint8Array): number {
    const client = this.#next;
    this.#next += 1;
    this.#check.sent(client, bytes);
    this.#push(client, bytes, this.#port);
    return client;
  }

  /** A client that never asked: every number from here on is one. */
  stranger(): number {
    this.#next += 1;
    return this.#next - 1;
  }

  acknowledge(client: number, serverPort: number, block: number): void {
    const bytes = new Uint8Array(4);
    encodeAck(bytes, 0, block);
    this.#push(client, bytes, serverPort);
  }

  /** Sends what is queued, and lets the event loop turn. */
  async send(): Promise<void> {
    this.#socket.flush();
    await new Promise((resolve) => setImmediate(resolve));
  }

  /**
   * Sends what is queued and reads until nothing came for a while, or until `isEnough`. Throws Error
   * for a reply that no server may send.
   */
  async collect(isEnough: (replies: readonly Reply[]) => boolean = () => false): Promise<Reply[]> {
    this.#socket.flush();
    const replies: Reply[] = [];
    const deadlineMs = performance.now() + collectMsMax;
    let heardAtMs = performance.now();
    while (!isEnough(replies) && performance.now() - heardAtMs < quietMs) {
      if (performance.now() > deadlineMs) throw new Error("the replies do not end");
      await waitReadable([this.#socket], quietMs / 10);
      if (this.#read(replies) > 0) heardAtMs = performance.now();
    }
    return replies;
  }

  close(): void {
    this.#socket.close();
  }

  #push(client: number, bytes: Uint8Array, port: number): void {
    this.#socket.slot().set(bytes);
    this.#socket.push(bytes.length, loopback, port, firstClient + client);
  }

  #read(replies: Reply[]): number {
    const socket = this.#socket;
    const count = socket.receive();
    for (let i = 0; i < count; i += 1) {
      const client = socket.destinationAddress(i) - firstClient;
      const checked = this.#check.check(client, socket.bytes(i).slice());
      if (checked.kind === "bad") throw new Error(`client ${client}: ${checked.problem}`);
      replies.push({ client, serverPort: socket.sourcePort(i), packet: checked.packet });
    }
    return count;
  }
}

/** Blocks before an ACK that the server agreed to, and the bytes of each. */
export function agreedBy(packet: TftpReply): { blksize: number; windowsize: number } {
  const parsed = packet.kind === "option-ack" ? parseTransferOptions(packet.options) : undefined;
  const options = parsed?.kind === "ok" ? parsed.options : {};
  return { blksize: options.blksize ?? 512, windowsize: options.windowsize ?? 1 };
}
