import { Prng } from "../../base/prng.ts";
import type { Ipv4Network } from "../../protocol/ipv4.ts";
import type { AddressLimits } from "./address-shares.ts";
import { newTftpCounters, type UnservedReason } from "./counters.ts";
import type { TransferPolicy } from "./negotiation.ts";
import type { Reader } from "./reader.testing.ts";
import { type OpenResult, TftpService } from "./service.ts";
import type { TransferEnd } from "./transfer.ts";
import { BytesContent } from "./transfer-content.ts";

export const policy: TransferPolicy = {
  blockBytesMax: 65_464,
  windowBlocksMax: 64,
  windowBytesMax: 256 * 1024,
  retryMs: 5000,
  sessionMs: 300_000,
  unansweredMs: 30_000,
  unackedRetriesMax: 1,
};

export interface Link {
  readonly seed: number;
  /** Each a probability, in each direction. */
  readonly loss?: number;
  readonly duplication?: number;
  /** Delays are uniform between these two, so packets overtake each other. */
  readonly delayMsMin?: number;
  readonly delayMsMax?: number;
}

interface Delivery {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

export interface VirtualServerOptions {
  readonly files: Readonly<Record<string, Uint8Array>>;
  readonly sessionsMax?: number;
  readonly queueMax?: number;
  readonly policy?: Partial<TransferPolicy>;
  readonly link?: Link;
  readonly ports?: readonly number[];
  readonly allow?: readonly Ipv4Network[];
  readonly addressLimits?: Partial<AddressLimits>;
}

const clientRetryMs = 3000;
const clientRetriesMax = 40;

/** The service and any number of readers on a seeded, lossy network, in virtual time. */
export class VirtualNetwork {
  readonly counters = newTftpCounters();
  readonly service: TftpService;
  readonly ends: TransferEnd[] = [];
  readonly refusals: { readonly filename: string; readonly code: number }[] = [];
  readonly unserved: { readonly address: number; readonly reason: UnservedReason }[] = [];
  /** What the server sent, by its size, whether or not it arrived. */
  readonly sent: { readonly port: number; readonly to: number; readonly bytes: Uint8Array }[] = [];
  opened = 0;
  closed = 0;
  nowMs = 0;
  readonly #link: Link;
  readonly #random: Prng;
  readonly #deliveries: Delivery[] = [];
  readonly #readers = new Map<string, (port: number, bytes: Uint8Array) => void>();
  #order = 0;

  constructor(options: VirtualServerOptions) {
    this.#link = options.link ?? { seed: 1 };
    this.#random = new Prng(this.#link.seed, 0);
    const ports = options.ports ?? [-1, 1472, 1472, 65_468];
    const slots = ports.map(() => new Uint8Array(65_468));
    this.service = new TftpService({
      open: (filename) => this.#open(options.files, filename),
      outlet: {
        slot: (port) => slots[port],
        push: (port, length, to, toPort) => {
          const bytes = slots[port].slice(0, length);
          this.sent.push({ port, to, bytes });
          this.#carry(() => this.#readers.get(`${to}:${toPort}`)?.(port, bytes));
        },
      },
      packetBytesMaxByPort: ports,
      policy: { ...policy, ...options.policy },
      sessionsMax: options.sessionsMax ?? 100,
      queueMax: options.queueMax ?? 100,
      allow: options.allow,
      addressLimits: {
        ...{ sessionsMax: 1000, unackedMax: 1000, unackedPerSecond: 1000 },
        ...options.addressLimits,
      },
      counters: this.counters,
      observer: {
        ended: (_session, end) => this.ends.push(end),
        refused: (filename, _address, { code }) => this.refusals.push({ filename, code }),
        unserved: (_filename, address, reason) => this.unserved.push({ address, reason }),
      },
      seed: 7,
      startMs: 0,
    });
  }

