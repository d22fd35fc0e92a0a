import { randomInt } from "node:crypto";
import { resolve } from "node:path";
import { systemClock } from "../../../base/clock.ts";
import { type Logger, nullLogger } from "../../../base/log.ts";
import { type SourceRateLimits, SourceRates } from "../../../base/source-rates.ts";
import { formatIpv4 } from "../../../protocol/ipv4.ts";
import { SYSLOG_BYTES_MAX, SYSLOG_PORT } from "../../../protocol/syslog/message.ts";
import {
  type CountingService,
  type ServiceOptions,
  serveDatagrams,
} from "../../service/loop/datagram-loop.ts";
import { openUdpAndTcp } from "../../service/loop/udp-and-tcp.ts";
import { FileRouter, type FileRule, fileRulesDefault } from "../file-router.ts";
import {
  newSyslogCounters,
  type SyslogCounters,
  SyslogReceiver,
  syslogFamilies,
} from "../syslog-receiver.ts";
import { LogFiles } from "./log-files.ts";
import { readStream } from "./stream-input.ts";

/** PERF-2, LOG-4. */
const daysKeptDefault = 90;
/** The limit for one day's file, so that no single application fills the disk. */
const fileBytesMaxDefault = 1024 ** 3;
const totalBytesMaxDefault = 10 * 1024 ** 3;
const totalBytesMaxMin = 64 * 1024;
/** Far more than a device sends, and enough for a relay that forwards for thousands. */
export const syslogRateLimitsDefault: SourceRateLimits = { burst: 10_000, perSecond: 2000 };
const connectionsMaxDefault = 1024;
const connectionsPerPeerMax = 64;
/** Senders keep a connection open between messages; one idle for this long is closed. */
const idleMsMaxDefault = 600_000;
/** Our own log reports drops at most once in this time; the log files say so every second. */
const dropToldMsMin = 10_000;

export interface SyslogServerOptions extends ServiceOptions {
  /** The directory for files without an absolute path; created when missing. */
  readonly directory: string;
  /** Receive over TCP as well: yes by default. */
  readonly tcp?: boolean;
  /** Which messages go into which file; the table of LOG-1 by default. */
  readonly rules?: readonly FileRule[];
  readonly daysKept?: number;
  /** The limit for one file, and so for one day: 1 GiB by default. */
  readonly fileBytesMax?: number;
  /**
   * The limit for all files together: 10 GiB by default, at least 64 KiB. Beyond it the oldest days are
   * removed first, then lines are dropped; PERF-2's 90 days hold as long as they fit.
   */
  readonly totalBytesMax?: number;
  /**
   * Message limits for each address; beyond them datagrams are dropped and TCP waits. `false`: no limit.
   */
  readonly rateLimits?: SourceRateLimits | false;
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
  const { rateLimits = syslogRateLimitsDefault } = options;
  const rates = rateLimits === false ? undefined : new SourceRates(rateLimits, randomInt(2 ** 32));
  const { perSecond } = rateLimits || syslogRateLimitsDefault;
  const counters = newSyslogCounters();
  const paths = router.files.map((file) => resolve(options.directory, file));
  const files = openFiles(options, paths, counters, logger, clock.wallMs());
  const receiver = new SyslogReceiver(router, files, counters);

  const { socket, acceptor } = await openUdpAndTcp(
    {
      service: "syslog",
      address,
      port,
      backend: options.backend,
      datagramBytesMax: SYSLOG_BYTES_MAX,
    },
    options.tcp ?? true,
    {
      connectionsMax: options.connectionsMax ?? connectionsMaxDefault,
      connectionsPerPeerMax,
      idleMsMax: options.idleMsMax ?? idleMsMaxDefault,
      onConnection: (connection, peer) =>
        readStream(connection, peer, { receiver, rates, perSecond, clock }),
    },
  ).catch((error: unknown) => {
    files.close();
    throw error;
  });
  logger.info(`Syslog on ${formatIpv4(address)} port ${socket.localPort}.`);

  let dropsToldAtMs = Number.NEGATIVE_INFINITY;
  const running = serveDatagrams({
    socket,
    clock,
    serve: (index, nowMs) => {
      const source = socket.sourceAddress(index);
      if (rates?.take(source, nowMs) === false) {
        counters.received.udp += 1;
        counters.dropped.rate += 1;
      } else receiver.accept(socket.bytes(index), source, clock.wallMs(), "udp");
    },
    endTurn: () => files.flush(clock.wallMs()),
    everySecond: (nowMs) => {
      if (acceptor !== undefined) counters["tcp-refused"] = acceptor.counters.refused;
      files.maintain(clock.wallMs());
      const drops = receiver.noteDrops(clock.wallMs());
      if (drops === undefined || nowMs - dropsToldAtMs < dropToldMsMin) return;
      dropsToldAtMs = nowMs;
      logger.warn(`Syslog: ${drops}.`);
    },
    close: async () => {
      await acceptor?.close();
      receiver.noteDrops(clock.wallMs(), true);
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
  const { daysKept = daysKeptDefault, fileBytesMax = fileBytesMaxDefault } = options;
  const { totalBytesMax = totalBytesMaxDefault } = options;
  if (!Number.isInteger(daysKept) || daysKept < 1) {
    throw new RangeError(`syslog keeps a whole number of days from 1, not ${daysKept}`);
  }
  if (!Number.isSafeInteger(totalBytesMax) || totalBytesMax < totalBytesMaxMin) {
    throw new RangeError(
      `syslog's totalBytesMax is a whole number from ${totalBytesMaxMin}, not ${totalBytesMax}`,
    );
  }
  const onLost = (lines: number): void => {
    counters.dropped["write-failed"] += lines;
    counters.lines -= lines;
  };
  return new LogFiles({ paths, daysKept, fileBytesMax, totalBytesMax, logger, onLost }, unixMs);
}
