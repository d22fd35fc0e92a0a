import { hostname } from "node:os";
import { type Clock, systemClock } from "../base/clock.ts";
import { type Logger, nullLogger } from "../base/log.ts";
import { type IcmpSocket, openIcmpSocket } from "../base/net/icmp-socket.ts";
import { SocketError } from "../base/net/socket-error.ts";
import type { UdpSocket, UdpSocketOptions } from "../base/net/udp-socket.ts";
import { failoverReplacement } from "./config/grammar/failover-parser.ts";
import type { ServerConfig } from "./config/model/model.ts";
import { DhcpEngine } from "./dhcp/decide/engine.ts";
import type { LocalInterface } from "./dhcp/exchange/outcome.ts";
import type { PacketLogging } from "./dhcp/exchange/packet-log.ts";
import { DhcpCounters } from "./dhcp/loop/counters.ts";
import { systemInterfaces } from "./dhcp/loop/edge/interfaces.ts";
import { LinkReplies } from "./dhcp/loop/edge/link-reply.ts";
import { DhcpListener } from "./dhcp/loop/edge/listener.ts";
import { Pinger } from "./dhcp/loop/edge/pinger.ts";
import { openServerSocket, takeInterfaces } from "./dhcp/loop/edge/server-socket.ts";
import { ReplySender } from "./dhcp/loop/reply-sender.ts";
import { AddressNames } from "./dhcp/names/address-names.ts";
import { CommandRunner } from "./dhcp/names/command-runner.ts";
import { HostNameResolver } from "./dhcp/names/resolver.ts";
import type { TftpPair } from "./dhcp/policy/crossed-tftp.ts";
import { logMessages, type StatementOutput } from "./dhcp/policy/statement-output.ts";
import type { Durability } from "./lease/store/lease-store.ts";
import type { LeaseTable } from "./lease/table/lease-table.ts";
import { openLeaseStorage, takeLeaseFile } from "./lease-storage.ts";
import { completeConfig, leaseTableOf } from "./load-config.ts";
import { SharedPairState } from "./mandate/shared-pair-state.ts";
import { dhcpFamilies } from "./metrics/dhcp-metrics.ts";
import { DurationHistogram } from "./metrics/duration-histogram.ts";
import type { Family } from "./metrics/exposition.ts";
import { pairFamilies } from "./metrics/pair-metrics.ts";
import { Admission, type AdmissionLimits } from "./overload/admission.ts";
import { KnownClients } from "./overload/known-clients.ts";
import { OverloadGuard } from "./overload/overload-guard.ts";
import { leaseClock } from "./pair/lease-clock.ts";
import { PairGate } from "./pair/pair-gate.ts";
import type { PairPlane, PlaneEnd } from "./pair/pair-plane.ts";
import { StartError } from "./process/start-error.ts";
import { servedInterfaces, tellWhatIsUnheard, tellWhereItListens } from "./served-interfaces.ts";
import { type ServerTrace, untraced } from "./trace/server-trace.ts";

const serverPortDefault = 67;
const broadcastAddressDefault = 0xffff_ffff;

export interface DhcpServerOptions {
  readonly config: ServerConfig;
  readonly leaseFile: string;
  /** UDP port of the server, 67 unless the configuration or this says otherwise; clients have the next one. */
  readonly port?: number;
  /** Limits the service to these interfaces (DHCP-10). */
  readonly interfaceNames?: readonly string[];
  /** Replaces 255.255.255.255 as the destination of broadcasts (`-s`). */
  readonly broadcastAddress?: number;
  /** Of a pair of nodes (TFTP-2): replies name the other node's first, this one's second. */
  readonly tftpServers?: TftpPair;
  /** When requests are dropped because there are too many; defaults for what is left out. */
  readonly overload?: Partial<AdmissionLimits>;
  readonly backend?: UdpSocketOptions["backend"];
  readonly logger?: Logger;
  /** How each packet is logged: `none` unless told, because a line costs about as much as its decision. */
  readonly packetLogging?: PacketLogging;
  readonly flushLog?: () => void;
  readonly clock?: Clock;
  /** Writes down what passes (`-tf`). */
  readonly trace?: ServerTrace;
  /** One node of a warm-standby pair: it answers while the node has the lead. */
  readonly pair?: PairPlane | undefined;
}

export interface RunningServer {
  /** 0 when it listens on every address. */
  readonly address: number;
  readonly port: number;
  readonly durability: Durability;
  readonly counters: DhcpCounters;
  readonly socket: Pick<UdpSocket, "backend" | "counters">;
  readonly leases: LeaseTable;
  /** What it counts, at this moment, for Prometheus. */
  readonly families: () => Family[];
  /** Settles when the service is over; rejects when our own code broke. */
  readonly ended: Promise<void>;
  /** Why a node of a pair ended by itself; undefined before, and when it was stopped. */
  readonly over: PlaneEnd | undefined;
  /** Ends the service: what was acknowledged is on disk, and the lease file is closed. */
  stop(): Promise<void>;
}

