import { openUdpSocket, type UdpSocket, waitReadable } from "../../../base/net/udp-socket.ts";
import { Prng } from "../../../base/prng.ts";
import { encodeAck, encodeError } from "../../../protocol/tftp/packet.ts";
import type { StepServer } from "../../../simulator/boot/step.ts";
import { type PacketMutator, packetMutator } from "../campaign/packet-mutator.ts";
import type { Attack } from "../campaign/server-campaign.ts";
import { corpusOf } from "./corpus.ts";
import { tftpShape } from "./packet-shape.ts";
import { TftpReaders } from "./readers.ts";
import { TftpReplyCheck } from "./reply-check.ts";
import type { TftpRoot } from "./served-root.ts";

export interface TftpAttackPlan {
  readonly seed: number;
  readonly server: StepServer;
  /** What the server serves. */
  readonly root: TftpRoot;
}

const WAIT_MS = 50;
const RESIDENT_GROWTH_MIB_MAX = 32;
const SERVER_STREAM = 0x7466_7470;
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
 * Sends bad packets, and downloads files that must arrive right. Thousands of the clients ask for a file and
 * fall silent; others acknowledge blocks that they never got, use the wrong port, or ask for what is
 * outside the root. Every reply is read strictly. Needs the batched socket: the packets come from all over
 * 127/8.
 */
