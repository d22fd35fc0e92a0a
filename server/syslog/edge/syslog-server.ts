import { randomInt } from "node:crypto";
import { resolve } from "node:path";
import { systemClock } from "../../../base/clock.ts";
import { type Logger, nullLogger } from "../../../base/log.ts";
import { formatIpv4 } from "../../../protocol/ipv4.ts";
import { SYSLOG_PORT } from "../../../protocol/syslog/message.ts";
import {
  type CountingService,
  type ServiceOptions,
  serveDatagrams,
} from "../../service/loop/datagram-loop.ts";
import { openUdpAndTcp } from "../../service/loop/udp-and-tcp.ts";
import { FileRouter, type FileRule, fileRulesDefault } from "../file-router.ts";
import { dayBytesMaxMin, daysKeptDefault } from "../rotation.ts";
import { type SyslogRateLimits, SyslogRates } from "../syslog-rates.ts";
import {
  newSyslogCounters,
  type SyslogCounters,
  SyslogReceiver,
  syslogFamilies,
} from "../syslog-receiver.ts";
import { LogFiles } from "./log-files.ts";
import { readStream } from "./stream-input.ts";

const totalBytesMaxDefault = 10 * 1024 ** 3;
/** The longest datagram, so that a message that is too long arrives, and is cut off as over TCP. */
const datagramBytesMax = 65_535;
/** Slots for datagrams: 4 MiB. */
const batchMax = 64;
const connectionsMaxDefault = 1024;
const connectionsPerPeerMax = 64;
/** Senders keep a connection open between messages; one idle for this long is closed. */
const idleMsMaxDefault = 600_000;

export interface SyslogServerOptions extends ServiceOptions {
  /** The directory for files without an absolute path; created when missing. */
  readonly directory: string;
  /** Receive over TCP as well: yes by default. */
  readonly tcp?: boolean;
  /** Which messages go into which file; the table of LOG-1 by default. */
  readonly rules?: readonly FileRule[];
  readonly daysKept?: number;
  /**
   * The limit for all files together: 10 GiB by default. A day may have this divided by `daysKept` + 1, and at
   * least 64 KiB; further lines of the day are dropped. So PERF-2's 90 days are kept whatever comes.
   */
  readonly totalBytesMax?: number;
  /** Limits for each source; beyond them datagrams are dropped and TCP waits. */
  readonly rateLimits?: Partial<SyslogRateLimits>;
  /** Addresses that many devices send from; there each host that messages name is a source. */
  readonly relays?: readonly number[];
  readonly connectionsMax?: number;
  readonly idleMsMax?: number;
}

export interface RunningSyslogServer extends CountingService {
  readonly counters: SyslogCounters;
  /** Absolute paths, in the order of the rules. */
  readonly files: readonly string[];
}

/**
 * A syslog receiver over UDP (RFC 5426) and TCP (RFC 6587) for both message formats. It writes into a
 * file by facility (LOG-1), a new one each day, 90 days kept (LOG-4, PERF-2). Rejects with StartError
 * when the port or a file is not available, and with RangeError for a wrong rule or limit.
 */
export async function startSyslogServer(
  options: SyslogServerOptions,
): Promise<RunningSyslogServer> {
  const { address = 0, port = SYSLOG_PORT, clock = systemClock, logger = nullLogger } = options;
  const router = new FileRouter(options.rules ?? fileRulesDefault);
  const { rateLimits = {}, relays } = options;
  const seed = randomInt(2 ** 32);
  const rates = new SyslogRates(rateLimits, seed);
  const counters = newSyslogCounters();
  const paths = router.files.map((file) => resolve(options.directory, file));
  const files = openFiles(options, paths, counters, logger, clock.wallMs());
  const receiver = new SyslogReceiver({ router, sink: files, counters, rates, relays, seed });

  const { socket, acceptor } = await openUdpAndTcp(
    {
      service: "syslog",
      address,
      port,
      backend: options.backend,
      datagramBytesMax,
      batchMax,
    },
    options.tcp ?? true,
    {
      connectionsMax: options.connectionsMax ?? connectionsMaxDefault,
      connectionsPerPeerMax,
      idleMsMax: options.idleMsMax ?? idleMsMaxDefault,
      onConnection: (connection, peer) => readStream(connection, peer, receiver, clock),
    },
  ).catch((error: unknown) => {
    files.close();
    throw error;
  });
  logger.info(`Syslog on ${formatIpv4(address)} port ${socket.localPort}.`);

  const tellDrops = (isLast: boolean): void => {
    counters.dropped["receive-buffer"] = socket.counters.kernelDrops;
    const drops = receiver.noteDrops(clock.monotonicMs(), clock.wallMs(), isLast);
    if (drops !== undefined) logger.warn(`Syslog: ${drops}.`);
  };
  const running = serveDatagrams({
    socket,
    clock,
    serve: (index, nowMs) => {
      const source = socket.sourceAddress(index);
      receiver.accept(socket.bytes(index), source, nowMs, clock.wallMs(), "udp");
    },
    endTurn: () => files.flush(clock.wallMs()),
    everySecond: () => {
      if (acceptor !== undefined) counters["tcp-refused"] = acceptor.counters.refused;
      files.maintain(clock.wallMs());
      tellDrops(false);
    },
    close: async () => {
      await acceptor?.close();
      tellDrops(true);
      files.close();
    },
  });
  return { ...running, counters, files: paths, families: () => syslogFamilies(counters) };
}

function openFiles(
  options: SyslogServerOptions,
  paths: readonly string[],
  counters: SyslogCounters,
  logger: Logger,
  unixMs: number,
): LogFiles {
  const { daysKept = daysKeptDefault, totalBytesMax = totalBytesMaxDefault } = options;
  if (!Number.isInteger(daysKept) || daysKept < 1) {
    throw new RangeError(`syslog keeps a whole number of days from 1, not ${daysKept}`);
  }
  const totalBytesMaxMin = dayBytesMaxMin * (daysKept + 1);
  if (!Number.isSafeInteger(totalBytesMax) || totalBytesMax < totalBytesMaxMin) {
    throw new RangeError(
      `syslog's totalBytesMax is a whole number from ${totalBytesMaxMin}, not ${totalBytesMax}`,
    );
  }
  const onLost = (lines: number): void => {
    counters.dropped["write-failed"] += lines;
    counters.lines -= lines;
  };
  return new LogFiles({ paths, daysKept, totalBytesMax, logger, onLost }, unixMs);
}
