import { hostname } from "node:os";
import { type Clock, systemClock } from "../base/clock.ts";
import { type Logger, nullLogger } from "../base/log.ts";
import type { UdpSocket } from "../base/net/udp-socket.ts";
import { completeConfig, leaseTableOf } from "./config/edge/load-config.ts";
import { failoverReplacement } from "./config/grammar/failover-parser.ts";
import type { ServerConfig } from "./config/model/model.ts";
import { DhcpEngine } from "./dhcp/decide/engine.ts";
import type { PacketLogging } from "./dhcp/exchange/packet-log.ts";
import { DhcpCounters } from "./dhcp/loop/counters.ts";
import { DhcpListener } from "./dhcp/loop/edge/listener.ts";
import { ReplySender } from "./dhcp/loop/reply-sender.ts";
import { AddressNames } from "./dhcp/names/address-names.ts";
import { CommandRunner } from "./dhcp/names/command-runner.ts";
import { HostNameResolver } from "./dhcp/names/resolver.ts";
import type { TftpPair } from "./dhcp/policy/crossed-tftp.ts";
import { logMessages } from "./dhcp/policy/statement-output.ts";
import { type DhcpSocketOptions, openDhcpSockets, tellWhatIsUnheard } from "./dhcp-sockets.ts";
import type { Durability } from "./lease/store/lease-store.ts";
import type { LeaseTable } from "./lease/table/lease-table.ts";
import { openLeaseStorage, takeLeaseFile } from "./lease-storage.ts";
import { SharedPairState } from "./mandate/shared-pair-state.ts";
import { dhcpFamilies } from "./metrics/dhcp-metrics.ts";
import { DurationHistogram } from "./metrics/duration-histogram.ts";
import { pairFamilies } from "./metrics/pair-metrics.ts";
import { Admission, type AdmissionLimits } from "./overload/admission.ts";
import { standingIn } from "./overload/known-clients.ts";
import { OverloadGuard } from "./overload/overload-guard.ts";
import { leaseClock } from "./pair/lease-clock.ts";
import { PairGate } from "./pair/pair-gate.ts";
import type { PairPlane, PlaneEnd } from "./pair/pair-plane.ts";
import { StartError } from "./process/start-error.ts";
import type { CountingService } from "./service/loop/datagram-loop.ts";
import { type ServerTrace, untraced } from "./trace/server-trace.ts";

const broadcastAddressDefault = 0xffff_ffff;

export interface DhcpServerOptions extends DhcpSocketOptions {
  readonly config: ServerConfig;
  readonly leaseFile: string;
  /** Replaces 255.255.255.255 as the destination of broadcasts (`-s`). */
  readonly broadcastAddress?: number;
  /** On a node of a pair (TFTP-2): replies name the other node's server first, this node's second. */
  readonly tftpServers?: TftpPair;
  /** When to drop requests because there are too many; fields left out keep their defaults. */
  readonly overload?: Partial<AdmissionLimits>;
  readonly logger?: Logger;
  /** How packets are logged: `none` by default, because a line costs about as much as the decision. */
  readonly packetLogging?: PacketLogging;
  readonly flushLog?: () => void;
  readonly clock?: Clock;
  /** Records packets and decisions (`-tf`). */
  readonly trace?: ServerTrace;
  /** On a node of a warm-standby pair: it answers while the node leads. */
  readonly pair?: PairPlane | undefined;
}

export interface RunningServer extends CountingService {
  /** 0 when it listens on every address. */
  readonly address: number;
  readonly durability: Durability;
  readonly counters: DhcpCounters;
  readonly socket: Pick<UdpSocket, "backend" | "counters">;
  readonly leases: LeaseTable;
  /** Why a node of a pair ended by itself; undefined before that, and after `stop`. */
  readonly over: PlaneEnd | undefined;
}

/** The options with their defaults, and functions that release what was acquired, in that order. */
interface Start extends DhcpServerOptions {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly trace: ServerTrace;
  readonly releases: (() => void)[];
}

/** Starts to serve. Rejects with StartError when the operator has to fix something first. */
export async function startDhcpServer(options: DhcpServerOptions): Promise<RunningServer> {
  const { clock = systemClock, pair, logger = nullLogger, trace = untraced } = options;
  const start: Start = {
    ...{ ...options, logger, trace, releases: [] },
    clock: pair === undefined ? clock : leaseClock(clock, new SharedPairState(pair.pairState)),
  };
  try {
    const loaded = await load(start);
    return run(start, loaded, await open(start, loaded.config));
  } catch (error) {
    releaseAll(start);
    throw error;
  }
}

function releaseAll({ releases }: Start): void {
  for (const release of releases.splice(0).reverse()) release();
}

type Loaded = Awaited<ReturnType<typeof load>>;

