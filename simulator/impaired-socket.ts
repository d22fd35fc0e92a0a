import type { UdpSocket, UdpSocketCounters } from "../base/net/udp-socket.ts";
import { Prng } from "../base/prng.ts";

/** What a network does to datagrams. */
export interface NetworkConditions {
  /** Of every datagram, in each direction: 0 to 100. */
  readonly lossPercent: number;
}

export interface ImpairedSocketOptions extends NetworkConditions {
  /** Decides which datagrams; sockets with seeds of their own lose different ones. */
  readonly seed: number;
  /** That of the socket underneath: 256 unless told, as there. */
  readonly batchMax?: number;
}

/** What the conditions did since the socket was made, in datagrams. */
export interface ImpairmentCounters {
  readonly lostOnSend: number;
  readonly lostOnReceive: number;
}

interface Datagram {
  readonly bytes: Uint8Array;
  readonly sourceAddress: number;
  readonly sourcePort: number;
  readonly destinationAddress: number;
  readonly interfaceIndex: number;
  readonly receivedAtMs: number;
}

const BATCH_MAX_DEFAULT = 256;
const SEND_STREAM = 0x7365_6e64;
const RECEIVE_STREAM = 0x7265_6376;
/** Enough to fill a batch at any loss but a nearly total one. */
const BATCHES_A_RECEIVE_MAX = 64;

/**
 * A socket on a worse network than the one that it is on. Both directions are decided separately, so
 * what is received never changes what is lost of what is sent. What was lost on send is in none of
 * the socket's own counters; what was lost on receive had arrived, and is counted there.
 */
export class ImpairedSocket implements UdpSocket {
  readonly underlying: UdpSocket;
  readonly #lossShare: number;
  readonly #batchMax: number;
  readonly #sendRandom: Prng;
  readonly #receiveRandom: Prng;
  // What is handed out: first the copies of earlier batches, then these of the latest one, by index.
  #copies: Datagram[] = [];
  readonly #kept: Uint16Array;
  #keptCount = 0;
  #lostOnSend = 0;
  #lostOnReceive = 0;

  /** Throws RangeError for conditions that no network has. */
  constructor(socket: UdpSocket, { lossPercent, seed, batchMax }: ImpairedSocketOptions) {
    if (!(lossPercent >= 0 && lossPercent <= 100)) {
      throw new RangeError(`lossPercent is ${lossPercent}; give 0 to 100`);
    }
    this.underlying = socket;
    this.#lossShare = lossPercent / 100;
    this.#batchMax = batchMax ?? BATCH_MAX_DEFAULT;
    this.#sendRandom = new Prng(seed, SEND_STREAM);
    this.#receiveRandom = new Prng(seed, RECEIVE_STREAM);
    this.#kept = new Uint16Array(this.#batchMax);
  }

  get impairments(): ImpairmentCounters {
    return { lostOnSend: this.#lostOnSend, lostOnReceive: this.#lostOnReceive };
  }

  get backend(): "batch" | "dgram" {
    return this.underlying.backend;
  }

  get localAddress(): number {
    return this.underlying.localAddress;
  }

  get localPort(): number {
    return this.underlying.localPort;
  }

  /**
   * Fewer than `batchMax` mean that the socket is empty, as they do underneath: whoever gives times
   * to what he has seen relies on it. So a full batch with losses is filled up from the next ones,
   * and there may be up to twice as many.
   */
  receive(): number {
    this.#copies = [];
    let arrived = this.#receiveBatch();
    for (let batches = 1; arrived === this.#batchMax && this.#isShort; batches += 1) {
      if (batches === BATCHES_A_RECEIVE_MAX) break;
      this.#copyKept();
      arrived = this.#receiveBatch();
    }
    return this.#copies.length + this.#keptCount;
  }

  bytes(i: number): Uint8Array {
    return this.#copies[i]?.bytes ?? this.underlying.bytes(this.#at(i));
  }

  sourceAddress(i: number): number {
    return this.#copies[i]?.sourceAddress ?? this.underlying.sourceAddress(this.#at(i));
  }

  sourcePort(i: number): number {
    return this.#copies[i]?.sourcePort ?? this.underlying.sourcePort(this.#at(i));
  }

  destinationAddress(i: number): number {
    return this.#copies[i]?.destinationAddress ?? this.underlying.destinationAddress(this.#at(i));
  }

  interfaceIndex(i: number): number {
    return this.#copies[i]?.interfaceIndex ?? this.underlying.interfaceIndex(this.#at(i));
  }

  receivedAtMs(i: number): number {
    return this.#copies[i]?.receivedAtMs ?? this.underlying.receivedAtMs(this.#at(i));
  }

  slot(): Uint8Array {
    return this.underlying.slot();
  }

  push(
    length: number,
    destination: number,
    port: number,
    source?: number,
    interfaceIndex?: number,
  ): void {
    if (this.#isLost(this.#sendRandom)) this.#lostOnSend += 1;
    else this.underlying.push(length, destination, port, source, interfaceIndex);
  }

  get isFull(): boolean {
    return this.underlying.isFull;
  }

  flush(): void {
    this.underlying.flush();
  }

  discard(): void {
    this.underlying.discard();
  }

  get counters(): UdpSocketCounters {
    return this.underlying.counters;
  }

  get lastSendError(): string | undefined {
    return this.underlying.lastSendError;
  }

  close(): void {
    this.#copies = [];
    this.#keptCount = 0;
    this.underlying.close();
  }

  get #isShort(): boolean {
    return this.#copies.length + this.#keptCount < this.#batchMax;
  }

  /** How many arrived; those that were not lost are the kept ones now. */
  #receiveBatch(): number {
    const arrived = this.underlying.receive();
    this.#keptCount = 0;
    for (let i = 0; i < arrived; i += 1) {
      if (this.#isLost(this.#receiveRandom)) {
        this.#lostOnReceive += 1;
      } else {
        this.#kept[this.#keptCount] = i;
        this.#keptCount += 1;
      }
    }
    return arrived;
  }

  #copyKept(): void {
    const { underlying } = this;
    for (let k = 0; k < this.#keptCount; k += 1) {
      const i = this.#kept[k];
      this.#copies.push({
        bytes: underlying.bytes(i).slice(),
        sourceAddress: underlying.sourceAddress(i),
        sourcePort: underlying.sourcePort(i),
        destinationAddress: underlying.destinationAddress(i),
        interfaceIndex: underlying.interfaceIndex(i),
        receivedAtMs: underlying.receivedAtMs(i),
      });
    }
  }

  /** Where datagram i lies underneath; an index that nothing was received at lies nowhere. */
  #at(i: number): number {
    const k = i - this.#copies.length;
    return k >= 0 && k < this.#keptCount ? this.#kept[k] : -1;
  }

  #isLost(random: Prng): boolean {
    return random.nextFloat() < this.#lossShare;
  }
}

/** The socket as if it were on a network of these conditions. Throws RangeError for impossible ones. */
export function impairedSocket(socket: UdpSocket, options: ImpairedSocketOptions): ImpairedSocket {
  return new ImpairedSocket(socket, options);
}