  /** Puts a client on the network, which asks at once and repeats itself when nothing comes. */
  read(reader: Reader, address: number, port: number): void {
    let serverPort = 0;
    let heardAtMs = this.nowMs;
    let retries = 0;
    this.#readers.set(`${address}:${port}`, (fromPort, bytes) => {
      if (serverPort === 0) serverPort = fromPort;
      heardAtMs = this.nowMs;
      retries = 0;
      const answer = reader.receive(bytes);
      if (answer !== undefined) this.send(answer, address, port, fromPort);
    });
    const watch = (): void => {
      if (reader.isDone || reader.failure !== undefined || retries > clientRetriesMax) return;
      if (this.nowMs - heardAtMs >= clientRetryMs) {
        retries += 1;
        heardAtMs = this.nowMs;
        const again = reader.onSilence();
        // A request goes where requests go, whatever answered before.
        this.send(again, address, port, again[1] === 1 ? 0 : serverPort);
      }
      this.#at(this.nowMs + clientRetryMs, watch);
    };
    this.send(reader.request(), address, port, 0);
    this.#at(this.nowMs + clientRetryMs, watch);
  }

  /** A client's packet, on its way through the network. */
  send(bytes: Uint8Array, address: number, port: number, serverPort = 0): void {
    const copy = bytes.slice();
    this.#carry(() => this.inject(copy, address, port, serverPort));
  }

  /** A client's packet, arriving now. */
  inject(bytes: Uint8Array, address: number, port: number, serverPort = 0): void {
    this.service.receive(serverPort, bytes, address, port, 0, this.nowMs);
    this.service.advance(this.nowMs);
  }

  /** Runs until nothing is to be done, or until `untilMs`. */
  run(untilMs = Number.POSITIVE_INFINITY): void {
    for (;;) {
      this.service.advance(this.nowMs);
      const delivery = this.#next();
      const dueMs = this.service.nextDueMs() ?? Number.POSITIVE_INFINITY;
      const atMs = Math.min(delivery?.atMs ?? Number.POSITIVE_INFINITY, dueMs);
      if (atMs === Number.POSITIVE_INFINITY || atMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, atMs);
      if (delivery === undefined || delivery.atMs > this.nowMs) continue;
      this.#deliveries.splice(this.#deliveries.indexOf(delivery), 1);
      delivery.run();
    }
    if (untilMs !== Number.POSITIVE_INFINITY) {
      this.nowMs = untilMs;
      this.service.advance(untilMs);
    }
  }

  #open(files: Readonly<Record<string, Uint8Array>>, filename: string): OpenResult {
    const bytes = files[filename];
    if (bytes === undefined) return { kind: "refused", code: 1, message: "file not found" };
    this.opened += 1;
    const content = new BytesContent(bytes);
    const close = (): void => {
      this.closed += 1;
    };
    const copy = content.copy.bind(content);
    return { kind: "opened", content: { size: content.size, copy, close } };
  }

  #carry(run: () => void): void {
    const { loss = 0, duplication = 0, delayMsMin = 1, delayMsMax = delayMsMin } = this.#link;
    if (this.#random.nextFloat() < loss) return;
    const copies = this.#random.nextFloat() < duplication ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      const delayMs = delayMsMin + this.#random.nextFloat() * (delayMsMax - delayMsMin);
      this.#at(this.nowMs + delayMs, run);
    }
  }

  #at(atMs: number, run: () => void): void {
    this.#order += 1;
    this.#deliveries.push({ atMs, order: this.#order, run });
  }

  #next(): Delivery | undefined {
    let first: Delivery | undefined;
    for (const one of this.#deliveries) {
      if (first === undefined || one.atMs < first.atMs) first = one;
      else if (one.atMs === first.atMs && one.order < first.order) first = one;
    }
    return first;
  }
}

/** `length` bytes that differ from block to block. */
export function patternBytes(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed >>> 0 || 1;
  for (let i = 0; i < length; i += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}
