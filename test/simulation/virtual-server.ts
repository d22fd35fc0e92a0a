import type { Clock } from "../../base/clock.ts";
import { nullLogger } from "../../base/log.ts";
import { Prng } from "../../base/prng.ts";
import { PacketDecoder } from "../../protocol/dhcp/packet.ts";
import { encodeReply } from "../../protocol/dhcp/reply-template.ts";
import type { ServerConfig } from "../../server/config/model/model.ts";
import { DhcpEngine } from "../../server/dhcp/decide/engine.ts";
import type { LocalInterface, Outcome, Reply } from "../../server/dhcp/exchange/outcome.ts";
import { CommitPipeline } from "../../server/dhcp/loop/commit-pipeline.ts";
import { DhcpCounters } from "../../server/dhcp/loop/counters.ts";
import { type ReplyWay, wayOf } from "../../server/dhcp/loop/reply-sender.ts";
import { LeaseTable } from "../../server/lease/table/lease-table.ts";
import { CrashStore } from "./crash-store.ts";

/** Ways to be wrong, so that a test can show that the checker notices. */
export type ServerDefect =
  | "none"
  /** The ACK leaves while its record is still on the way to the disk. */
  | "acknowledges-before-commit"
  /** A restart begins with no lease at all. */
  | "forgets-on-restart";

export interface VirtualServerOptions {
  readonly config: ServerConfig;
  readonly clock: Clock;
  readonly seed: number;
  readonly address: number;
  readonly port: number;
  readonly defect: ServerDefect;
  readonly send: (bytes: Uint8Array, destination: number, isRelay: boolean) => void;
}

// As the real listener: a batch of one receive call, and a socket buffer that overflows.
const BATCH_MAX = 256;
const INBOX_MAX = 8192;
const COMMIT_MS_MIN = 0.2;
const COMMIT_MS_MAX = 4;
/** One sync in a thousand meets a busy disk. */
const SLOW_COMMIT_RATE = 0.001;
const SLOW_COMMIT_MS = 250;
const COMMIT_FAILURE_RATE = 0.0005;
const HOUSEKEEPING_MS = 10_000;
const PACING_MS = 1;
const REPLY_BYTES_MAX = 1500;

/**
 * The DHCP engine and the listener's own way of committing on a simulated disk: batches are decided
 * while the sync of earlier ones takes its time, and each is acknowledged after its own. It can
 * crash at any moment of that.
 */
export class VirtualServer {
  readonly store = new CrashStore();
  readonly counters = {
    batches: 0,
    /** Of them, those that were decided while an earlier one was on the way to the disk. */
    overlapped: 0,
    commitFailures: 0,
    overflows: 0,
    crashes: 0,
    batchesLost: 0,
    unheard: 0,
  };
  readonly #options: VirtualServerOptions;
  readonly #interfaces: readonly LocalInterface[];
  readonly #prng: Prng;
  readonly #decoder = new PacketDecoder();
  readonly #counted = new DhcpCounters();
  readonly #replyBytes = new Uint8Array(REPLY_BYTES_MAX);
  #table: LeaseTable;
  #engine: DhcpEngine;
  #commits: CommitPipeline;
  #inbox: { readonly bytes: Uint8Array; readonly arrivedAtMs: number }[] = [];
  #isUp = true;
  // Infinity while no commit is under way.
  #commitAtMs = Number.POSITIVE_INFINITY;
  #housekeepingAtMs: number;
  #turnedAtMs = 0;

