import type { Clock } from "../../base/clock.ts";
import { Prng } from "../../base/prng.ts";
import { PacketDecoder } from "../../protocol/dhcp/packet.ts";
import { encodeReply } from "../../protocol/dhcp/reply-template.ts";
import type { ServerConfig } from "../../server/config/model.ts";
import { DhcpEngine } from "../../server/dhcp/engine.ts";
import type { LocalInterface, Outcome } from "../../server/dhcp/outcome.ts";
import { LeaseStoreError } from "../../server/lease/lease-store.ts";
import { LeaseTable } from "../../server/lease/lease-table.ts";
import { CrashStore } from "./crash-store.ts";

type Reply = Extract<Outcome, { kind: "reply" }>;

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

/**
 * The DHCP engine on a simulated disk, with the listener's order of work: decide a batch, commit it
 * with one sync that takes time, and only then acknowledge. It can crash at any moment of that.
 */
export class VirtualServer {
  readonly store = new CrashStore();
  readonly counters = {
    batches: 0,
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
  readonly #replyBytes = new Uint8Array(1500);
  #table: LeaseTable;
  #engine: DhcpEngine;
  #inbox: Uint8Array[] = [];
  #waiting: Reply[] = [];
  #isUp = true;
  // Infinity while no batch is being written.
  #commitAtMs = Number.POSITIVE_INFINITY;
  #housekeepingAtMs: number;

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
    this.#housekeepingAtMs = options.clock.monotonicMs() + HOUSEKEEPING_MS;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  get isCommitting(): boolean {
    return this.#commitAtMs !== Number.POSITIVE_INFINITY;
  }

  get leases(): LeaseTable {
    return this.#table;
  }

  receive(bytes: Uint8Array): void {
    if (!this.#isUp) return;
    if (this.#inbox.length >= INBOX_MAX) this.counters.overflows += 1;
    else this.#inbox.push(bytes);
  }

  nextDueMs(): number {
    if (!this.#isUp) return Number.POSITIVE_INFINITY;
    if (this.isCommitting) return this.#commitAtMs;
    return this.#inbox.length > 0 ? this.#options.clock.monotonicMs() : this.#housekeepingAtMs;
  }

  /** Does what is due now; one batch is under way at a time. */
  advance(): void {
    if (!this.#isUp) return;
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs >= this.#commitAtMs) this.#finishCommit();
    if (this.isCommitting) return;
    if (this.#inbox.length === 0 && nowMs < this.#housekeepingAtMs) return;
    this.#decideBatch();
    for (const index of this.#engine.expire(this.#nowSeconds())) this.store.appendLease(index);
    this.#housekeepingAtMs = nowMs + HOUSEKEEPING_MS;
    if (this.store.pendingCount === 0) this.#acknowledge();
    else this.#commitAtMs = nowMs + this.#commitMs();
  }

  /**
   * The process is gone, and with it everything that was not on the disk. Of a batch that is being
   * written nobody can know whether it got there.
   */
  crash(): void {
    if (!this.#isUp) return;
    this.#isUp = false;
    this.counters.crashes += 1;
    const gotThere = this.#prng.nextFloat() < 0.5;
    if (this.isCommitting && gotThere) this.store.commit();
    else if (this.isCommitting) this.counters.batchesLost += 1;
    this.store.close();
    this.#inbox = [];
    this.#waiting = [];
    this.#commitAtMs = Number.POSITIVE_INFINITY;
  }

  restart(): void {
    this.#isUp = true;
    this.#table = this.#newTable();
    if (this.#options.defect !== "forgets-on-restart") this.store.loadInto(this.#table);
    this.#engine = this.#newEngine();
    this.#housekeepingAtMs = this.#options.clock.monotonicMs();
  }

  #decideBatch(): void {
    const batch = this.#inbox.splice(0, BATCH_MAX);
    const nowSeconds = this.#nowSeconds();
    if (batch.length > 0) this.counters.batches += 1;
    for (const bytes of batch) {
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
      this.#perform(outcome);
    }
  }

  #perform(outcome: Outcome): void {
    for (const index of outcome.changes) this.store.appendLease(index);
    if (outcome.kind === "ping") throw new Error("the simulated configuration has no ping-check");
    if (outcome.kind !== "reply") return;
    const mayWait = this.#options.defect !== "acknowledges-before-commit";
    if (outcome.durable && mayWait) this.#waiting.push(outcome);
    else this.#send(outcome);
  }

  #finishCommit(): void {
    this.#commitAtMs = Number.POSITIVE_INFINITY;
    if (this.#prng.nextFloat() < COMMIT_FAILURE_RATE) this.store.failNextCommit();
    try {
      this.store.commit();
    } catch (error) {
      if (!(error instanceof LeaseStoreError)) throw error;
      this.counters.commitFailures += 1;
      this.#waiting = [];
      return;
    }
    this.#acknowledge();
  }

  #acknowledge(): void {
    for (const reply of this.#waiting) {
      if (reply.leaseIndex >= 0) this.#table.markDurable(reply.leaseIndex);
      this.#send(reply);
    }
    this.#waiting = [];
  }

  #send(outcome: Reply): void {
    const { reply, limits, destination } = outcome;
    if (destination.kind === "broadcast") {
      // A NAK to a renewal that came unicast stays on the server's wire: no device is on that one.
      this.counters.unheard += 1;
      return;
    }
    if (destination.kind === "link") throw new Error("no client here is on the server's wire");
    const end = encodeReply(reply, this.#replyBytes, 0, limits);
    const isRelay = destination.kind === "relay";
    this.#options.send(this.#replyBytes.slice(0, end), destination.address, isRelay);
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

  #newEngine(): DhcpEngine {
    const { config, port } = this.#options;
    return new DhcpEngine({
      config,
      leases: this.#table,
      ports: { server: port, client: port + 1 },
      interfaces: () => this.#interfaces,
      logLines: false,
    });
  }
}
