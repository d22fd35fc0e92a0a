import type { Clock } from "../../base/clock.ts";
import { type UdpSocket, waitReadable } from "../../base/net/udp-socket.ts";
import { hash32 } from "../../base/prng.ts";
import { TimerWheel } from "../../base/timer-wheel.ts";
import type {
  DownloadPolicy,
  DownloadRequest,
  DownloadResult,
} from "../../simulator/boot/download.ts";
import { TftpClient } from "../../simulator/boot/tftp-client.ts";

export interface DownloadDriverOptions {
  /** Bound to the wildcard address, so that devices can have addresses of their own. */
  readonly socket: UdpSocket;
  readonly clock: Clock;
  /** Device number `local` has this address plus `local`; all of them are this machine's. */
  readonly firstAddress: number;
  readonly devices: number;
  readonly policy: DownloadPolicy;
  readonly seed: number;
  /** A device is done, one way or the other; it may be started again from here. */
  readonly onDownloaded: (result: DownloadResult) => void;
}

const tickMs = 1;
/** The event loop (messages, signals) turns at least this often under load. */
const eventLoopMsMax = 5;

/** The simulator's TFTP devices on one real socket, each with an address of its own. */
export class DownloadDriver {
  readonly client: TftpClient;
  /** Copies of requests and acknowledgements. */
  retransmissions = 0;
  /** How long datagrams lay in the socket until they were looked at, summed over all of them. */
  waitedMs = 0;
  readonly #options: DownloadDriverOptions;
  readonly #timers: TimerWheel;
  readonly #onDue = (local: number): void => this.client.timeOut(local, this.#nowMs);
  #nowMs: number;
  #draws = 0;

  constructor(options: DownloadDriverOptions) {
    const { socket, clock, firstAddress, devices, policy, seed, onDownloaded } = options;
    this.#options = options;
    this.#nowMs = clock.monotonicMs();
    this.#timers = new TimerWheel(devices, tickMs, this.#nowMs);
    this.client = new TftpClient({
      size: devices,
      policy,
      timers: this.#timers,
      random: (local) => {
        this.#draws += 1;
        return hash32(seed, local, this.#draws);
      },
      sink: {
        buffer: () => socket.slot(),
        send: (local, length, destination, port) =>
          socket.push(length, destination, port, firstAddress + local),
        downloaded: onDownloaded,
        attemptFailed: () => {},
        retransmitted: () => {
          this.retransmissions += 1;
        },
      },
    });
  }

  /** When the present turn began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  start(local: number, request: DownloadRequest): void {
    this.client.start(local, request, this.#nowMs);
  }

  /** Plays the devices until `isDone`, which is asked once a turn, or until `untilMs`. */
  async run(isDone: () => boolean, untilMs: number): Promise<void> {
    const { socket, clock } = this.#options;
    let turnedAtMs = this.#nowMs;
    socket.flush();
    while (!isDone() && this.#nowMs < untilMs) {
      const received = this.turn();
      if (received > 0 && this.#nowMs - turnedAtMs < eventLoopMsMax) continue;
      const dueMs = Math.min(this.#timers.nextDueMs() ?? untilMs, untilMs);
      await waitReadable([socket], received > 0 ? 0 : Math.max(0, dueMs - clock.monotonicMs()));
      turnedAtMs = clock.monotonicMs();
    }
  }

  /** Reads new datagrams and plays timers that are due. Returns the number of datagrams. */
  turn(): number {
    const { socket, clock, firstAddress, devices } = this.#options;
    const received = socket.receive();
    this.#nowMs = clock.monotonicMs();
    for (let i = 0; i < received; i += 1) {
      const local = socket.destinationAddress(i) - firstAddress;
      if (local < 0 || local >= devices) continue;
      this.waitedMs += Math.max(0, this.#nowMs - socket.receivedAtMs(i));
      const source = socket.sourceAddress(i);
      this.client.receive(local, socket.bytes(i), source, socket.sourcePort(i), this.#nowMs);
    }
    this.#timers.advance(this.#nowMs, this.#onDue);
    socket.flush();
    return received;
  }
}