/** Reads the leases into a table, and completes the configuration with the lease file's hosts. */
async function load({ config, leaseFile, pair, logger, clock, trace, releases }: Start) {
  refuseFailover(config);
  const leases = leaseTableOf(config);
  releases.push(await takeLeaseFile(leaseFile));
  releases.push(() => trace.end());
  trace.begin(leaseFile);
  const syncs = new DurationHistogram();
  const storage = openLeaseStorage({
    ...{ leaseFile, process: config.process, leases, pair, logger, clock },
    took: (ms) => syncs.recordMs(ms),
  });
  releases.push(() => storage.end());
  const store = trace.store(storage.store);
  releases.push(() => store.close());
  return {
    ...{ leases, syncs, store, wake: storage.wake, pairSide: storage.pair },
    config: completeConfig(config, storage.loaded.hosts, logger),
  };
}

type Opened = Awaited<ReturnType<typeof open>>;

/** Opens the sockets and resolves the host names that the configuration needs. */
async function open(start: Start, config: ServerConfig) {
  const { clock, logger, pair, releases } = start;
  const sockets = await openDhcpSockets(config, start, clock.monotonicMs(), logger, releases);
  tellWhatIsUnheard(config, pair?.floatingAddress, logger);
  const resolver = new HostNameResolver(config.hostNames, logger);
  releases.push(() => resolver.stop());
  await resolver.start();
  const { nameOf } = new AddressNames(logger);
  const commands = config.allowsExecute ? new CommandRunner(logger) : undefined;
  return { ...sockets, resolve: resolver.resolve, nameOf, commands };
}

/** Makes the engine and its loop, and starts the loop. */
function run(start: Start, loaded: Loaded, opened: Opened): RunningServer {
  const { logger, clock, trace, pair, tftpServers, releases } = start;
  const { config, leases, store, pairSide } = loaded;
  const { ports, interfaces, links, commands, pinger } = opened;
  const socket = trace.socket(opened.socket);
  const counters = new DhcpCounters();
  const serverHostName = hostname();
  const engine = new DhcpEngine({
    ...{ config, leases, ports, interfaces, tftpServers, serverHostName },
    packetLogging: start.packetLogging ?? "none",
    resolve: trace.resolve(opened.resolve),
    nameOf: trace.nameOf(opened.nameOf),
    output: (output) => {
      logMessages(output.messages, logger);
      for (const words of output.commands) commands?.run(words);
    },
    recordsEveryAck: store.durability === "replicated",
  });
  const gate =
    pairSide && new PairGate({ ...pairSide, logger, onTakeOver: () => engine.recount() });
  if (gate !== undefined) releases.push(() => gate.end());
  // The floating address comes and goes while the server listens.
  const floating = pair?.floatingAddress;
  const ownAddresses = [...opened.ownAddresses, ...(floating ? [floating] : [])];
  // The configuration file takes precedence over -s, as in dhcpd.
  const broadcastAddress =
    config.process.limitedBroadcastAddress ?? start.broadcastAddress ?? broadcastAddressDefault;
  const anyInterface = config.process.localAddress !== undefined;
  // Every packet reads these two objects, and properties of spread objects are slow to read.
  const sender = new ReplySender({
    socket,
    interfaces,
    broadcastAddress,
    counters,
    logger,
    links: trace.links(links),
    ownAddresses: new Set(ownAddresses),
    serverPort: socket.localPort,
  });
  trace.setUp({
    ...{ ports, interfaces, anyInterface, ownAddresses, broadcastAddress },
    ...{ tftpServers, serverHostName, localPort: socket.localPort },
    frameInterfaces: links.interfaceIndexes,
  });
  const admission = new Admission(standingIn(config, leases), start.overload);
  const listener = new DhcpListener({
    leases,
    store,
    socket,
    interfaces,
    anyInterface,
    pinger,
    gate,
    counters,
    logger,
    clock,
    engine: trace.engine(engine),
    sender: trace.sender(sender),
    encoder: sender,
    wake: socket.backend === "batch" ? loaded.wake : undefined,
    overload: new OverloadGuard(admission, counters, logger),
    flushLog: start.flushLog ?? (() => undefined),
  });
  const ended = listener.run().finally(async () => {
    releaseAll(start);
    await commands?.stop();
  });
  return {
    address: socket.localAddress,
    port: socket.localPort,
    durability: store.durability,
    ...{ counters, socket, leases, ended },
    families: () => [
      ...dhcpFamilies({ counters, socket, pools: config.pools, leases, syncs: loaded.syncs }),
      ...(pairSide === undefined ? [] : pairFamilies(pairSide.pairState)),
    ],
    get over() {
      return listener.over;
    },
    stop: () => {
      listener.stop();
      return ended;
    },
  };
}

/** The failover partner would lend the same addresses. */
function refuseFailover({ failoverPeers: [peer] }: ServerConfig): void {
  if (peer === undefined) return;
  throw new StartError(
    `failover peer ${peer.name}: the failover protocol is not spoken; ${failoverReplacement}`,
  );
}
