import { hostname } from "node:os";
import { type Clock, systemClock } from "../base/clock.ts";
import { DurationHistogram } from "../base/duration-histogram.ts";
import { type Logger, nullLogger } from "../base/log.ts";
import type { UdpSocket } from "../base/net/udp-socket.ts";
import { leaseTableOf } from "./config/edge/load-config.ts";
import { failoverReplacement } from "./config/grammar/failover-parser.ts";
import type { ServerConfig } from "./config/model/model.ts";
import type { PacketLogging } from "./dhcp/exchange/packet-log.ts";
import { type AnswerStages, type StagesTaken, stagesBy } from "./dhcp/loop/answer-stages.ts";
import type { DhcpCounters } from "./dhcp/loop/counters.ts";
import { ThreadWatch } from "./dhcp/loop/edge/thread-watch.ts";
import { AddressNames } from "./dhcp/names/address-names.ts";
import { CommandRunner } from "./dhcp/names/command-runner.ts";
import { HostNameResolver } from "./dhcp/names/resolver.ts";
import type { TftpPair } from "./dhcp/policy/crossed-tftp.ts";
import { logMessages } from "./dhcp/policy/statement-output.ts";
import { makeDhcpLoop } from "./dhcp-loop.ts";
import {
  type DhcpSocketOptions,
  followInterfaces,
  type InterfaceFollowing,
  openDhcpSockets,
  tellWhatIsUnheard,
  tellWhereItListens,
} from "./dhcp-sockets.ts";
import { KeptWarm, type WarmUpParts, warmUp, warmUpMsMax } from "./dhcp-warm-up.ts";
import type { Durability } from "./lease/store/lease-store.ts";
import { type LeasePaths, pathsOf } from "./lease/store/open-lease-files.ts";
import type { LeaseTable } from "./lease/table/lease-table.ts";
import { checkRewrites, openLeaseStorage, takeLeaseFiles } from "./lease-storage.ts";
import { SharedPairState } from "./mandate/shared-pair-state.ts";
import { dhcpFamilies, leaseFileFamilies } from "./metrics/dhcp-metrics.ts";
import { pairFamilies } from "./metrics/pair-metrics.ts";
import type { AdmissionLimits } from "./overload/admission.ts";
import { leaseClock } from "./pair/lease-clock.ts";
import { PairGate } from "./pair/pair-gate.ts";
import type { PairPlane, PlaneEnd } from "./pair/pair-plane.ts";
import { StartError } from "./process/start-error.ts";
import { QuarantineFile } from "./quarantine/edge/quarantine-file.ts";
import { completeConfig } from "./registry/complete-config.ts";
import type { CountingService } from "./service/loop/datagram-loop.ts";
import { type ServerTrace, untraced } from "./trace/server-trace.ts";
import type { ServedSetup } from "./trace/trace-format.ts";

const broadcastAddressDefault = 0xffff_ffff;
/** Between two collections of a standby's old garbage there is more time. */
const keepWarmMs = 5000;

export interface DhcpServerOptions extends DhcpSocketOptions {
  readonly config: ServerConfig;
  /** On a node of a pair there is one. */
  readonly leaseFile: LeasePaths;
  /** A missing lease file is made; by default it stops the start, because it may be lost (LEASE-1). */
  readonly createsLeaseFile?: boolean;
  /** `false`: a lease file that is a symbolic link stops the start. */
  readonly followsLinks?: boolean;
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
  /** For the quarantine of packets that cannot be decided: the configuration as it was read. */
  readonly configTexts?: ReadonlyMap<string, string> | undefined;
  /** Records packets and decisions (`-tf`). */
  readonly trace?: ServerTrace;
  /** `false`: it serves at once, and its first seconds are slow. By default it warms up before. */
  readonly warmsUp?: boolean | undefined;
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
  /** What made answers slow since the last call. */
  takeStages(): StagesTaken;
  /** Why a node of a pair ended by itself; undefined before that, and after `stop`. */
  readonly over: PlaneEnd | undefined;
}

/** The options with their defaults, and functions that release what was acquired, in that order. */
interface Start extends DhcpServerOptions {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly begunAtMs: number;
  readonly trace: ServerTrace;
  readonly releases: (() => void)[];
}

