import { randomInt } from "node:crypto";
import { systemClock } from "../../../base/clock.ts";
import { type Logger, nullLogger } from "../../../base/log.ts";
import { SocketError } from "../../../base/net/kernel/socket-error.ts";
import { openUdpSocket, type UdpSocket } from "../../../base/net/udp-socket.ts";
import { formatIpv4, type Ipv4Network } from "../../../protocol/ipv4.ts";
import {
  BLOCK_BYTES_DEFAULT,
  BLOCK_BYTES_MAX,
  DATA_HEADER_BYTES,
  TFTP_PORT,
  tftpErrorCodes,
} from "../../../protocol/tftp/packet.ts";
import { StartError, systemReason } from "../../process/start-error.ts";
import type { CountingService, ServiceOptions } from "../../service/loop/datagram-loop.ts";
import { newTftpCounters, type TftpCounters, tftpFamilies } from "../counters.ts";
import { refusal, type TransferPolicy } from "../negotiation.ts";
import { type OpenResult, TftpService } from "../service.ts";
import { BytesContent } from "../transfer-content.ts";
import { TransferLog } from "../transfer-log.ts";
import { FileSource, type FileSourceOptions } from "./file-source.ts";
import { SocketOutlet, TftpListener } from "./listener.ts";

/** The settings that an operator may change. */
export interface TftpTuning {
  /** How many transfers run at once, 10,000 by default; further requests wait (TFTP-9). */
  readonly sessionsMax?: number;
  /** How many requests may wait, 8,192 by default; further ones are dropped. */
  readonly queueMax?: number;
  /** The request port plus the ports for transfers, 64 in all by default; 1: one port does everything. */
  readonly portsMax?: number;
  /** Larger blocks are negotiated down: 65,464 by default. */
  readonly blockBytesMax?: number;
  /** Larger windows are negotiated down: 64 blocks by default, and 64 KiB. */
  readonly windowBlocksMax?: number;
  /** Time before an unanswered packet is repeated, unless the client sets it (TFTP-4): 5 by default. */
  readonly retrySeconds?: number;
  /** Silence that ends a transfer (TFTP-4): 300 by default. */
  readonly sessionSeconds?: number;
  /** Whether each transfer is logged. */
  readonly logTransfers?: boolean;
  /** Only clients in these networks are answered; without it all are. */
  readonly allow?: readonly Ipv4Network[];
  /** Transfers and waiting requests of one address, 256 by default; further requests are dropped. */
  readonly sessionsPerAddressMax?: number;
  /** Answers that one address may be sent at once without an ACK, 256 by default. */
  readonly unackedMax?: number;
  /** How many more of them it may be sent a second: 16 by default. */
  readonly unackedPerSecond?: number;
  /** How often the first answer is repeated before there is an ACK: once by default. */
  readonly unackedRetriesMax?: number;
}

export interface TftpServerOptions extends ServiceOptions, TftpTuning {
  /** The directory that is served. */
  readonly root: string;
  readonly flushLog?: () => void;
  /** Prevents clients from choosing ports that collide in the session table; random by default. */
  readonly seed?: number;
  /** Limits of the file source's memory and open files. */
  readonly files?: Omit<FileSourceOptions, "root" | "wallMs">;
  /** Makes files on demand and is asked before the root; undefined: it does not make this file. */
  readonly generated?: (filename: string, clientAddress: number) => Uint8Array | undefined;
}

export interface RunningTftpServer extends CountingService {
  /** 0 when it listens on every address. */
  readonly address: number;
  readonly counters: TftpCounters;
  /** Current number of transfers and of waiting requests. */
  readonly load: () => { readonly sessions: number; readonly waiting: number };
}

const defaults = {
  ...{ address: 0, port: TFTP_PORT, logTransfers: false, blockBytesMax: BLOCK_BYTES_MAX },
  sessionsMax: 10_000,
  queueMax: 8192,
  portsMax: 64,
  windowBlocksMax: 64,
  retrySeconds: 5,
  sessionSeconds: 300,
  sessionsPerAddressMax: 256,
  unackedMax: 256,
  unackedPerSecond: 16,
  unackedRetriesMax: 1,
} as const;