/** Starts to serve. Rejects with StartError when the operator has to mend something first. */
export async function startDhcpServer(options: DhcpServerOptions): Promise<RunningServer> {
  const { logger = nullLogger, trace = untraced } = options;
  const clock = clockOf(options);
  refuseFailover(options.config);
  const leases = leaseTableOf(options.config);
  const releases: (() => void)[] = [];
  const releaseAll = (): void => {
    for (const release of releases.splice(0).reverse()) release();
  };
  try {
    releases.push(await takeLeaseFile(options.leaseFile));
    releases.push(() => trace.end());
    trace.begin(options.leaseFile);
    const syncs = new DurationHistogram();
    const storage = openLeaseStorage({
      leaseFile: options.leaseFile,
      process: options.config.process,
      pair: options.pair,
      took: (ms) => syncs.recordMs(ms),
      ...{ leases, logger, clock },
    });
    releases.push(() => storage.end());
    const store = trace.store(storage.store);
    releases.push(() => store.close());
    const config = completeConfig(options.config, storage.loaded.hosts, logger);
    const port = options.port ?? config.process.localPort ?? serverPortDefault;
    const ports = { server: port, client: config.process.remotePort ?? port + 1 };
    const present = systemInterfaces();
    const { interfaceNames = [], backend } = options;
    const interfaces = servedInterfaces(config, interfaceNames, present, logger);
    releases.push(await takeInterfaces(interfaces, config.process.localAddress, port));
    const socket = trace.socket(
      await openServerSocket({
        address: config.process.localAddress,
        port,
        devices: interfaceNames.length === 0 ? undefined : interfaces.map(({ name }) => name),
        backend,
      }),
    );
    releases.push(() => socket.close());
    tellWhereItListens(config, interfaces, socket, logger);
    tellWhatIsUnheard(config, options.pair?.floatingAddress, logger);

    const links = LinkReplies.open(
      config.process.localAddress === undefined ? interfaces : [],
      logger,
    );
    releases.push(() => links.close());
    const pinger = openPinger(clock.monotonicMs(), logger);
    if (pinger !== undefined) releases.push(() => pinger.close());
    const resolver = new HostNameResolver({ names: config.hostNames, logger });
    releases.push(() => resolver.stop());
    await resolver.start();
    const serverHostName = hostname();
    const addressNames = new AddressNames({ logger });

    const commands = config.allowsExecute ? new CommandRunner(logger) : undefined;
    const counters = new DhcpCounters();
    const floating = options.pair?.floatingAddress;
    // It comes and goes while this listens.
    const ownAddresses = [...present.flatMap(addressesOf), ...(floating ? [floating] : [])];
    // The file beats -s, as in dhcpd.
    const broadcastAddress =
      config.process.limitedBroadcastAddress ?? options.broadcastAddress ?? broadcastAddressDefault;
    const anyInterface = config.process.localAddress !== undefined;
    const engine = new DhcpEngine({
      config,
      leases,
      ports,
      interfaces: () => interfaces,
      tftpServers: options.tftpServers,
      packetLogging: options.packetLogging ?? "none",
      resolve: trace.resolve(resolver.resolve),
      nameOf: trace.nameOf(addressNames.nameOf),
      serverHostName,
      output: outputTo(logger, commands),
      recordsEveryAck: store.durability === "replicated",
    });
    const gate =
      storage.pair === undefined
        ? undefined
        : new PairGate({ ...storage.pair, logger, onTakeOver: () => engine.recount() });
    if (gate !== undefined) releases.push(() => gate.end());
    const sender = new ReplySender({
      socket,
      links: trace.links(links),
      interfaces,
      ownAddresses: new Set(ownAddresses),
      serverPort: socket.localPort,
      broadcastAddress,
      counters,
      logger,
    });
    trace.setUp({
      ports,
      localPort: socket.localPort,
      interfaces,
      anyInterface,
      ownAddresses,
      frameInterfaces: links.interfaceIndexes,
      broadcastAddress,
      tftpServers: options.tftpServers,
      serverHostName,
    });
    const { standingOf } = new KnownClients(config, leases);
    const admission = new Admission({ standingOf, limits: options.overload });
    const listener = new DhcpListener({
      engine: trace.engine(engine),
      leases,
      store,
      socket,
      sender: trace.sender(sender),
      encoder: sender,
      interfaces,
      anyInterface,
      pinger,
      wake: socket.backend === "batch" ? storage.wake : undefined,
      gate,
      overload: new OverloadGuard(admission, counters, logger),
      counters,
      logger,
      flushLog: options.flushLog ?? (() => undefined),
      clock,
    });
    const ended = listener.run().finally(async () => {
      releaseAll();
      await commands?.stop();
    });
    return {
      address: socket.localAddress,
      port: socket.localPort,
      durability: store.durability,
      counters,
      socket,
      leases,
      families: () => [
        ...dhcpFamilies({ counters, socket, pools: config.pools, leases, syncs }),
        ...(storage.pair === undefined ? [] : pairFamilies(storage.pair.pairState)),
      ],
      ended,
      get over() {
        return listener.over;
      },
      stop: () => {
        listener.stop();
        return ended;
      },
    };
  } catch (error) {
    releaseAll();
    throw error;
  }
}

function clockOf({ clock = systemClock, pair }: DhcpServerOptions): Clock {
  return pair === undefined ? clock : leaseClock(clock, new SharedPairState(pair.pairState));
}

/** The partner would lend the same addresses. */
function refuseFailover({ failoverPeers: [peer] }: ServerConfig): void {
  if (peer === undefined) return;
  throw new StartError(
    `failover peer ${peer.name}: the failover protocol is not spoken; ${failoverReplacement}`,
  );
}

function outputTo(
  logger: Logger,
  commands: CommandRunner | undefined,
): (output: StatementOutput) => void {
  return (output) => {
    logMessages(output.messages, logger);
    for (const words of output.commands) commands?.run(words);
  };
}

function openPinger(nowMs: number, logger: Logger): Pinger | undefined {
  let socket: IcmpSocket;
  try {
    socket = openIcmpSocket();
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    logger.info(
      `No raw ICMP socket (${error.message}): addresses are offered without a ping-check.`,
    );
    return undefined;
  }
  return new Pinger({ socket, identifier: process.pid & 0xffff, nowMs });
}

function addressesOf({ addresses }: LocalInterface): readonly number[] {
  return addresses.map(({ address }) => address);
}
