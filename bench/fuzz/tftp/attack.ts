import { openUdpSocket, type UdpSocket, waitReadable } from "../../../base/net/udp-socket.ts";
import { Prng } from "../../../base/prng.ts";
import { encodeAck, encodeError } from "../../../protocol/tftp/packet.ts";
import type { StepServer } from "../../../simulator/boot/step.ts";
import { type GroupCampaign, type GroupReport, runGroups } from "../campaign/server-campaign.ts";
import { hexOf } from "../dhcp/packet-reader.ts";
import { buildTftpCorpus } from "./corpus.ts";
import { TftpMutator } from "./packet-shape.ts";
import { TftpReaders } from "./readers.ts";
import { TftpReplyCheck } from "./reply-check.ts";
import type { TftpRoot } from "./served-root.ts";

export interface TftpServerCampaign
  extends Pick<
    GroupCampaign,
    "seed" | "packets" | "timeMsMax" | "serverMemoryMiB" | "signal" | "onProgress"
  > {
  readonly server: StepServer;
  /** What the server serves. */
  readonly root: TftpRoot;
}

export interface TftpServerReport extends GroupReport {
  readonly replies: number;
  readonly badReplies: number;
  /** The first of them. */
  readonly examples: readonly string[];
  /** Honest downloads between the bad packets, all with the right length and hash. */
  readonly downloads: number;
  readonly slowestDownloadMs: number;
}

const PACKETS_A_GROUP = 256;
const EXAMPLES_MAX = 10;
const EXAMPLE_BYTES_MAX = 64;
const WAIT_MS = 50;
const RESIDENT_GROWTH_MIB_MAX = 32;
const TFTP_SERVER_STREAM = 0x7466_7470;
/** 127.1.0.0 and up are clients, each with one request; 127.128.0.0 and up never asked for anything. */
const FIRST_CLIENT = 0x7f01_0000;
const CLIENTS = 0x7e_0000;
const FIRST_STRANGER = 0x7f80_0000;
const STRANGERS = 0x70_0000;
const CLIENTS_REMEMBERED = 2 ** 20;
/** Requests that may be repeated, and transfers that are known: the latest ones. */
const RECENT = 256;
const TRANSFERS = 4096;
/** An ACK of this many blocks further on, or back. */
const ackOffsets = [0, 0, 0, 0, 1, -1, 2, 5, 100, 0x7fff, 0x8000, 0xffff];
const datagramBytesMax = 65_535;

/** A transfer as its replies show it. */
interface KnownTransfer {
  readonly client: number;
  readonly serverPort: number;
  /** Block of the latest DATA; 0 for an OACK. */
  readonly block: number;
}

/**
 * Sends bad packets to a running server, each group of them followed by an honest download that must
 * end with the right file. Thousands of the clients ask for a file and are never heard of again; others
 * acknowledge what they never got, speak from the wrong port, or ask for what is outside the root.
 * Every reply is read strictly. Needs the batched socket: the packets come from all over 127/8.
 */
export async function fuzzTftpServer(campaign: TftpServerCampaign): Promise<TftpServerReport> {
  const opened: { close(): void }[] = [];
  try {
    const sockets: UdpSocket[] = [];
    for (let index = 0; index < 2; index += 1) {
      const options = { address: 0, port: 0, backend: "batch", datagramBytesMax } as const;
      const socket = await openUdpSocket(options);
      opened.push(socket);
      sockets.push(socket);
    }
    const { server, root, seed } = campaign;
    const readers = await TftpReaders.open(server, root.files, seed);
    opened.push(readers);
    return await new TftpServerRun(campaign, sockets, readers).run();
  } finally {
    for (const one of opened) one.close();
  }
}

class TftpServerRun {
  readonly #campaign: TftpServerCampaign;
  /** A client's socket is that of its number's lowest bit; the other is its wrong port. */
  readonly #sockets: readonly UdpSocket[];
  readonly #readers: TftpReaders;
  readonly #prng: Prng;
  readonly #requests: readonly Uint8Array[];
  readonly #requestMutants: TftpMutator;
  readonly #transferMutants: TftpMutator;
  readonly #check: TftpReplyCheck;
  readonly #recent: { readonly client: number; readonly bytes: Uint8Array }[] = [];
  readonly #transfers: KnownTransfer[] = [];
  readonly #examples: string[] = [];
  #clients = 0;
  #packets = 0;
  #replies = 0;
  #transfersSeen = 0;
  #badReplies = 0;
  #downloadProblem: string | undefined;

