import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { UdpSocket } from "../base/net/udp-socket.ts";
import type { WakePipe } from "../base/net/wake-pipe.ts";
import type { ServerConfig } from "./config/model/model.ts";
import { DhcpEngine } from "./dhcp/decide/engine.ts";
import type { LocalInterface } from "./dhcp/exchange/outcome.ts";
import type { PacketLogging } from "./dhcp/exchange/packet-log.ts";
import type { AnswerStages } from "./dhcp/loop/answer-stages.ts";
import { DhcpCounters } from "./dhcp/loop/counters.ts";
import { DhcpListener, type DhcpListenerOptions } from "./dhcp/loop/edge/listener.ts";
import { type LinkSender, ReplySender } from "./dhcp/loop/reply-sender.ts";
import type { TftpPair } from "./dhcp/policy/crossed-tftp.ts";
import type { StatementOutput } from "./dhcp/policy/statement-output.ts";
import type { LeaseStore } from "./lease/store/lease-store.ts";
import type { LeaseTable } from "./lease/table/lease-table.ts";
import { Admission, type AdmissionLimits } from "./overload/admission.ts";
import { standingIn } from "./overload/known-clients.ts";
import { OverloadGuard } from "./overload/overload-guard.ts";
import { type PacketKeeper, Quarantine } from "./quarantine/quarantine.ts";
import { type NameOf, type Resolve, type ServerTrace, untraced } from "./trace/server-trace.ts";
import type { ServedSetup } from "./trace/trace-format.ts";

/** Everything that the loop works with; each part is of this loop alone. */
export interface DhcpLoopParts {
  readonly config: ServerConfig;
  readonly leases: LeaseTable;
  readonly store: LeaseStore;
  readonly stages: AnswerStages;
  readonly wake: WakePipe | undefined;
  readonly gate: DhcpListenerOptions["gate"];
  readonly socket: UdpSocket;
  readonly links: LinkSender;
  readonly pinger: DhcpListenerOptions["pinger"];
  readonly interfaces: readonly LocalInterface[];
  readonly ports: { readonly server: number; readonly client: number };
  /** Addresses of this machine that a reply may come from. */
  readonly ownAddresses: readonly number[];
  /** The destination of broadcasts. */
  readonly broadcastAddress: number;
  readonly serverHostName: string;
  readonly tftpServers: TftpPair | undefined;
  readonly overload: Partial<AdmissionLimits> | undefined;
  readonly packetLogging: PacketLogging;
  readonly resolve: Resolve;
  readonly nameOf: NameOf;
  readonly output: (output: StatementOutput) => void;
  readonly flushLog: () => void;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly trace: ServerTrace;
  /** Keeps the packets that cannot be decided; undefined: they are only dropped. */
  readonly openQuarantine: ((setup: ServedSetup) => PacketKeeper) | undefined;
}

/**
 * Puts engine, sender and loop together. The loop that serves and the one that warms up are made here, so that
 * what the compiler learns from one holds for the other.
 */
export function makeDhcpLoop(parts: DhcpLoopParts) {
  const { config, leases, store, gate, interfaces, ports, logger, clock, trace } = parts;
  const { tftpServers, serverHostName, packetLogging, ownAddresses, broadcastAddress } = parts;
  const socket = trace.socket(parts.socket);
  const counters = new DhcpCounters();
  const engine = new DhcpEngine({
    ...{ config, leases, ports, interfaces, tftpServers, serverHostName, packetLogging },
    resolve: trace.resolve(parts.resolve),
    nameOf: trace.nameOf(parts.nameOf),
    output: parts.output,
    recordsEveryAck: store.durability === "replicated",
  });
  // Every packet reads these two objects, and properties of spread objects are slow to read.
  const sender = new ReplySender({
    socket,
    interfaces,
    broadcastAddress,
    counters,
    logger,
    links: trace.links(parts.links),
    ownAddresses: new Set(ownAddresses),
    serverPort: socket.localPort,
  });
  const anyInterface = config.process.localAddress !== undefined;
  const setup = {
    ...{ ports, interfaces, anyInterface, ownAddresses, broadcastAddress },
    ...{ tftpServers, serverHostName, localPort: socket.localPort },
    frameInterfaces: parts.links.interfaceIndexes,
  };
  trace.setUp(setup);
  const admission = new Admission(standingIn(config, leases), parts.overload);
  const listener = new DhcpListener({
    leases,
    store,
    socket,
    interfaces,
    anyInterface,
    pinger: parts.pinger,
    gate,
    counters,
    logger,
    clock,
    stages: parts.stages,
    engine: trace.engine(engine),
    sender: trace.sender(sender),
    encoder: sender,
    wake: socket.backend === "batch" ? parts.wake : undefined,
    isRecorded: trace !== untraced,
    overload: new OverloadGuard(admission, counters, logger),
    quarantine: new Quarantine(parts.openQuarantine?.(setup), logger),
    flushLog: parts.flushLog,
  });
  return {
    ...{ listener, counters, engine },
    /** From now on these interfaces are served, and the machine has these addresses. Call it between two turns. */
    turnTo: (interfaces: readonly LocalInterface[], addresses: readonly number[]): void => {
      engine.turnTo(interfaces);
      sender.turnTo(interfaces, addresses);
      listener.turnTo(interfaces);
    },
  };
}
