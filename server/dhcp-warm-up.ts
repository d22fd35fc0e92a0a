import type { Clock } from "../base/clock.ts";
import { nullLogger } from "../base/log.ts";
import { libcMissingReason } from "../base/net/kernel/libc.ts";
import { type MemoryDatagram, MemorySocket } from "../base/net/memory-socket.ts";
import { Offset } from "../protocol/dhcp/header.ts";
import { readIpv4 } from "../protocol/ipv4.ts";
import { leaseTable } from "./config/edge/load-config.ts";
import { topLevelVariables } from "./config/grammar/parse.ts";
import type { ServerConfig } from "./config/model/model.ts";
import { stagesBy } from "./dhcp/loop/answer-stages.ts";
import type { DhcpListenerOptions } from "./dhcp/loop/edge/listener.ts";
import { type DhcpLoopParts, makeDhcpLoop } from "./dhcp-loop.ts";
import { openMemoryStore } from "./lease-storage.ts";
import { untraced } from "./trace/server-trace.ts";
import {
  SYNTHETIC_CLIENTS,
  type SyntheticClient,
  syntheticClients,
  warmRanges,
} from "./warm-up/synthetic-clients.ts";

/** A start takes this much longer at most; on a quiet machine with two processors, half of it. */
const WARM_UP_MS_MAX = 600;
/** Enough for the two short loops and the beginning of the long one. */
const WARM_UP_MS_MIN = 200;
const MESSAGES_MAX = 4000;
/**
 * V8 takes for constant what never changed in the only loop that it has seen, and throws the code away when the real
 * one is made. So two short loops come before the long one, each with every message of every client.
 */
const SHORT_LOOPS = 2;
const SHORT_LOOP_MESSAGES = 400;
/** Fewer do not keep what the compiler has learnt. */
const KEPT_MESSAGES = 320;
const KEPT_MS_MAX = 10;
/** Datagrams that come at once, to an idle loop and to a busy one. The most of them fill the socket twice. */
const bursts = [1, SYNTHETIC_CLIENTS, 4, 16];
const BATCH_MAX = SYNTHETIC_CLIENTS / 2;
/**
 * Now and then a great burst waits for a stall of the loop, so that replies leave paced. Meanwhile the compiler,
 * which has a thread of its own, catches up.
 */
const BURSTS_A_STALL = 48;
const STALLED_BURST = 17;
const STALL_MS = 12;
/** Half of the transaction ids and of the destinations are greater than a small integer of V8. */
const HIGH_BIT = 0x8000_0000;
const LIMITED_BROADCAST = 0xffff_ffff;

/** The parts of the loop that will serve; what it measures does not begin yet. */
export type WarmUpParts = Omit<DhcpLoopParts, "stages">;

/** What was played, and what the loop answered. */
export interface WarmUpReport {
  readonly messages: number;
  readonly replies: number;
}

/** A start that has read many leases has less time left: devices wait for it, too. */
export function warmUpMsMax(startedForMs: number): number {
  return Math.max(WARM_UP_MS_MIN, WARM_UP_MS_MAX - startedForMs);
}

/**
 * Plays synthetic clients through loops of their own with this configuration, so that real clients meet
 * compiled code. It changes only memory, which is then forgotten: no lease, file, counter, log line or command
 * of the server. Without batched sockets it plays nothing.
 */
export function warmUp(parts: WarmUpParts, msMax = WARM_UP_MS_MAX): WarmUpReport {
  const report = { messages: 0, replies: 0 };
  const endAtMs = parts.clock.monotonicMs() + msMax;
  for (let loop = 0; loop <= SHORT_LOOPS; loop += 1) {
    const isShort = loop < SHORT_LOOPS;
    // A loop that is not woken also waits for the disk itself.
    const rehearsal = new Rehearsal(isShort ? { ...parts, wake: undefined } : parts);
    const messagesMax = isShort ? SHORT_LOOP_MESSAGES : MESSAGES_MAX;
    const { messages, replies } = rehearsal.play(messagesMax, endAtMs);
    report.messages += messages;
    report.replies += replies;
    rehearsal.close();
  }
  return report;
}

/** For a node that stands by: V8 forgets code that has not run for a few collections of garbage. */
export class KeptWarm {
  readonly #rehearsal: Rehearsal;
  readonly #clock: Clock;

  constructor(parts: WarmUpParts) {
    this.#rehearsal = new Rehearsal(parts);
    this.#clock = parts.clock;
  }