export async function openTftpAttack(plan: TftpAttackPlan): Promise<Attack> {
  const opened: { close(): void }[] = [];
  const close = (): void => {
    for (const one of opened.splice(0)) one.close();
  };
  try {
    const sockets: UdpSocket[] = [];
    for (let index = 0; index < 2; index += 1) {
      const options = { address: 0, port: 0, backend: "batch", datagramBytesMax } as const;
      const socket = await openUdpSocket(options);
      opened.push(socket);
      sockets.push(socket);
    }
    const readers = await TftpReaders.open(plan.server, plan.root.files, plan.seed);
    opened.push(readers);
    const clients = new BadClients(plan, sockets);
    let downloadProblem: string | undefined;
    return {
      name: "tftp server",
      sockets,
      growthMiBMax: RESIDENT_GROWTH_MIB_MAX,
      send: () => clients.send(),
      problemOf: (socket, datagram) => clients.problemOf(socket, datagram),
      probe: async (readAll, signal) => {
        readers.begin();
        while (!readers.turn()) {
          readAll();
          await waitReadable([...sockets, readers.socket], WAIT_MS);
          if (signal.aborted) return true;
        }
        readAll();
        downloadProblem = readers.take();
        return downloadProblem === undefined;
      },
      served: () => readers.completed,
      servedWords: () =>
        `${readers.completed} honest downloads between them all right, ` +
        `the slowest in ${Math.round(readers.slowestMs)} ms`,
      problem: () => downloadProblem,
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

class BadClients {
  readonly #server: StepServer;
  /** The lowest bit of a client's number chooses its socket; the other one is its wrong port. */
  readonly #sockets: readonly UdpSocket[];
  readonly #prng: Prng;
  readonly #requests: readonly Uint8Array[];
  readonly #requestMutants: PacketMutator;
  readonly #transferMutants: PacketMutator;
  readonly #check: TftpReplyCheck;
  readonly #recent: { readonly client: number; readonly bytes: Uint8Array }[] = [];
  readonly #transfers: KnownTransfer[] = [];
  #clients = 0;
  #transfersSeen = 0;

  constructor({ seed, server, root }: TftpAttackPlan, sockets: readonly UdpSocket[]) {
    this.#server = server;
    this.#sockets = sockets;
    this.#prng = new Prng(seed, SERVER_STREAM);
    const { requests, transferPackets } = corpusOf(root);
    this.#requests = requests;
    this.#requestMutants = packetMutator(tftpShape, requests, this.#prng);
    this.#transferMutants = packetMutator(tftpShape, transferPackets, this.#prng);
    this.#check = new TftpReplyCheck(root, CLIENTS_REMEMBERED);
  }

  send(): void {
    const draw = this.#prng.nextBelow(100);
    const transfer = this.#someTransfer();
    if (draw < 35 || transfer === undefined) this.#ask((target) => this.#copyRequest(target));
    else if (draw < 55) this.#ask((target) => this.#requestMutants(target));
    else if (draw < 60) this.#repeatRequest();
    else if (draw < 72) this.#acknowledge(transfer);
    else if (draw < 78) this.#sendToTransfer(transfer);
    else if (draw < 84) this.#endTransfer(transfer);
    else if (draw < 92) this.#sendAsStranger(transfer);
    else this.#sendFromWrongPort(transfer);
  }

  /** A new client asks for something. */
  #ask(write: (target: Uint8Array) => number): void {
    const client = this.#clients % CLIENTS;
    this.#clients += 1;
    const socket = this.#sockets[client & 1];
    const target = socket.slot();
    const length = write(target);
    const bytes = target.slice(0, length);
    this.#check.sent(client, bytes);
    if (this.#recent.length < RECENT) this.#recent.push({ client, bytes });
    else this.#recent[this.#prng.nextBelow(RECENT)] = { client, bytes };
    this.#pushRequest(client, length);
  }

  #copyRequest(target: Uint8Array): number {
    const request = this.#requests[this.#prng.nextBelow(this.#requests.length)];
    target.set(request);
    return request.length;
  }

  #repeatRequest(): void {
    const { client, bytes } = this.#recent[this.#prng.nextBelow(this.#recent.length)];
    this.#sockets[client & 1].slot().set(bytes);
    this.#pushRequest(client, bytes.length);
  }

  #pushRequest(client: number, length: number): void {
    this.#pushTo(this.#server.port, this.#sockets[client & 1], length, FIRST_CLIENT + client);
  }

  /** The ACK that continues the transfer, one of a block that was not sent, or a repeated one. */
  #acknowledge({ client, serverPort, block }: KnownTransfer): void {
    const offset = ackOffsets[this.#prng.nextBelow(ackOffsets.length)];
    const socket = this.#sockets[client & 1];
    const copies = this.#prng.nextBelow(8) === 0 ? 3 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      const length = encodeAck(socket.slot(), 0, (block + offset) & 0xffff);
      this.#pushTo(serverPort, socket, length, FIRST_CLIENT + client);
    }
  }

  #sendToTransfer({ client, serverPort }: KnownTransfer): void {
    const socket = this.#sockets[client & 1];
    const length = this.#transferMutants(socket.slot());
    this.#pushTo(serverPort, socket, length, FIRST_CLIENT + client);
  }

  #endTransfer({ client, serverPort }: KnownTransfer): void {
    const socket = this.#sockets[client & 1];
    const length = encodeError(socket.slot(), 0, this.#prng.nextBelow(10), "no more");
    this.#pushTo(serverPort, socket, length, FIRST_CLIENT + client);
  }

  #sendAsStranger({ serverPort }: KnownTransfer): void {
    const socket = this.#sockets[this.#prng.nextBelow(2)];
    const isAck = this.#prng.nextBelow(2) === 0;
    const length = isAck
      ? encodeAck(socket.slot(), 0, this.#prng.nextBelow(4))
      : this.#transferMutants(socket.slot());
    this.#pushTo(serverPort, socket, length, FIRST_STRANGER + this.#prng.nextBelow(STRANGERS));
  }

  /** The client's address and another port: another transfer id (RFC 1350 section 4). */
  #sendFromWrongPort({ client, serverPort, block }: KnownTransfer): void {
    const socket = this.#sockets[(client & 1) ^ 1];
    const length = encodeAck(socket.slot(), 0, block);
    this.#pushTo(serverPort, socket, length, FIRST_CLIENT + client);
  }

  #pushTo(port: number, socket: UdpSocket, length: number, source: number): void {
    socket.push(length, this.#server.address, port, source);
  }

  #someTransfer(): KnownTransfer | undefined {
    return this.#transfers[this.#prng.nextBelow(TRANSFERS)] ?? this.#transfers[0];
  }

  problemOf(index: number, datagram: number): string | undefined {
    const socket = this.#sockets[index];
    const number = socket.destinationAddress(datagram) - FIRST_CLIENT;
    const isClient = number >= 0 && number < CLIENTS && (number & 1) === index;
    const client = isClient ? number : undefined;
    const reply = this.#check.check(client, socket.bytes(datagram));
    if (reply.kind === "bad") return reply.problem;
    const { packet } = reply;
    if (client === undefined || packet.kind === "error") return undefined;
    const block = packet.kind === "data" ? packet.block : 0;
    const serverPort = socket.sourcePort(datagram);
    this.#transfers[this.#transfersSeen % TRANSFERS] = { client, serverPort, block };
    this.#transfersSeen += 1;
    return undefined;
  }
}
