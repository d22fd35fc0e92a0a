import type { Socket } from "node:net";
import { type Clock, systemClock } from "../../../base/clock.ts";
import { nullLogger } from "../../../base/log.ts";
import type { UdpSocket } from "../../../base/net/udp-socket.ts";
import { formatIpv4 } from "../../../protocol/ipv4.ts";
import { encodeTime } from "../../../protocol/time/rfc868.ts";
import { type CounterNames, counterFamilies, type Family } from "../../metrics/exposition.ts";
import {
  type CountingService,
  pushReply,
  type ServiceOptions,
  serveDatagrams,
} from "../../service/loop/datagram-loop.ts";
import { openUdpAndTcp } from "../../service/loop/udp-and-tcp.ts";
import { isClockSet, type TimeDropReason, timeRefusal } from "../time-reply.ts";

const timePort = 37;
const timeBytes = 4;
const connectionsMax = 256;
/** A peer that has not taken its four bytes after this time never will. */
const idleMsMax = 5000;

export interface TimeServerOptions extends ServiceOptions {
  /** Serve over TCP as well: yes by default (INC-9). */
  readonly tcp?: boolean;
}

export const newTimeCounters = () => ({
  answered: { udp: 0, tcp: 0 },
  dropped: { "clock-not-set": 0, loop: 0 } satisfies Record<TimeDropReason, number>,
});
type TimeCounters = ReturnType<typeof newTimeCounters>;

const names: CounterNames = {
  answered: { label: "transport", help: "Requests answered." },
  dropped: { label: "reason", help: "Requests without an answer, by reason." },
};

export function timeFamilies(counters: TimeCounters): Family[] {
  return counterFamilies("provlab_time", counters, names);
}

export interface RunningTimeServer extends CountingService {
  readonly counters: TimeCounters;
}

/**
 * The Time service of RFC 868 (TIME-5, TIME-7): seconds since 1900 in four bytes, over UDP and TCP, from
 * the host's clock. Rejects with StartError when a port is not available.
 */
export async function startTimeServer(options: TimeServerOptions = {}): Promise<RunningTimeServer> {
  const { address = 0, port = timePort, clock = systemClock, logger = nullLogger } = options;
  const counters = newTimeCounters();
  const udp = { service: "Time", address, port, backend: options.backend };
  const { socket, acceptor } = await openUdpAndTcp(udp, options.tcp ?? true, {
    connectionsMax,
    idleMsMax,
    onConnection: (connection) => tell(connection, unixSecondsOf(clock), counters),
  });
  logger.info(`Time (RFC 868) on ${formatIpv4(address)} port ${socket.localPort}.`);
  const running = serveDatagrams({
    socket,
    clock,
    serve: (index) => answer(socket, index, unixSecondsOf(clock), counters),
    close: () => acceptor?.close(),
  });
  return { ...running, counters, families: () => timeFamilies(counters) };
}

function answer(
  socket: UdpSocket,
  index: number,
  unixSeconds: number,
  counters: TimeCounters,
): void {
  const refusal = timeRefusal(socket.bytes(index).length, socket.sourcePort(index), unixSeconds);
  if (refusal !== undefined) {
    counters.dropped[refusal] += 1;
    return;
  }
  pushReply(socket, index, encodeTime(unixSeconds, socket.slot(), 0));
  counters.answered.udp += 1;
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
  counters.answered.tcp += 1;
  // Read and discard what the peer sends; unread data would turn the close into a reset.
  connection.resume();
  connection.end(bytes);
}

function unixSecondsOf(clock: Clock): number {
  return Math.floor(clock.wallMs() / 1000);
}
