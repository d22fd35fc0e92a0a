import type { Socket } from "node:net";
import { type Clock, systemClock } from "../../../base/clock.ts";
import { type Logger, nullLogger } from "../../../base/log.ts";
import type { UdpSocket, UdpSocketOptions } from "../../../base/net/udp-socket.ts";
import { formatIpv4 } from "../../../protocol/ipv4.ts";
import { encodeTime } from "../../../protocol/time/rfc868.ts";
import { DatagramLoop, openServiceSocket } from "../../service/loop/datagram-loop.ts";
import { openUdpAndTcp } from "../../service/loop/udp-and-tcp.ts";
import { isClockSet, type TimeDropReason, timeRefusal } from "../time-reply.ts";

const timePort = 37;
const timeBytes = 4;
const connectionsMax = 256;
/** A peer that has not taken its four bytes after this time never will. */
const idleMsMax = 5000;

export interface TimeServerOptions {
  /** The wildcard by default. */
  readonly address?: number;
  /** UDP and TCP port, 37 by default; 0 lets the system choose one for both. */
  readonly port?: number;
  /** Serve over TCP as well: yes by default (INC-9). */
  readonly tcp?: boolean;
  readonly backend?: UdpSocketOptions["backend"];
  readonly logger?: Logger;
  readonly clock?: Clock;
}

export class TimeCounters {
  answered = 0;
  answeredTcp = 0;
  readonly dropped: Record<TimeDropReason, number> = { "clock-not-set": 0, loop: 0 };

  /** Every counter by a dotted name, zeros included. */
  snapshot(): Readonly<Record<string, number>> {
    return {
      "answered.udp": this.answered,
      "answered.tcp": this.answeredTcp,
      "dropped.clock-not-set": this.dropped["clock-not-set"],
      "dropped.loop": this.dropped.loop,
    };
  }
}

export interface RunningTimeServer {
  readonly port: number;
  readonly counters: TimeCounters;
  /** Settles when the service is over; rejects when our own code broke. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/**
 * The Time service of RFC 868 (TIME-5, TIME-7): seconds since 1900 in four bytes, over UDP and TCP, from
 * the host's clock. Rejects with StartError when a port is not available.
 */
export async function startTimeServer(options: TimeServerOptions = {}): Promise<RunningTimeServer> {
  const { address = 0, port = timePort, clock = systemClock, logger = nullLogger } = options;
  const counters = new TimeCounters();
  const udp = { service: "Time", address, port, backend: options.backend };
  const { socket, acceptor } =
    options.tcp === false
      ? { socket: await openServiceSocket(udp), acceptor: undefined }
      : await openUdpAndTcp(udp, {
          connectionsMax,
          idleMsMax,
          onConnection: (connection) => tell(connection, unixSecondsOf(clock), counters),
        });
  logger.info(`Time (RFC 868) on ${formatIpv4(address)} port ${socket.localPort}.`);

  const loop = new DatagramLoop({
    socket,
    clock,
    serve: (index) => answer(socket, index, unixSecondsOf(clock), counters),
  });
  const ended = loop.run().finally(async () => {
    socket.close();
    await acceptor?.close();
  });
  return {
    port: socket.localPort,
    counters,
    ended,
    stop: () => {
      loop.stop();
      return ended;
    },
  };
}

function answer(
  socket: UdpSocket,
  index: number,
  unixSeconds: number,
  counters: TimeCounters,
): void {
  const port = socket.sourcePort(index);
  const refusal = timeRefusal(socket.bytes(index).length, port, unixSeconds);
  if (refusal !== undefined) {
    counters.dropped[refusal] += 1;
    return;
  }
  const end = encodeTime(unixSeconds, socket.slot(), 0);
  // Send from the address that the client asked: clients drop an answer from another one.
  socket.push(end, socket.sourceAddress(index), port, socket.destinationAddress(index));
  counters.answered += 1;
}

/** RFC 868: the server sends the time and closes; a server that does not know the time closes at once. */
function tell(connection: Socket, unixSeconds: number, counters: TimeCounters): void {
  if (!isClockSet(unixSeconds)) {
    counters.dropped["clock-not-set"] += 1;
    connection.destroy();
    return;
  }
  const bytes = new Uint8Array(timeBytes);
  encodeTime(unixSeconds, bytes, 0);
  counters.answeredTcp += 1;
  // Read and discard what the peer sends; unread data would turn the close into a reset.
  connection.resume();
  connection.end(bytes);
}

function unixSecondsOf(clock: Clock): number {
  return Math.floor(clock.wallMs() / 1000);
}
