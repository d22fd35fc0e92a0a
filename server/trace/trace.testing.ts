import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nullLogger } from "../../base/log.ts";
import type { EchoReply } from "../../base/net/icmp-socket.ts";
import type { UdpSocket } from "../../base/net/udp-socket.ts";
import { VirtualClock } from "../../base/virtual-clock.testing.ts";
import { configOf, ip, serverInterface, startSeconds } from "../dhcp/decide/engine.testing.ts";
import { DhcpEngine } from "../dhcp/decide/engine.ts";
import { DhcpCounters } from "../dhcp/loop/counters.ts";
import { DhcpListener } from "../dhcp/loop/edge/listener.ts";
import { Pinger } from "../dhcp/loop/edge/pinger.ts";
import { ReplySender } from "../dhcp/loop/reply-sender.ts";
import { parseLeaseFile } from "../lease/format/parse-lease-file.testing.ts";
import { MemoryLeaseStore } from "../lease/store/memory-lease-store.testing.ts";
import { LeaseTable } from "../lease/table/lease-table.ts";
import { Quarantine } from "../quarantine/quarantine.ts";
import { playTrace } from "./edge/play-trace.ts";
import { readTrace } from "./edge/trace-file.ts";
import { FileTrace } from "./file-trace.ts";

export interface IncomingDatagram {
  readonly bytes: Uint8Array;
  readonly interfaceIndex?: number;
  readonly source?: string;
  readonly destination?: string;
}

export interface RecordedOptions {
  readonly config: string;
  readonly leases?: string;
  readonly bytesMax?: number;
  readonly withPings?: boolean;
  /** The loop goes on without the packets that the engine breaks on. */
  readonly contains?: boolean;
  /** The sink takes so many bytes and then refuses, as a full disk does. */
  readonly roomBytes?: number;
}

const slotBytes = 4096;
const serverAddress = serverInterface.addresses[0].address;

/** The server's own loop, recorded, with everything around it in memory and in virtual time. */
export class RecordedServer {
  readonly clock = new VirtualClock(startSeconds * 1000);
  readonly store = new MemoryLeaseStore();
  readonly hostNames = new Map<string, readonly number[]>();
  readonly addressNames = new Map<number, string>();
  readonly complaints: string[] = [];
  /** Echo requests that nobody has answered yet. */
  readonly echoes: EchoReply[] = [];
  sent = 0;
  readonly #chunks: Uint8Array[] = [];
  readonly #trace: FileTrace;
  readonly #listener: DhcpListener;
  #incoming: readonly IncomingDatagram[] = [];
  #batch: readonly IncomingDatagram[] = [];
  #answeredEchoes: EchoReply[] = [];
  #isEngineBroken = false;

  constructor(options: RecordedOptions) {
    const config = configOf(options.config);
    const leases = new LeaseTable(
      config.pools.flatMap(({ ranges, index }) =>
        ranges.map(({ low, high }) => ({ low, high, pool: index })),
      ),
    );
    for (const record of parseLeaseFile(options.leases ?? "").records) leases.load(record);
    this.store.loadInto(leases);
    const complain = (text: string): void => void this.complaints.push(text);
    const logger = { ...nullLogger, error: complain };
    let roomBytes = options.roomBytes ?? Number.POSITIVE_INFINITY;
    const trace = new FileTrace({
      path: "test.trace",
      bytesMax: options.bytesMax ?? 1 << 24,
      program: "test",
      configFile: "test.conf",
      configTexts: new Map([["test.conf", options.config]]),
      openSink: () => ({
        append: (bytes) => {
          this.#chunks.push(bytes.slice(0, Math.max(0, roomBytes)));
          roomBytes -= bytes.length;
          return roomBytes >= 0;
        },
        close: () => undefined,
      }),
      readPieces: () => pieces(options.leases ?? ""),
      clock: this.clock,
      logger,
    });
    this.#trace = trace;
    trace.begin("test.leases");
    const store = trace.store(this.store);
    const socket = trace.socket(this.#socket());
    const counters = new DhcpCounters();
    const links = trace.links({ send: ({ hardware }) => hardware.length === 6 });
    const resolve = trace.resolve((name) => this.hostNames.get(name));
    const nameOf = trace.nameOf((address) => this.addressNames.get(address));
    const serverHostName = "recorded.example";
    const ports = { server: 67, client: 68 };
    const interfaces = [serverInterface];
    const engine = new DhcpEngine({
      config,
      leases,
      ports,
      interfaces,
      packetLogging: "none",
      resolve,
      nameOf,
      serverHostName,
    });
    const respond = engine.respond.bind(engine);
    engine.respond = (arrival, nowSeconds, nowMs) => {
      if (this.#isEngineBroken) throw new Error("a bug");
      return respond(arrival, nowSeconds, nowMs);
    };
    const setup = {
      ports,
      localPort: 67,
      interfaces,
      anyInterface: false,
      ownAddresses: [serverAddress],
      frameInterfaces: [serverInterface.index],
      broadcastAddress: 0xffff_ffff,
      tftpServers: undefined,
      serverHostName,
    };
    trace.setUp(setup);
    const sender = new ReplySender({
      socket,
      links,
      interfaces,
      ownAddresses: new Set(setup.ownAddresses),
      serverPort: 67,
      broadcastAddress: setup.broadcastAddress,
      counters,
      logger,
    });
    this.#listener = new DhcpListener({
      ...(options.contains === true ? { quarantine: new Quarantine(undefined, logger) } : {}),
      engine: trace.engine(engine),
      leases,
      store,
      socket,
      sender: trace.sender(sender),
      encoder: sender,
      interfaces,
      anyInterface: false,
      pinger: options.withPings === true ? this.#pinger() : undefined,
      counters,
      logger,
      flushLog: () => undefined,
      clock: this.clock,
    });
  }