type Settings = TftpServerOptions & Required<Pick<TftpServerOptions, keyof typeof defaults>>;

// Less than half of Linux's default receive buffer: a larger window overruns real clients.
const windowBytesMax = 64 * 1024;
const unansweredMsMax = 30_000;
const secondMs = 1000;
/** How many sockets one wait can watch. */
const socketsMax = 64;
/** A request has at most 512 bytes (RFC 2347), but old clients pad their packets. */
const requestBytesMax = 2048;
/** The longest DATA that fits an Ethernet frame; larger blocks get a few ports of their own. */
const framedPacketBytesMax = 1472;
const largePortsMax = 2;
const ranges = {
  blockBytesMax: [BLOCK_BYTES_DEFAULT, BLOCK_BYTES_MAX],
  windowBlocksMax: [1, 65_535],
  sessionsMax: [1, 1_000_000],
  queueMax: [0, 1_000_000],
  portsMax: [1, socketsMax],
  sessionsPerAddressMax: [1, 1_000_000],
  unackedMax: [1, 1_000_000],
  unackedPerSecond: [1, 1_000_000],
  unackedRetriesMax: [0, 30],
} as const;
const batchMax = { requests: 256, transfers: 64, large: 32 } as const;
const transferBufferBytes = 2 * 1024 * 1024;

/** Starts to serve files. Rejects with StartError when the operator has to fix something first. */
export async function startTftpServer(options: TftpServerOptions): Promise<RunningTftpServer> {
  const { logger = nullLogger, clock = systemClock } = options;
  const settings = { ...defaults, ...options };
  for (const [name, [min, max]] of Object.entries(ranges)) {
    checkWhole(name, settings[name as keyof typeof ranges], min, max);
  }
  const policy = policyOf(settings);
  const files = new FileSource({
    ...options.files,
    root: options.root,
    wallMs: () => clock.wallMs(),
  });
  const plan = portPlanOf(settings.portsMax, policy.blockBytesMax);
  const sockets = await openSockets(settings, plan);
  const counters = newTftpCounters();
  const outlet = new SocketOutlet(sockets);
  const service = new TftpService({
    open: opener(files, options.generated, logger),
    outlet,
    packetBytesMaxByPort: plan.map(({ packetBytesMax }) => packetBytesMax),
    policy,
    sessionsMax: settings.sessionsMax,
    queueMax: settings.queueMax,
    allow: options.allow,
    addressLimits: {
      sessionsMax: settings.sessionsPerAddressMax,
      unackedMax: settings.unackedMax,
      unackedPerSecond: settings.unackedPerSecond,
    },
    counters,
    observer: new TransferLog(logger, settings.logTransfers, () => clock.monotonicMs()),
    seed: options.seed ?? randomInt(2 ** 32),
    startMs: clock.monotonicMs(),
  });
  const flushLog = options.flushLog ?? (() => undefined);
  const { address } = settings;
  const listener = new TftpListener({
    ...{ service, sockets, address, outlet, counters, clock, flushLog },
  });
  const ended = listener.run().finally(() => closeAll(sockets));
  const { localAddress, localPort } = sockets[0];
  const load = () => ({ sessions: service.sessionCount, waiting: service.waitingCount });
  logger.info(`TFTP serves ${options.root} on ${formatIpv4(localAddress)} port ${localPort}`);
  return {
    address: localAddress,
    port: localPort,
    counters,
    load,
    families: () => tftpFamilies(counters, load()),
    ended,
    stop: () => {
      listener.stop();
      // Closing the sockets ends the loop's wait at once.
      closeAll(sockets);
      return ended;
    },
  };
}

function policyOf(settings: Settings): TransferPolicy {
  const { blockBytesMax, windowBlocksMax, unackedRetriesMax } = settings;
  const sessionMs = settings.sessionSeconds * secondMs;
  const retryMs = settings.retrySeconds * secondMs;
  const unansweredMs = Math.min(unansweredMsMax, sessionMs);
  return {
    ...{ blockBytesMax, windowBlocksMax, windowBytesMax },
    ...{ retryMs, sessionMs, unansweredMs, unackedRetriesMax },
  };
}