  /** Takes about 2 ms, and never much more than 10. */
  play(): WarmUpReport {
    return this.#rehearsal.play(KEPT_MESSAGES, this.#clock.monotonicMs() + KEPT_MS_MAX);
  }

  close(): void {
    this.#rehearsal.close();
  }
}

/** One loop in memory, and its clients. */
class Rehearsal {
  readonly #config: ServerConfig;
  readonly #clock: Clock;
  readonly #clients: readonly SyntheticClient[];
  readonly #loop: ReturnType<typeof memoryLoop> | undefined;
  #messages = 0;

  constructor(parts: WarmUpParts) {
    this.#config = parts.config;
    this.#clock = parts.clock;
    this.#clients = libcMissingReason() === undefined ? syntheticClients(parts.config) : [];
    this.#loop = this.#clients.length === 0 ? undefined : memoryLoop(parts);
  }

  /** Plays so many messages, or until it is late. */
  play(messagesMax: number, endAtMs: number): WarmUpReport {
    const { matching, root, definitions } = this.#config;
    const before = this.#messages;
    let replies = 0;
    // Functions that classes call may set variables of the top level.
    const { variables } = matching;
    matching.variables = topLevelVariables(root, definitions);
    for (let burst = 0; this.#isOn(before + messagesMax, endAtMs); burst += 1) {
      const length = bursts[burst % bursts.length];
      this.#deliver(length);
      if (burst % BURSTS_A_STALL === STALLED_BURST) standStill(STALL_MS);
      // The commit of a turn ends with the next one.
      for (let left = length; left > -BATCH_MAX; left -= BATCH_MAX) replies += this.#turn();
    }
    matching.variables = variables;
    return { messages: this.#messages - before, replies };
  }

  close(): void {
    this.#loop?.socket.socket.close();
  }

  #isOn(messagesMax: number, endAtMs: number): boolean {
    if (this.#loop === undefined || this.#messages >= messagesMax) return false;
    return this.#clock.monotonicMs() < endAtMs;
  }

  #deliver(length: number): void {
    const next = (): MemoryDatagram => {
      const number = this.#messages;
      this.#messages += 1;
      const client = this.#clients[number % this.#clients.length];
      // In turns, and each client meets both.
      const round = Math.floor(number / this.#clients.length);
      if ((number + round) % 2 === 0) return client.next(number);
      return { ...client.next(number + HIGH_BIT), destinationAddress: LIMITED_BROADCAST };
    };
    this.#loop!.socket.deliver(Array.from({ length }, next));
  }

  /** Returns the number of replies. */
  #turn(): number {
    const { listener, socket } = this.#loop!;
    listener.turn();
    const replies = socket.takeSent();
    for (const reply of replies) {
      this.#clients[readIpv4(reply, Offset.xid) % this.#clients.length].take(reply);
    }
    return replies.length;
  }
}

/** The loop of the server with its own leases, on a socket and a store in memory. */
function memoryLoop(parts: WarmUpParts) {
  const { config, clock, interfaces, links } = parts;
  const leases = leaseTable(warmRanges(config));
  const [served] = interfaces;
  const socket = new MemorySocket({
    address: config.process.localAddress ?? served?.addresses[0]?.address ?? 0x7f00_0001,
    interfaceIndex: served?.index ?? 0,
    batchMax: BATCH_MAX,
  });
  const { listener } = makeDhcpLoop({
    ...parts,
    ...{ leases, socket: socket.socket, logger: nullLogger, trace: untraced },
    stages: stagesBy(clock, () => ({ cpuMs: 0, starvedMs: 0 })),
    store: openMemoryStore(config.process, leases, parts.store.durability, clock),
    gate: parts.gate && {
      turn: () => "answer",
      turnMsMax: 0,
      mayRelease: () => true,
      tellUndecidable: () => undefined,
    },
    pinger: parts.pinger && unansweredPings(),
    links: { interfaceIndexes: links.interfaceIndexes, send: () => true },
    resolve: () => undefined,
    nameOf: () => undefined,
    output: () => undefined,
    flushLog: () => undefined,
    openQuarantine: undefined,
  });
  return { listener, socket };
}

function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Every probe times out at once. */
function unansweredPings(): DhcpListenerOptions["pinger"] {
  let waiting: number[] = [];
  return {
    get outstanding() {
      return waiting.length;
    },
    ping: (ticket) => {
      waiting.push(ticket);
      return true;
    },
    poll: () => {
      const timedOut = waiting;
      waiting = [];
      return { answered: [], timedOut };
    },
  };
}