  /** One turn of the loop with this batch, `advanceMs` after the one before. */
  turn(advanceMs: number, ...datagrams: readonly IncomingDatagram[]): void {
    this.clock.advance(advanceMs);
    this.#incoming = datagrams;
    this.#listener.turn();
  }

  /** Answers the echo request that was sent this many before the last. */
  answerEcho(index: number): void {
    this.#answeredEchoes.push(...this.echoes.splice(index, 1));
  }

  /** From now on the engine throws, or no longer. */
  breakEngine(isBroken = true): void {
    this.#isEngineBroken = isBroken;
  }

  end(): void {
    this.#trace.end();
  }

  /** What is in the trace file. */
  get bytes(): Uint8Array {
    return Buffer.concat(this.#chunks);
  }

  #socket(): UdpSocket {
    const slot = new Uint8Array(slotBytes);
    return {
      backend: "batch",
      localAddress: 0,
      localPort: 67,
      receive: () => {
        this.#batch = this.#incoming;
        this.#incoming = [];
        return this.#batch.length;
      },
      bytes: (i) => this.#batch[i].bytes,
      sourceAddress: (i) => ip(this.#batch[i].source ?? "0.0.0.0"),
      sourcePort: () => 68,
      destinationAddress: (i) => ip(this.#batch[i].destination ?? "255.255.255.255"),
      interfaceIndex: (i) => this.#batch[i].interfaceIndex ?? serverInterface.index,
      receivedAtMs: () => this.clock.monotonicMs(),
      slot: () => slot,
      isFull: false,
      push: () => {
        this.sent += 1;
      },
      flush: () => undefined,
      discard: () => undefined,
      counters: { received: 0, sent: 0, truncated: 0, kernelDrops: 0, sendErrors: 0 },
      lastSendError: undefined,
      close: () => undefined,
    };
  }

  #pinger(): Pinger {
    return new Pinger({
      socket: {
        sendEcho: (source, id, sequence) => {
          this.echoes.push({ source, id, sequence });
          return true;
        },
        receive: () => this.#answeredEchoes.splice(0),
        close: () => undefined,
      },
      identifier: 77,
      nowMs: 0,
    });
  }
}

/** Small and uneven ones, so that records of the file lie across their borders. */
function* pieces(text: string): Generator<Uint8Array> {
  const bytes = Buffer.from(text, "latin1");
  for (let at = 0; at < bytes.length; at += 97) yield bytes.subarray(at, at + 97);
}

/** Plays the bytes of a trace back; `config` takes the place of the recorded one. */
export function played(
  bytes: Uint8Array,
  config?: string,
): { readonly differences: number; readonly lines: readonly string[] } {
  const folder = mkdtempSync(join(tmpdir(), "provlab-trace-"));
  const file = (name: string): string => join(folder, name);
  const lines: string[] = [];
  try {
    writeFileSync(file("trace"), bytes);
    if (config !== undefined) writeFileSync(file("other.conf"), config);
    const differences = playTrace({
      path: file("trace"),
      records: readTrace(file("trace")),
      configFile: config === undefined ? undefined : file("other.conf"),
      print: (line) => lines.push(line),
      logger: nullLogger,
    });
    return { differences, lines };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