/** Everything is open that only root may open, and no packet has been read. */
export interface PreparedServer extends Omit<RunningServer, "ended"> {
  /**
   * Serves until `stop`, from the first packet on. Throws StartError when the process may not do what it will have to
   * do.
   */
  serve(): Promise<void>;
}

/** Starts to serve. Rejects with StartError when the operator has to fix something first. */
export async function startDhcpServer(options: DhcpServerOptions): Promise<RunningServer> {
  const server = await prepareDhcpServer(options);
  try {
    return Object.assign(server, { ended: server.serve() });
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/**
 * As `startDhcpServer`, up to the first packet: the caller may give up privileges before it calls `serve`. Without that,
 * it calls `stop`.
 */
export async function prepareDhcpServer(options: DhcpServerOptions): Promise<PreparedServer> {
  const { clock = systemClock, pair, logger = nullLogger, trace = untraced } = options;
  const start: Start = {
    ...{ ...options, logger, trace, releases: [], begunAtMs: systemClock.monotonicMs() },
    clock: pair === undefined ? clock : leaseClock(clock, new SharedPairState(pair.pairState)),
  };
  try {
    const loaded = load(start);
    return prepare(start, loaded, await open(start, loaded.config));
  } catch (error) {
    releaseAll(start);
    throw error;
  }
}

function releaseAll({ releases }: Start): void {
  for (const release of releases.splice(0).reverse()) release();
}

type Loaded = ReturnType<typeof load>;

/** Reads the leases into a table, and completes the configuration with the lease file's hosts. */
function load({ config, pair, logger, clock, trace, releases, ...start }: Start) {
  refuseFailover(config);
  const leases = leaseTableOf(config);
  const { leaseFile, createsLeaseFile, followsLinks = true } = start;
  takeLeaseFiles({ leaseFile, followsLinks, logger }, releases);
  releases.push(() => trace.end());
  // Only `prov dhcpd` records, and it has one file.
  trace.begin(pathsOf(leaseFile)[0]);
  const measures: { begun?: Measures } = {};
  const storage = openLeaseStorage({
    ...{
      leaseFile,
      createsLeaseFile,
      followsLinks,
      process: config.process,
      leases,
      pair,
      logger,
      clock,
    },
    took: (ms) => {
      measures.begun?.syncs.recordMs(ms);
      measures.begun?.stages.synced(ms);
    },
  });
  releases.push(() => storage.end());
  const store = trace.store(storage.store);
  releases.push(() => store.close());
  return {
    ...{ leases, measures, store, wake: storage.wake, pairSide: storage.pair },
    leaseFiles: storage.files,
    prepare: () => storage.prepare(),
    checkRewrites: () => checkRewrites(storage),
    config: completeConfig(config, storage.loaded.hosts, storage.loaded.report.path, logger),
  };
}

/** How long syncs take, and where the time of answers goes. */
interface Measures {
  readonly syncs: DurationHistogram;
  readonly stages: AnswerStages;
}

/**
 * Measures the thread that calls this. Call it after the warm-up: code that was compiled for the objects of a
 * rehearsal does not take older ones, whose counters have only been 0 so far.
 */
function beginMeasures(clock: Clock, releases: Start["releases"]): Measures {
  const nowMs = (): number => clock.monotonicMs();
  const thread = new ThreadWatch(nowMs, (startMs, durationMs) =>
    stages.watch.stalls.collected(startMs, durationMs),
  );
  releases.push(() => thread.end());
  const stages = stagesBy(clock, () => thread.times());
  return { syncs: new DurationHistogram(), stages };
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
  return { ...sockets, resolve: resolver.resolve, nameOf };
}

/** Makes the loop and warms it up. */
function prepare(start: Start, loaded: Loaded, opened: Opened): PreparedServer {
  const { logger, clock, trace, pair, releases } = start;
  const { config, leases, store, measures, pairSide } = loaded;
  const { socket } = opened;
  const gate =
    pairSide && new PairGate({ ...pairSide, logger, onTakeOver: () => loop.engine.recount() });
  if (gate !== undefined) releases.push(() => gate.end());
  // The floating address comes and goes while the server listens.
  const floating = pair?.floatingAddress;
  const parts: WarmUpParts = {
    ...{ config, leases, store, gate, logger, clock, trace, socket },
    ...{ wake: loaded.wake, links: opened.links, pinger: opened.pinger },
    ...{ interfaces: opened.interfaces, ports: opened.ports },
    ownAddresses: [...opened.ownAddresses, ...(floating ? [floating] : [])],
    // The configuration file takes precedence over -s, as in dhcpd.
    broadcastAddress:
      config.process.limitedBroadcastAddress ?? start.broadcastAddress ?? broadcastAddressDefault,
    serverHostName: hostname(),
    ...{ tftpServers: start.tftpServers, overload: start.overload },
    packetLogging: start.packetLogging ?? "none",
    ...{ resolve: opened.resolve, nameOf: opened.nameOf },
    output: (output) => {
      logMessages(output.messages, logger);
      for (const words of output.commands) commands?.run(words);
    },
    flushLog: start.flushLog ?? (() => undefined),
    openQuarantine: (setup) => openQuarantine(start, setup),
  };
  if (start.warmsUp !== false) {
    loaded.prepare();
    const startedForMs = systemClock.monotonicMs() - start.begunAtMs;
    const { messages, replies } = warmUp(parts, warmUpMsMax(startedForMs));
    logger.debug(`Warmed up: ${replies} replies to ${messages} messages of synthetic clients.`, {
      ...{ messages, replies },
    });
    if (pairSide !== undefined) keepWarm(parts, pairSide.pairState, releases);
  }
  const { syncs, stages } = beginMeasures(clock, releases);
  measures.begun = { syncs, stages };
  const loop = makeDhcpLoop({ ...parts, stages });
  tellWhereItListens(config, opened.interfaces, socket, logger);
  const turnTo: InterfaceFollowing["turnTo"] = (interfaces, addresses) =>
    loop.turnTo(interfaces, [...addresses, ...(floating ? [floating] : [])]);
  const { interfaceNames = [] } = start;
  followInterfaces({ config, interfaceNames, opened, turnTo, logger }, releases);
  const { listener, counters } = loop;
  const commands =
    config.execute === "refused"
      ? undefined
      : new CommandRunner(logger, (failed) => {
          counters.commandsFailed += failed;
        });
  let ended: Promise<void> | undefined;
  const run = (): Promise<void> => {
    ended ??= listener.run().finally(async () => {
      releaseAll(start);
      await commands?.stop();
    });
    return ended;
  };
  return {
    address: socket.localAddress,
    port: socket.localPort,
    durability: store.durability,
    ...{ counters, socket, leases },
    families: () => [
      ...dhcpFamilies({
        counters,
        socket,
        pools: config.pools,
        leases,
        syncs,
        stages,
      }),
      ...leaseFileFamilies(loaded.leaseFiles()),
      ...(pairSide === undefined ? [] : pairFamilies(pairSide.pairState)),
    ],
    takeStages: () => stages.take(),
    get over() {
      return listener.over;
    },
    serve: () => {
      loaded.checkRewrites();
      return run();
    },
    stop: () => {
      listener.stop();
      return run();
    },
  };
}

/** The file beside the lease file, which is made for the first packet that cannot be decided. */
function openQuarantine(
  { leaseFile, configTexts, clock, logger, releases }: Start,
  setup: ServedSetup,
): QuarantineFile {
  const now = { wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() };
  const file = new QuarantineFile({
    path: `${pathsOf(leaseFile)[0]}.quarantine`,
    setup: { program: "prov", configFile: "", ...now, ...setup },
    ...{ configTexts, logger },
  });
  releases.push(() => file.close());
  return file;
}

/** So that the first second after a take-over is fast however long the node has stood by. */
function keepWarm(
  parts: WarmUpParts,
  pairState: SharedPairState,
  releases: Start["releases"],
): void {
  const kept = new KeptWarm(parts);
  const timer = setInterval(() => {
    if (pairState.mandate === undefined) kept.play();
  }, keepWarmMs).unref();
  releases.push(() => {
    clearInterval(timer);
    kept.close();
  });
}

/** The failover partner would lend the same addresses. */
function refuseFailover({ failoverPeers: [peer] }: ServerConfig): void {
  if (peer === undefined) return;
  throw new StartError(
    `failover peer ${peer.name}: the failover protocol is not spoken; ${failoverReplacement}`,
  );
}
