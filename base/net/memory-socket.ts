import { systemClock } from "../clock.ts";
import { type BatchCalls, BatchSocket } from "./batch-socket.ts";
import { IP_PKTINFO, SO_TIMESTAMPNS, SOL_IP, SOL_SOCKET } from "./kernel/linux.ts";
import {
  CONTROL_BYTES,
  CONTROL_HEADER_BYTES,
  CONTROL_LENGTH_WORD,
  FLAGS_WORD,
  LENGTH_WORD,
  MESSAGE_WORDS,
  type MessageBatch,
  NAME_BYTES,
} from "./message-batch.ts";
import type { UdpSocket } from "./udp-socket-contract.ts";

export interface MemoryDatagram {
  readonly bytes: Uint8Array;
  readonly sourceAddress: number;
  readonly sourcePort: number;
  /** That of the socket's place when left out. */
  readonly destinationAddress?: number;
}

/** Where the datagrams of a socket in memory seem to arrive. */
interface MemoryPlace {
  readonly address: number;
  readonly interfaceIndex: number;
}

interface MemorySocketOptions extends MemoryPlace {
  /** Datagrams received or sent at once. */
  readonly batchMax?: number;
}

const limits = { datagramBytesMax: 4096, bufferBytes: 4096 } as const;
/** Control data: the two messages that a server's socket gets with each datagram. */
const PACKET_INFO_BYTES = CONTROL_HEADER_BYTES + 12;
const STAMP_START = 32;
const STAMP_BYTES = CONTROL_HEADER_BYTES + 16;

/**
 * A batched socket that receives what it is given and keeps what it sends: the real class, except for the two
 * system calls. Its port is the system's choice, and the kernel drops what comes there. Throws SocketError where there are no batched sockets.
 */
export class MemorySocket {
  readonly socket: UdpSocket;
  #incoming: MessageBatch | undefined;
  #outgoing: MessageBatch | undefined;
  readonly #place: MemoryPlace;
  #waiting: readonly MemoryDatagram[] = [];
  #wallMs = 0;
  #sent: Uint8Array[] = [];

  constructor({ batchMax = 256, ...place }: MemorySocketOptions) {
    this.#place = place;
    const calls: BatchCalls = {
      lend: (incoming, outgoing) => {
        this.#incoming = incoming;
        this.#outgoing = outgoing;
      },
      recvmmsg: () => this.#receive(),
      sendmmsg: (_, __, count) => this.#send(count),
    };
    const nowhere = { address: 0, port: 0, receives: false, broadcast: false, sharesPort: false };
    const options = { ...nowhere, batchMax, ...limits };
    this.socket = new BatchSocket(
      { ...options, flushesWhenFull: true, segmentation: false },
      calls,
    );
  }

  /** The next `receive` finds these datagrams, which have arrived now. */
  deliver(datagrams: readonly MemoryDatagram[]): void {
    this.#waiting = datagrams;
    this.#wallMs = systemClock.wallMs();
  }

  /** What was sent since the last call. */
  takeSent(): readonly Uint8Array[] {
    const sent = this.#sent;
    this.#sent = [];
    return sent;
  }

  #receive(): number {
    const batch = this.#incoming!;
    const { words } = batch.messages;
    const count = Math.min(this.#waiting.length, batch.count);
    for (let i = 0; i < count; i += 1) {
      const { bytes, sourceAddress, sourcePort, destinationAddress } = this.#waiting[i];
      batch.slots[i].set(bytes);
      batch.names.view.setUint16(i * NAME_BYTES + 2, sourcePort);
      batch.names.view.setUint32(i * NAME_BYTES + 4, sourceAddress);
      this.#writeControl(batch, i * CONTROL_BYTES, destinationAddress ?? this.#place.address);
      words[i * MESSAGE_WORDS + CONTROL_LENGTH_WORD] = STAMP_START + STAMP_BYTES;
      words[i * MESSAGE_WORDS + FLAGS_WORD] = 0;
      words[i * MESSAGE_WORDS + LENGTH_WORD] = bytes.length;
    }
    this.#waiting = this.#waiting.slice(count);
    return count;
  }

  #writeControl({ controls }: MessageBatch, at: number, destinationAddress: number): void {
    const { view } = controls;
    const { interfaceIndex } = this.#place;
    controls.setPointer(at, PACKET_INFO_BYTES);
    view.setUint32(at + 8, SOL_IP, true);
    view.setUint32(at + 12, IP_PKTINFO, true);
    view.setUint32(at + CONTROL_HEADER_BYTES, interfaceIndex, true);
    view.setUint32(at + CONTROL_HEADER_BYTES + 8, destinationAddress);
    const stamp = at + STAMP_START;
    controls.setPointer(stamp, STAMP_BYTES);
    view.setUint32(stamp + 8, SOL_SOCKET, true);
    view.setUint32(stamp + 12, SO_TIMESTAMPNS, true);
    controls.setPointer(stamp + CONTROL_HEADER_BYTES, Math.floor(this.#wallMs / 1000));
    controls.setPointer(stamp + CONTROL_HEADER_BYTES + 8, Math.floor(this.#wallMs % 1000) * 1e6);
  }

  #send(count: number): number {
    const batch = this.#outgoing!;
    for (let i = 0; i < count; i += 1) {
      this.#sent.push(batch.slots[i].slice(0, batch.lengthOf(i)));
    }
    return count;
  }
}
