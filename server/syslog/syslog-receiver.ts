import { hash32 } from "../../base/prng.ts";
import { DecodeError } from "../../protocol/decode-error.ts";
import { formatIpv4 } from "../../protocol/ipv4.ts";
import {
  parseSyslog,
  SYSLOG_BYTES_MAX,
  type SyslogMessage,
} from "../../protocol/syslog/message.ts";
import { type CounterNames, counterFamilies, type Family } from "../metrics/exposition.ts";
import type { DayOutcome } from "./day-shares.ts";
import type { FileRouter } from "./file-router.ts";
import { logLine } from "./log-line.ts";
import type { SyslogRates } from "./syslog-rates.ts";

export interface LogSink {
  /**
   * Returns what becomes of the line. Its bytes count for each of `sources`; without one it is a note of ours,
   * which may use the room that is reserved for notes.
   */
  append(file: number, line: string, unixMs: number, sources: readonly number[]): DayOutcome;
}

export function newSyslogCounters() {
  return {
    received: { udp: 0, tcp: 0 },
    /** Lines handed to files; one message may go into several files, or into none. */
    lines: 0,
    unrouted: 0,
    "cut-off": 0,
    "tcp-refused": 0,
    dropped: { empty: 0, rate: 0, share: 0, "day-full": 0, "write-failed": 0, "receive-buffer": 0 },
  };
}
export type SyslogCounters = ReturnType<typeof newSyslogCounters>;
type SyslogDropReason = keyof SyslogCounters["dropped"];

const names: CounterNames = {
  received: { name: "messages", label: "transport", help: "Messages received." },
  lines: { help: "Lines handed to files." },
  unrouted: { help: "Messages that no rule wants." },
  "cut-off": { help: "Messages that were too long, and lost their end." },
  "tcp-refused": { help: "TCP connections refused." },
  dropped: { label: "reason", help: "Messages thrown away, by reason." },
};

export function syslogFamilies(counters: SyslogCounters): Family[] {
  return counterFamilies("provlab_syslog", counters, names);
}

/** The receiver's own lines: facility syslog, severity warning. */
const own = { facility: 5, severity: 4, format: "bare", tag: "provlab" } as const;

/** Drops are reported at once, and then at most once in this time, so that a flood does not fill the log. */
const noteMsMin = 10_000;

export interface SyslogReceiverParts {
  readonly router: FileRouter;
  readonly sink: LogSink;
  readonly counters: SyslogCounters;
  readonly rates: SyslogRates;
  /** Addresses that many devices send from: relays, and routers with NAT. */
  readonly relays?: readonly number[] | undefined;
  /** Decides which devices behind relays share their limits: an attacker should not know it. */
  readonly seed: number;
}

/** Turns messages into lines of files. */
export class SyslogReceiver {
  readonly counters: SyslogCounters;
  readonly #router: FileRouter;
  readonly #sink: LogSink;
  readonly #rates: SyslogRates;
  readonly #relays: ReadonlySet<number>;
  readonly #seed: number;
  #noted: SyslogCounters["dropped"];
  #notedAtMs = Number.NEGATIVE_INFINITY;
  #lastDroppedFrom: number | undefined;

  constructor({ router, sink, counters, rates, relays = [], seed }: SyslogReceiverParts) {
    this.#router = router;
    this.#sink = sink;
    this.counters = counters;
    this.#rates = rates;
    this.#relays = new Set(relays);
    this.#seed = seed;
    this.#noted = { ...counters.dropped };
  }

