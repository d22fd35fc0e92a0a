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
  /** For messages: `syslog`, `NTP`. */
  readonly service: string;
  /** 0 is the wildcard. */
  readonly address: number;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly backend?: UdpSocketOptions["backend"] | undefined;
  readonly datagramBytesMax?: number;
}

/** The socket of a service that shares its port with nobody. Rejects with StartError. */
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
  /** Decides about the datagram in slot `index`; may push replies, which leave together. */
  readonly serve: (index: number, nowMs: number) => void;
  /** Once a turn, after its datagrams. */
  readonly endTurn?: (nowMs: number) => void;
  readonly everySecond?: (nowMs: number) => void;
}

/**
 * The loop of a small service: the event loop turns after every batch, and when there is none, the
 * service rests for a few milliseconds. It never blocks the thread, because several such services
 * share one with the DHCP server, whose own wait is the only one that may block. What arrives
 * meanwhile has the kernel's timestamp.
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

  /** One batch, and what is due. Returns how many datagrams there were. */
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