  constructor(campaign: TftpServerCampaign, sockets: readonly UdpSocket[], readers: TftpReaders) {
    const { seed, root } = campaign;
    this.#campaign = campaign;
    this.#sockets = sockets;
    this.#readers = readers;
    this.#prng = new Prng(seed, TFTP_SERVER_STREAM);
    const { requests, transferPackets } = buildTftpCorpus({
      names: [...root.files.keys()],
      traps: root.traps,
      outsideFile: root.canaryFile,
    });
    this.#requests = requests;
    this.#requestMutants = new TftpMutator(requests, this.#prng);
    this.#transferMutants = new TftpMutator(transferPackets, this.#prng);
    this.#check = new TftpReplyCheck({
      files: root.files.values(),
      canary: root.canary,
      clientsMax: CLIENTS_REMEMBERED,
    });
  }

  async run(): Promise<TftpServerReport> {
    const { seed, packets, timeMsMax, serverMemoryMiB, signal, onProgress } = this.#campaign;
    const report = await runGroups({
      ...{ seed, packets, timeMsMax, serverMemoryMiB, signal, onProgress },
      name: "tftp server",
      groupPackets: PACKETS_A_GROUP,
      growthMiBMax: RESIDENT_GROWTH_MIB_MAX,
      sendGroup: (count) => this.#sendGroup(count),
      probe: () => this.#download(),
      status: () => `${this.#replies} replies, ${this.#readers.completed} downloads`,
    });
    return {
      ...report,
      failure: this.#downloadProblem ?? report.failure,
      replies: this.#replies,
      badReplies: this.#badReplies,
      examples: this.#examples,
      downloads: this.#readers.completed,
      slowestDownloadMs: this.#readers.slowestMs,
    };
  }

  #sendGroup(count: number): void {
    for (let left = count; left > 0; left -= 1) {
      this.#sendOne(this.#prng.nextBelow(100));
      this.#packets += 1;
    }
    for (const socket of this.#sockets) socket.flush();
  }

  /** `draw` is 0 to 99. */
  #sendOne(draw: number): void {
    const transfer = this.#someTransfer();
    if (draw < 35 || transfer === undefined) this.#ask((target) => this.#copyRequest(target));
    else if (draw < 55) this.#ask((target) => this.#requestMutants.next(target));
    else if (draw < 60) this.#repeatRequest();
    else if (draw < 72) this.#acknowledge(transfer);
    else if (draw < 78) this.#sendToTransfer(transfer, transfer.client);
    else if (draw < 84) this.#endTransfer(transfer);
    else if (draw < 92) this.#sendAsStranger(transfer);
    else this.#sendFromWrongPort(transfer);
  }

  /** A client that nobody has heard of asks for something. */
  #ask(write: (target: Uint8Array) => number): void {
    const client = this.#clients % CLIENTS;
    this.#clients += 1;
    const socket = this.#sockets[client & 1]!;
    const target = socket.slot();
    const length = write(target);
    const bytes = target.slice(0, length);
    this.#check.sent(client, bytes);
    if (this.#recent.length < RECENT) this.#recent.push({ client, bytes });
    else this.#recent[this.#prng.nextBelow(RECENT)] = { client, bytes };
    this.#pushRequest(client, length);
  }

  #copyRequest(target: Uint8Array): number {
    const request = this.#requests[this.#prng.nextBelow(this.#requests.length)]!;
    target.set(request);
    return request.length;
  }

  #repeatRequest(): void {
    const { client, bytes } = this.#recent[this.#prng.nextBelow(this.#recent.length)]!;
    this.#sockets[client & 1]!.slot().set(bytes);
    this.#pushRequest(client, bytes.length);
  }

  #pushRequest(client: number, length: number): void {
    const { address, port } = this.#campaign.server;
    this.#sockets[client & 1]!.push(length, address, port, FIRST_CLIENT + client);
  }

  /** What keeps the transfer going, or an ACK of what was not sent, or once more what was. */
  #acknowledge({ client, serverPort, block }: KnownTransfer): void {
    const offset = ackOffsets[this.#prng.nextBelow(ackOffsets.length)]!;
    const socket = this.#sockets[client & 1]!;
    const copies = this.#prng.nextBelow(8) === 0 ? 3 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      const length = encodeAck(socket.slot(), 0, (block + offset) & 0xffff);
      this.#pushTo(serverPort, socket, length, FIRST_CLIENT + client);
    }
  }

  #sendToTransfer({ serverPort }: KnownTransfer, client: number): void {
    const socket = this.#sockets[client & 1]!;
    const length = this.#transferMutants.next(socket.slot());
    this.#pushTo(serverPort, socket, length, FIRST_CLIENT + client);
  }

  #endTransfer({ client, serverPort }: KnownTransfer): void {
    const socket = this.#sockets[client & 1]!;
    const length = encodeError(socket.slot(), 0, this.#prng.nextBelow(10), "no more");
    this.#pushTo(serverPort, socket, length, FIRST_CLIENT + client);
  }

  #sendAsStranger({ serverPort }: KnownTransfer): void {
    const socket = this.#sockets[this.#prng.nextBelow(2)]!;
    const isAck = this.#prng.nextBelow(2) === 0;
    const length = isAck
      ? encodeAck(socket.slot(), 0, this.#prng.nextBelow(4))
      : this.#transferMutants.next(socket.slot());
    this.#pushTo(serverPort, socket, length, FIRST_STRANGER + this.#prng.nextBelow(STRANGERS));
  }

  /** The client's address and another port: another transfer id (RFC 1350 section 4). */
  #sendFromWrongPort({ client, serverPort, block }: KnownTransfer): void {
    const socket = this.#sockets[(client & 1) ^ 1]!;
    const length = encodeAck(socket.slot(), 0, block);
    this.#pushTo(serverPort, socket, length, FIRST_CLIENT + client);
  }

  #pushTo(port: number, socket: UdpSocket, length: number, source: number): void {
    socket.push(length, this.#campaign.server.address, port, source);
  }

  #someTransfer(): KnownTransfer | undefined {
    return this.#transfers[this.#prng.nextBelow(TRANSFERS)] ?? this.#transfers[0];
  }

  /** One honest download; false when it did not end with the right file. */
  async #download(): Promise<boolean> {
    const readers = this.#readers;
    readers.begin();
    while (!readers.turn()) {
      this.#readAll();
      await waitReadable([...this.#sockets, readers.socket], WAIT_MS);
      if (this.#campaign.signal.aborted) return true;
    }
    this.#readAll();
    this.#downloadProblem = readers.take();
    return this.#downloadProblem === undefined;
  }

  #readAll(): void {
    for (const [index, socket] of this.#sockets.entries()) {
      const count = socket.receive();
      for (let i = 0; i < count; i += 1) this.#read(index, socket, i);
    }
  }

  #read(index: number, socket: UdpSocket, i: number): void {
    this.#replies += 1;
    const bytes = socket.bytes(i);
    const number = socket.destinationAddress(i) - FIRST_CLIENT;
    const isClient = number >= 0 && number < CLIENTS && (number & 1) === index;
    const client = isClient ? number : undefined;
    const reply = this.#check.check(client, bytes);
    if (reply.kind === "bad") {
      this.#badReplies += 1;
      if (this.#examples.length >= EXAMPLES_MAX) return;
      const where = `near packet ${this.#packets} of seed ${this.#campaign.seed}`;
      const shown = hexOf(bytes.subarray(0, EXAMPLE_BYTES_MAX));
      this.#examples.push(`${where}: ${reply.problem}: ${shown}`);
      return;
    }
    const { packet } = reply;
    if (client === undefined || packet.kind === "error") return;
    const block = packet.kind === "data" ? packet.block : 0;
    this.#transfers[this.#transfersSeen % TRANSFERS] = {
      client,
      serverPort: socket.sourcePort(i),
      block,
    };
    this.#transfersSeen += 1;
  }
}