  constructor(options: VirtualServerOptions) {
    this.#options = options;
    this.#prng = new Prng(options.seed, 3);
    this.#interfaces = [
      {
        index: 1,
        name: "lo",
        addresses: [{ address: options.address, mask: 0xff00_0000 }],
        hardwareAddress: new Uint8Array(6),
      },
    ];
    this.#table = this.#newTable();
    this.#engine = this.#newEngine();
    this.#commits = this.#newPipeline();
    this.#housekeepingAtMs = options.clock.monotonicMs() + HOUSEKEEPING_MS;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  get isCommitting(): boolean {
    return this.#commits.isUnderWay;
  }

  get leases(): LeaseTable {
    return this.#table;
  }

  receive(bytes: Uint8Array): void {
    if (!this.#isUp) return;
    if (this.#inbox.length >= INBOX_MAX) this.counters.overflows += 1;
    else this.#inbox.push({ bytes, arrivedAtMs: this.#options.clock.monotonicMs() });
  }

  nextDueMs(): number {
    if (!this.#isUp) return Number.POSITIVE_INFINITY;
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#inbox.length > 0) return nowMs;
    const pacedAtMs = this.#commits.hasPaced
      ? this.#turnedAtMs + PACING_MS
      : Number.POSITIVE_INFINITY;
    return Math.max(nowMs, Math.min(this.#commitAtMs, this.#housekeepingAtMs, pacedAtMs));
  }

  /** Does what is due now: one turn of the loop. */
  advance(): void {
    if (!this.#isUp) return;
    const nowMs = this.#options.clock.monotonicMs();
    const isSynced = nowMs >= this.#commitAtMs;
    if (nowMs < this.nextDueMs()) return;
    this.#turnedAtMs = nowMs;
    this.#commits.beginTurn(this.#inbox[0]?.arrivedAtMs ?? nowMs, nowMs);
    const received = this.#decideBatch();
    if (received > 0 && this.isCommitting) this.counters.overlapped += 1;
    this.#commits.append(this.#engine.expire(this.#nowSeconds()));
    this.#commits.appendUnwritten();
    this.#housekeepingAtMs = nowMs + HOUSEKEEPING_MS;
    if (isSynced) {
      if (this.#prng.nextFloat() < COMMIT_FAILURE_RATE) this.store.failNextCommit();
      this.store.endSync();
      this.#commitAtMs = Number.POSITIVE_INFINITY;
    }
    this.#commits.endTurn(received, "none", nowMs);
    this.counters.commitFailures = this.#counted.commitFailures;
    if (!this.isCommitting || this.#commitAtMs < Number.POSITIVE_INFINITY) return;
    this.#commitAtMs = nowMs + this.#commitMs();
  }

  /**
   * The process is gone, and with it everything that was not on the disk. Of a commit that is under
   * way nobody can know whether it got there.
   */
  crash(): void {
    if (!this.#isUp) return;
    this.#isUp = false;
    this.counters.crashes += 1;
    const gotThere = this.#prng.nextFloat() < 0.5;
    if (this.isCommitting && !gotThere) this.counters.batchesLost += 1;
    this.store.crash(gotThere);
    this.#inbox = [];
    this.#commitAtMs = Number.POSITIVE_INFINITY;
  }

  restart(): void {
    this.#isUp = true;
    this.#table = this.#newTable();
    if (this.#options.defect !== "forgets-on-restart") this.store.loadInto(this.#table);
    this.#engine = this.#newEngine();
    this.#commits = this.#newPipeline();
    this.#housekeepingAtMs = this.#options.clock.monotonicMs();
  }

  /** How many datagrams it had. */
  #decideBatch(): number {
    const batch = this.#inbox.splice(0, BATCH_MAX);
    const nowSeconds = this.#nowSeconds();
    if (batch.length > 0) this.counters.batches += 1;
    for (const { bytes, arrivedAtMs } of batch) {
      const packet = this.#decoder.decode(bytes);
      const outcome = this.#engine.respond(
        {
          packet,
          sourceAddress: packet.giaddr === 0 ? packet.ciaddr : packet.giaddr,
          sourcePort: this.#options.port,
          destinationAddress: this.#options.address,
          interfaceIndex: 1,
          raw: bytes,
        },
        nowSeconds,
        this.#options.clock.monotonicMs(),
      );
      this.#perform(outcome, arrivedAtMs);
    }
    return batch.length;
  }

  #perform(outcome: Outcome, arrivedAtMs: number): void {
    this.#commits.append(outcome.changes);
    if (outcome.kind === "ping") throw new Error("the simulated configuration has no ping-check");
    if (outcome.kind !== "reply") return;
    const mayWait = this.#options.defect !== "acknowledges-before-commit";
    const nowMs = this.#options.clock.monotonicMs();
    if (outcome.durable && mayWait) this.#commits.acknowledge(outcome, 0, arrivedAtMs);
    else if (!this.#commits.holdsBack(outcome, 0, arrivedAtMs, nowMs)) this.#send(outcome);
  }

  #encode({ reply, limits }: Reply, target: Uint8Array, start: number): number {
    return encodeReply(reply, target, start, limits) - start;
  }

  #send(outcome: Reply): void {
    const end = this.#encode(outcome, this.#replyBytes, 0);
    this.#sendEncoded(this.#replyBytes.subarray(0, end), wayOf(outcome, 0));
  }

  #sendEncoded(bytes: Uint8Array, { destination }: ReplyWay): void {
    if (destination.kind === "broadcast") {
      // A NAK to a renewal that came unicast stays on the server's wire: no device is on that one.
      this.counters.unheard += 1;
      return;
    }
    if (destination.kind === "link") throw new Error("no client here is on the server's wire");
    this.#options.send(bytes.slice(), destination.address, destination.kind === "relay");
  }

  #commitMs(): number {
    if (this.#prng.nextFloat() < SLOW_COMMIT_RATE) return SLOW_COMMIT_MS;
    return COMMIT_MS_MIN + (COMMIT_MS_MAX - COMMIT_MS_MIN) * this.#prng.nextFloat();
  }

  #nowSeconds(): number {
    return Math.floor(this.#options.clock.wallMs() / 1000);
  }

  #newTable(): LeaseTable {
    const table = new LeaseTable(
      this.#options.config.pools.flatMap(({ index, ranges }) =>
        ranges.map(({ low, high }) => ({ low, high, pool: index })),
      ),
    );
    this.store.attach(table);
    return table;
  }

  #newPipeline(): CommitPipeline {
    return new CommitPipeline({
      leases: this.#table,
      store: this.store,
      sender: { send: (outcome) => this.#send(outcome), flush: () => undefined },
      encoder: {
        replyBytesMax: REPLY_BYTES_MAX,
        encode: (outcome, target, start) => this.#encode(outcome, target, start),
        sendEncoded: (bytes, way) => this.#sendEncoded(bytes, way),
      },
      counters: this.#counted,
      logger: nullLogger,
      // Every commit takes its time beside the loop: that is where crashes have most to find.
      isWoken: true,
    });
  }

  #newEngine(): DhcpEngine {
    const { config, port } = this.#options;
    return new DhcpEngine({
      config,
      leases: this.#table,
      ports: { server: port, client: port + 1 },
      interfaces: this.#interfaces,
      packetLogging: "none",
    });
  }
}
