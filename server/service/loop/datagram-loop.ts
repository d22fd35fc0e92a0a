import type { Clock } from "../../../base/clock.ts";
import { SocketError } from "../../../base/net/socket-error.ts";
import type { UdpSocket, UdpSocketOptions } from "../../../base/net/udp-socket.ts";
import { openUnsharedUdpSocket } from "../../../base/net/unshared-port.ts";
import { formatIpv4 } from "../../../protocol/ipv4.ts";
import { StartError } from "../../process/start-error.ts";

const secondMs = 1000;
const restMsMin = 1;
const restMsMax = 5;

export interface ServiceSocketOptions {
  /** The service's name in messages: `syslog`, `NTP`. */
  readonly service: string;
  /** 0 is the wildcard. */
  readonly address: number;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly backend?: UdpSocketOptions["backend"] | undefined;
  readonly datagramBytesMax?: number;
}

/** Opens a socket on a port that no other process shares. Rejects with StartError. */
export async function openServiceSocket(options: ServiceSocketOptions): Promise<UdpSocket> {
  const { service, address, port, backend, datagramBytesMax } = options;
  try {
    return await openUnsharedUdpSocket({
      address,
      port,
      ...(backend === undefined ? {} : { backend }),
      ...(datagramBytesMax === undefined ? {} : { datagramBytesMax }),
    });
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    throw portRefused(`${service} UDP`, address, port, error.message);
  }
}

export function portRefused(
  what: string,
  address: number,
  port: number,
  reason: string,
): StartError {
  return new StartError(
    `Cannot serve ${what} on ${formatIpv4(address)} port ${port}: ${reason}. ` +
      "Stop the other server or choose another port; ports below 1024 need root.",
  );
}

export interface DatagramLoopOptions {
  readonly socket: UdpSocket;
  readonly clock: Clock;
  /** Handles the datagram in slot `index`. It may push replies; they are sent together. */
  readonly serve: (index: number, nowMs: number) => void;
  /** Called once a turn, after its datagrams. */
  readonly endTurn?: (nowMs: number) => void;
  readonly everySecond?: (nowMs: number) => void;
}

/**
 * The loop of a small service. The event loop turns after every batch; without datagrams the service
 * rests for a few milliseconds. It never blocks the thread, which other parts of the service use as well.
 * Datagrams that arrive meanwhile have the kernel's timestamp.
 */
export class DatagramLoop {
  readonly #options: DatagramLoopOptions;
  #nextSecondAtMs: number;
  #stopping = false;

  constructor(options: DatagramLoopOptions) {
    this.#options = options;
    this.#nextSecondAtMs = options.clock.monotonicMs();
  }

  /** Serves until `stop`. Rejects only when our own code is broken. */
  async run(): Promise<void> {
    let restMs = restMsMin;
    while (!this.#stopping) {
      if (this.turn() > 0) {
        restMs = restMsMin;
        await turnEventLoop();
      } else {
        await rest(restMs);
        restMs = Math.min(restMs + 1, restMsMax);
      }
    }
  }

  stop(): void {
    this.#stopping = true;
  }

  /** Serves one batch and does what is due. Returns the number of datagrams. */
  turn(): number {
    const { socket, clock, serve, endTurn, everySecond } = this.#options;
    const received = socket.receive();
    const nowMs = clock.monotonicMs();
    for (let index = 0; index < received; index += 1) serve(index, nowMs);
    if (received > 0) socket.flush();
    if (everySecond !== undefined && nowMs >= this.#nextSecondAtMs) {
      this.#nextSecondAtMs = nowMs + secondMs;
      everySecond(nowMs);
    }
    endTurn?.(nowMs);
    return received;
  }
}

async function turnEventLoop(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}

async function rest(forMs: number): Promise<void> {
  await new Promise<void>((resolve) => setTimeout(resolve, forMs));
}