  /**
   * Takes one datagram or frame. `source` is the sender's address; `nowMs` is monotonic. A datagram beyond the
   * limits of its source is dropped. TCP can wait: its message is taken, and the milliseconds until its source is
   * within the limits again are returned (otherwise 0). From a relay, what one device sends beyond its limits is dropped
   * over TCP as well, because the other devices would have to wait.
   */
  accept(
    bytes: Uint8Array,
    source: number,
    nowMs: number,
    unixMs: number,
    transport: keyof SyslogCounters["received"],
  ): number {
    this.counters.received[transport] += 1;
    if (bytes.length > SYSLOG_BYTES_MAX) this.counters["cut-off"] += 1;
    const readBytes = Math.min(bytes.length, SYSLOG_BYTES_MAX);
    if (this.#relays.has(source)) {
      this.#acceptRelayed(bytes, source, nowMs, unixMs);
      return 0;
    }
    if (transport === "udp" && !this.#rates.allow(source, readBytes, nowMs)) {
      this.#drop("rate", source);
      return 0;
    }
    const owedMs = transport === "udp" ? 0 : this.#rates.owedMs(source, readBytes, nowMs);
    const message = this.#parse(bytes);
    if (message !== undefined) this.#store(message, source, unixMs, [source]);
    return owedMs;
  }

  /**
   * A gap in a log must be visible in the log. Writes one line about the messages dropped since the last
   * one, and returns its text; undefined when there were none, or when the last line is too recent. With
   * `isLast` it is never too recent.
   */
  noteDrops(nowMs: number, unixMs: number, isLast = false): string | undefined {
    if (nowMs - this.#notedAtMs < noteMsMin && !isLast) return undefined;
    const text = this.#dropsText();
    if (text === undefined) return undefined;
    this.#notedAtMs = nowMs;
    this.#noted = { ...this.counters.dropped };
    this.#lastDroppedFrom = undefined;
    const line = logLine({ ...own, text }, 0, unixMs);
    for (const file of this.#router.filesFor(own.facility, own.severity)) {
      // If the full files refuse the note itself, that is no new drop.
      if (this.#sink.append(file, line, unixMs, []) === "kept") this.counters.lines += 1;
    }
    return text;
  }

  /** Each reason with its count since the last line and, when that is another one, the whole count. */
  #dropsText(): string | undefined {
    const { dropped } = this.counters;
    const parts = (Object.keys(dropped) as SyslogDropReason[]).flatMap((reason) => {
      const count = dropped[reason] - this.#noted[reason];
      if (count <= 0 || reason === "empty") return [];
      return `${count} ${reason}${count === dropped[reason] ? "" : ` (${dropped[reason]} in all)`}`;
    });
    if (parts.length === 0) return undefined;
    const from = this.#lastDroppedFrom;
    const last = from === undefined ? "" : `; the last from ${formatIpv4(from)}`;
    return `messages dropped: ${parts.join(", ")}${last}`;
  }

  /** The limits are those of the device, which is told by the host that the message names. */
  #acceptRelayed(bytes: Uint8Array, relay: number, nowMs: number, unixMs: number): void {
    const message = this.#parse(bytes);
    if (message === undefined) return;
    const device = this.#deviceBehind(relay, message.host ?? "");
    const readBytes = Math.min(bytes.length, SYSLOG_BYTES_MAX);
    if (!this.#rates.allow(device, readBytes, nowMs)) this.#drop("rate", relay);
    else this.#store(message, relay, unixMs, [relay, device]);
  }

  #deviceBehind(relay: number, host: string): number {
    let device = hash32(this.#seed, relay, host.length);
    for (let at = 0; at < host.length; at += 1) {
      device = hash32(this.#seed, device, host.charCodeAt(at));
    }
    return device;
  }

  #parse(bytes: Uint8Array): SyslogMessage | undefined {
    try {
      return parseSyslog(bytes);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.counters.dropped.empty += 1;
      return undefined;
    }
  }

  #store(message: SyslogMessage, source: number, unixMs: number, sources: readonly number[]): void {
    const files = this.#router.filesFor(message.facility, message.severity);
    if (files.length === 0) {
      this.counters.unrouted += 1;
      return;
    }
    const line = logLine(message, source, unixMs);
    for (const file of files) {
      const outcome = this.#sink.append(file, line, unixMs, sources);
      if (outcome === "kept") this.counters.lines += 1;
      else this.#drop(outcome, source);
    }
  }

  #drop(reason: SyslogDropReason, source: number): void {
    this.counters.dropped[reason] += 1;
    this.#lastDroppedFrom = source;
  }
}
