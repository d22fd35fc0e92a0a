import type { Clock } from "../../../base/clock.ts";
import type { Logger } from "../../../base/log.ts";
import { SocketError } from "../../../base/net/kernel/socket-error.ts";
import {
  openUdpSocket,
  type UdpSocket,
  type UdpSocketOptions,
} from "../../../base/net/udp-socket.ts";
import { formatIpv4 } from "../../../protocol/ipv4.ts";
import type { Family } from "../../metrics/exposition.ts";
import { StartError } from "../../process/start-error.ts";

const secondMs = 1000;
const restMsMin = 1;
const restMsMax = 5;

/** The options that every small service has. */
export interface ServiceOptions {
  /** The wildcard by default. */
  readonly address?: number;
  /** The service's well-known port by default; 0 lets the system choose. */
  readonly port?: number;
  readonly backend?: UdpSocketOptions["backend"];
  readonly logger?: Logger;
  readonly clock?: Clock;
}

export interface RunningService {
  readonly port: number;
  /** Settles when the service is over; rejects when our own code broke. */
  readonly ended: Promise<void>;
  /** Ends the service in good order. */
  stop(): Promise<void>;
}

/** A service that shows its counters to Prometheus. */
export interface CountingService extends RunningService {
  /** Its metrics at this moment. */
  readonly families: () => Family[];
}

export interface ServiceSocketOptions {
  /** The service's name in messages: `syslog`, `NTP`. */
  readonly service: string;
  /** 0 is the wildcard. */
  readonly address: number;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly backend?: UdpSocketOptions["backend"] | undefined;
  readonly datagramBytesMax?: number;
  readonly batchMax?: number;
}

/** Opens a socket on a port that no other process shares. Rejects with StartError. */
export async function openServiceSocket(options: ServiceSocketOptions): Promise<UdpSocket> {
  const { service, backend = "auto", ...where } = options;
  try {
    return await openUdpSocket({ ...where, backend });
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    throw portRefused(`${service} UDP`, where.address, where.port, error.message);
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

/** Queues a reply to datagram `index`: the first `length` bytes of the slot. */
export function pushReply(socket: UdpSocket, index: number, length: number): void {
  // Send from the address that the client asked: clients drop an answer from another one.
  socket.push(
    length,
    socket.sourceAddress(index),
    socket.sourcePort(index),
    socket.destinationAddress(index),
  );
}

export interface DatagramLoop {
  readonly socket: UdpSocket;
  readonly clock: Clock;
  /** Handles the datagram in slot `index`. It may push replies; they are sent together. */
  readonly serve: (index: number, nowMs: number) => void;
  readonly everySecond?: (nowMs: number) => void;
  /** Called once a turn, after its datagrams. */
  readonly endTurn?: (nowMs: number) => void;
  /** Called after the last turn, when the socket is closed. */
  readonly close?: () => void | Promise<void>;
}

/**
 * Runs the loop of a small service until `stop`. The event loop turns after every batch; without
 * datagrams the service rests for a few milliseconds. It never blocks the thread, which other parts
 * of the service use as well. Datagrams that arrive meanwhile have the kernel's timestamp.
 */
export function serveDatagrams(loop: DatagramLoop): RunningService {
  let isStopping = false;
  const ended = run(loop, () => isStopping).finally(() => {
    loop.socket.close();
    return loop.close?.();
  });
  return {
    port: loop.socket.localPort,
    ended,
    stop: () => {
      isStopping = true;
      return ended;
    },
  };
}

async function run(loop: DatagramLoop, isStopping: () => boolean): Promise<void> {
  const { socket, clock, serve, endTurn, everySecond } = loop;
  let nextSecondAtMs = clock.monotonicMs();
  let restMs = restMsMin;
  while (!isStopping()) {
    const received = socket.receive();
    const nowMs = clock.monotonicMs();
    for (let index = 0; index < received; index += 1) serve(index, nowMs);
    if (received > 0) socket.flush();
    if (everySecond !== undefined && nowMs >= nextSecondAtMs) {
      nextSecondAtMs = nowMs + secondMs;
      everySecond(nowMs);
    }
    endTurn?.(nowMs);
    if (received > 0) {
      restMs = restMsMin;
      await new Promise<void>((resolve) => setImmediate(resolve));
    } else {
      const forMs = restMs;
      await new Promise<void>((resolve) => setTimeout(resolve, forMs));
      restMs = Math.min(restMs + 1, restMsMax);
    }
  }
}
