import { ForwardingSocket } from "../../base/net/forwarding-socket.ts";
import type { UdpSocket } from "../../base/net/udp-socket.ts";
import { conditionsOf } from "../../scenarios/language/network-conditions.ts";
import type { NetworkPlan } from "../../scenarios/language/network-section.ts";
import type { CmtsThrottle } from "./cmts-throttle.ts";
import { DatagramFates } from "./datagram-fates.ts";
import { DelayLine } from "./delay-line.ts";
import type { NetworkCounters } from "./network-counters.ts";

/** The CMTSs on a socket's path. Several sockets share them. */
export interface Throttles {
  readonly toServer: CmtsThrottle;
  readonly toDevices: CmtsThrottle;
}

interface ImpairedSocketOptions extends NetworkPlan {
  /** By `cmts` of the plan; undefined without it. */
  readonly throttles?: Throttles | undefined;
  /** Decides which datagrams are affected; sockets need different seeds to lose different ones. */
  readonly seed: number;
  /** The time on the scale of `receivedAtMs`. */
  readonly nowMs: () => number;
  /** The batch size of the socket underneath; 256 when left out, as there. */
  readonly batchMax?: number;
  /** Most datagrams under way in each direction, more are dropped; 32,768 when left out. */
  readonly underwayMax?: number;
}

interface Arrival {
  readonly atMs: number;
  readonly bytes: Uint8Array;
  readonly sourceAddress: number;
  readonly sourcePort: number;
  readonly destinationAddress: number;
  readonly interfaceIndex: number;
}

interface Departure {
  readonly atMs: number;
  readonly bytes: Uint8Array;
  readonly destination: number;
  readonly port: number;
  readonly source: number | undefined;
  readonly interfaceIndex: number | undefined;
}

const BATCH_MAX_DEFAULT = 256;
const UNDERWAY_MAX_DEFAULT = 32_768;
const SEND_STREAM = 0x7365_6e64;
const RECEIVE_STREAM = 0x7265_6376;
/** Enough to fill a batch at any loss but a nearly total one. */
const BATCHES_A_RECEIVE_MAX = 64;
// The last four octets of chaddr. Datagrams of other protocols have something else there, or nothing. They
// may share a path with others, which does no harm.
const CHADDR_TAIL = 30;

/**
 * Makes a socket's network worse. Each direction is decided separately, so received datagrams never change
 * the fate of sent ones. `receivedAtMs` of a delayed datagram is when it got through, so service times
 * include the delay. The socket's own counters leave out datagrams lost on send, and include those lost on
 * receive, because they had arrived.
 */
export class ImpairedSocket extends ForwardingSocket {
  readonly #nowMs: () => number;
  readonly #batchMax: number;
  readonly #toServer: DatagramFates;
  readonly #toDevices: DatagramFates;
  readonly #departures: DelayLine<Departure>;
  readonly #arrivals: DelayLine<Arrival>;
  // Handed out by index: first the copies, then the kept ones of the latest batch.
  #copies: Arrival[] = [];
  readonly #kept: Uint16Array;
  #keptCount = 0;

  /** Throws RangeError for conditions that no network has. */
  constructor(socket: UdpSocket, options: ImpairedSocketOptions) {
    super(socket);
    const { throttles, seed, batchMax, underwayMax } = options;
    const toServer = conditionsOf(options, "toServer");
    const toDevices = conditionsOf(options, "toDevices");
    this.#nowMs = options.nowMs;
    this.#batchMax = batchMax ?? BATCH_MAX_DEFAULT;
    this.#toServer = new DatagramFates(toServer, throttles?.toServer, seed, SEND_STREAM);
    this.#toDevices = new DatagramFates(toDevices, throttles?.toDevices, seed, RECEIVE_STREAM);
    this.#departures = new DelayLine(underwayMax ?? UNDERWAY_MAX_DEFAULT);
    this.#arrivals = new DelayLine(underwayMax ?? UNDERWAY_MAX_DEFAULT);
    this.#kept = new Uint16Array(this.#batchMax);
  }