function checkWhole(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new StartError(`TFTP's ${name} must be a whole number in ${min}..${max}, not ${value}`);
}

interface PortPlan {
  /** The longest packet of a transfer on this port; -1 for a port without transfers. */
  readonly packetBytesMax: number;
  readonly datagramBytesMax: number;
  readonly batchMax: number;
  readonly bufferBytes: number | undefined;
}

/** Each slot is as long as the longest packet, so only a few ports carry the large ones. */
function portPlanOf(portsMax: number, blockBytesMax: number): readonly PortPlan[] {
  const packetBytesMax = DATA_HEADER_BYTES + blockBytesMax;
  const bytesFor = (bytes: number): number => Math.max(bytes, requestBytesMax);
  const requests = { batchMax: batchMax.requests, bufferBytes: undefined };
  if (portsMax === 1) {
    return [{ ...requests, packetBytesMax, datagramBytesMax: bytesFor(packetBytesMax) }];
  }
  const transfers = portsMax - 1;
  const isLarge = packetBytesMax > framedPacketBytesMax;
  const largePorts = isLarge ? Math.min(largePortsMax, transfers) : 0;
  const bufferBytes = transferBufferBytes;
  const framed = { packetBytesMax: framedPacketBytesMax, datagramBytesMax: requestBytesMax };
  const large = { packetBytesMax, datagramBytesMax: bytesFor(packetBytesMax) };
  return [
    { ...requests, packetBytesMax: -1, datagramBytesMax: requestBytesMax },
    ...new Array<PortPlan>(transfers - largePorts).fill({
      ...framed,
      batchMax: batchMax.transfers,
      bufferBytes,
    }),
    ...new Array<PortPlan>(largePorts).fill({ ...large, batchMax: batchMax.large, bufferBytes }),
  ];
}

async function openSockets(
  { address, port, backend = "auto" }: Settings,
  plan: readonly PortPlan[],
): Promise<UdpSocket[]> {
  const sockets: UdpSocket[] = [];
  try {
    for (const { datagramBytesMax, batchMax, bufferBytes } of plan) {
      sockets.push(
        await openUdpSocket({
          ...(sockets.length === 0 ? { address, port } : transferPlace(address, sockets[0])),
          datagramBytesMax,
          batchMax,
          backend,
          ...(bufferBytes === undefined ? {} : { bufferBytes }),
        }),
      );
    }
    return sockets;
  } catch (error) {
    closeAll(sockets);
    if (!(error instanceof SocketError)) throw error;
    const place = sockets.length > 0 ? "a port for transfers" : `port ${port}`;
    throw new StartError(
      [
        `Can't bind to TFTP's address ${formatIpv4(address)}, ${place}: ${systemReason(error)}`,
        "Please make sure there is no other TFTP server running on this port,",
        "and that you may open it (ports below 1024 need root).",
      ].join("\n"),
      { cause: error },
    );
  }
}

/**
 * A port of the system's choice. On the wildcard no other user of the machine can take an address of it
 * (see openUdpSocket); the batched socket sends from the service's address all the same.
 */
function transferPlace(address: number, { backend }: UdpSocket) {
  return { address: backend === "batch" ? 0 : address, port: 0 };
}

function closeAll(sockets: readonly UdpSocket[]): void {
  for (const socket of sockets) socket.close();
}

/** A file that cannot be made affects one device and must not end the service. */
function opener(
  files: FileSource,
  generated: TftpServerOptions["generated"],
  logger: Logger,
): (filename: string, clientAddress: number) => OpenResult {
  if (generated === undefined) return (filename) => files.open(filename);
  return (filename, clientAddress) => {
    let bytes: Uint8Array | undefined;
    try {
      bytes = generated(filename, clientAddress);
    } catch (error) {
      const address = formatIpv4(clientAddress);
      const what = `${JSON.stringify(filename)} for ${address}`;
      logger.error(`TFTP could not make ${what}: ${systemReason(error)}`, {
        file: filename,
        address,
      });
      return refusal(tftpErrorCodes.undefined, "the file could not be made");
    }
    if (bytes === undefined) return files.open(filename);
    return { kind: "opened", content: new BytesContent(bytes) };
  };
}