  /** Counts since the socket was made, in datagrams. */
  get impairments(): NetworkCounters {
    return { toServer: this.#toServer.counters, toDevices: this.#toDevices.counters };
  }

  /** When something that is under way is due, in ms; infinity when nothing is. */
  get dueAtMs(): number {
    return Math.min(this.#departures.dueAtMs, this.#arrivals.dueAtMs);
  }

  /** Another network from now on. Datagrams under way keep their times. */
  change(network: NetworkPlan, throttles: Throttles | undefined): void {
    this.#toServer.change(conditionsOf(network, "toServer"), throttles?.toServer);
    this.#toDevices.change(conditionsOf(network, "toDevices"), throttles?.toDevices);
  }

  /**
   * As underneath, fewer than `batchMax` datagrams mean that the socket is empty; the safety log's watermarks
   * rely on it. So the next batches fill up a full batch with losses. Delayed datagrams that are due now come
   * on top, so there may be more than `batchMax`.
   */
  override receive(): number {
    this.#copies = [];
    let arrived = this.#receiveBatch();
    for (let batches = 1; arrived === this.#batchMax && this.#isShort; batches += 1) {
      if (batches === BATCHES_A_RECEIVE_MAX) break;
      for (let k = 0; k < this.#keptCount; k += 1) {
        const i = this.#kept[k];
        this.#copies.push(this.#arrivalOf(i, this.inner.receivedAtMs(i)));
      }
      arrived = this.#receiveBatch();
    }
    if (this.#arrivals.size > 0) {
      const nowMs = this.#nowMs();
      for (
        let due = this.#arrivals.take(nowMs);
        due !== undefined;
        due = this.#arrivals.take(nowMs)
      ) {
        this.#copies.push(due);
      }
    }
    return this.#copies.length + this.#keptCount;
  }

  override bytes(i: number): Uint8Array {
    return this.#copies[i]?.bytes ?? this.inner.bytes(this.#at(i));
  }

  override sourceAddress(i: number): number {
    return this.#copies[i]?.sourceAddress ?? this.inner.sourceAddress(this.#at(i));
  }

  override sourcePort(i: number): number {
    return this.#copies[i]?.sourcePort ?? this.inner.sourcePort(this.#at(i));
  }

  override destinationAddress(i: number): number {
    return this.#copies[i]?.destinationAddress ?? this.inner.destinationAddress(this.#at(i));
  }

  override interfaceIndex(i: number): number {
    return this.#copies[i]?.interfaceIndex ?? this.inner.interfaceIndex(this.#at(i));
  }

  override receivedAtMs(i: number): number {
    return this.#copies[i]?.atMs ?? this.inner.receivedAtMs(this.#at(i));
  }

  override push(
    length: number,
    destination: number,
    port: number,
    source?: number,
    interfaceIndex?: number,
  ): void {
    const nowMs = this.#nowMs();
    const slot = this.inner.slot();
    const copies = this.#toServer.decide(pathOf(slot, length), source ?? 0, nowMs);
    if (copies === 0) return;
    const atMs = this.#toServer.arrivesAtMs;
    if (copies === 1 && atMs <= nowMs) {
      this.inner.push(length, destination, port, source, interfaceIndex);
      return;
    }
    const bytes = slot.slice(0, length);
    for (let copy = 0; copy < copies; copy += 1) {
      const isTaken = this.#departures.add({
        atMs,
        bytes,
        destination,
        port,
        source,
        interfaceIndex,
      });
      if (!isTaken) this.#toServer.counters.dropped += 1;
    }
  }

  override flush(): void {
    if (this.#departures.size > 0) {
      const nowMs = this.#nowMs();
      while (!this.inner.isFull) {
        const due = this.#departures.take(nowMs);
        if (due === undefined) break;
        this.inner.slot().set(due.bytes);
        const { destination, port, source, interfaceIndex } = due;
        this.inner.push(due.bytes.length, destination, port, source, interfaceIndex);
      }
    }
    super.flush();
  }

  override close(): void {
    this.#copies = [];
    this.#keptCount = 0;
    this.#departures.clear();
    this.#arrivals.clear();
    super.close();
  }

  get #isShort(): boolean {
    return this.#copies.length + this.#keptCount < this.#batchMax;
  }

  /** Returns how many arrived, and keeps those that got through at once. */
  #receiveBatch(): number {
    const { inner } = this;
    const fates = this.#toDevices;
    const arrived = inner.receive();
    this.#keptCount = 0;
    for (let i = 0; i < arrived; i += 1) {
      const atMs = inner.receivedAtMs(i);
      const bytes = inner.bytes(i);
      const address = inner.destinationAddress(i);
      const copies = fates.decide(pathOf(bytes, bytes.length), address, atMs);
      if (copies === 1 && fates.arrivesAtMs <= atMs) {
        this.#kept[this.#keptCount] = i;
        this.#keptCount += 1;
        continue;
      }
      for (let copy = 0; copy < copies; copy += 1) {
        const isTaken = this.#arrivals.add(this.#arrivalOf(i, fates.arrivesAtMs));
        if (!isTaken) fates.counters.dropped += 1;
      }
    }
    return arrived;
  }

  #arrivalOf(i: number, atMs: number): Arrival {
    const { inner } = this;
    return {
      atMs,
      bytes: inner.bytes(i).slice(),
      sourceAddress: inner.sourceAddress(i),
      sourcePort: inner.sourcePort(i),
      destinationAddress: inner.destinationAddress(i),
      interfaceIndex: inner.interfaceIndex(i),
    };
  }

  /** The index of datagram i underneath; -1 when there is none. */
  #at(i: number): number {
    const k = i - this.#copies.length;
    return k >= 0 && k < this.#keptCount ? this.#kept[k] : -1;
  }
}

/** A number that, with the address, identifies the datagrams of one device. */
function pathOf(bytes: Uint8Array, length: number): number {
  if (length < CHADDR_TAIL + 4) return 0;
  return (
    (bytes[CHADDR_TAIL] << 24) |
    (bytes[CHADDR_TAIL + 1] << 16) |
    (bytes[CHADDR_TAIL + 2] << 8) |
    bytes[CHADDR_TAIL + 3]
  );
}
