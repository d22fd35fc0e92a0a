import { DecodeError } from "../../protocol/decode-error.ts";
import { parseSyslog, type SyslogMessage } from "../../protocol/syslog/message.ts";
import { type CounterNames, counterFamilies, type Family } from "../metrics/exposition.ts";
import type { FileRouter } from "./file-router.ts";
import { logLine } from "./log-line.ts";

export interface LogSink {
  /** All files together are full and nothing old can be removed, so lines are dropped. */
  readonly isFull: boolean;
  /** Returns what happened to the line. A note may use the room that is reserved for notes. */
  append(
    file: number,
    line: string,
    unixMs: number,
    isNote?: boolean,
  ): "kept" | "file-full" | "total-full";
}

export function newSyslogCounters() {
  return {
    received: { udp: 0, tcp: 0 },
    /** Lines handed to files; one message may go into several files, or into none. */
    lines: 0,
    unrouted: 0,
    "cut-off": 0,
    "tcp-refused": 0,
    dropped: { empty: 0, rate: 0, "file-full": 0, "total-full": 0, "write-failed": 0 },
  };
}
export type SyslogCounters = ReturnType<typeof newSyslogCounters>;
type SyslogDropReason = keyof SyslogCounters["dropped"];

const names: CounterNames = {
  received: { name: "messages", label: "transport", help: "Messages received." },
  lines: { help: "Lines handed to files." },
  unrouted: { help: "Messages that no rule wants." },
  "cut-off": { help: "TCP messages that were too long." },
  "tcp-refused": { help: "TCP connections refused." },
  dropped: { label: "reason", help: "Messages thrown away, by reason." },
};

export function syslogFamilies(counters: SyslogCounters): Family[] {
  return counterFamilies("provlab_syslog", counters, names);
}

/** Facility syslog, severity warning: for the receiver's own lines. */
const ownFacility = 5;
const ownSeverity = 4;

/** Turns messages into lines of files. */
export class SyslogReceiver {
  readonly counters: SyslogCounters;
  readonly #router: FileRouter;
  readonly #sink: LogSink;
  readonly #noted: Record<SyslogDropReason, number>;
  #isFullNoted = false;

  constructor(router: FileRouter, sink: LogSink, counters: SyslogCounters) {
    this.#router = router;
    this.#sink = sink;
    this.counters = counters;
    this.#noted = { ...counters.dropped };
  }

  /** Takes one datagram or frame. `source` is the sender's address. */
  accept(
    bytes: Uint8Array,
    source: number,
    unixMs: number,
    transport: keyof SyslogCounters["received"],
  ): void {
    this.counters.received[transport] += 1;
    const message = this.#parse(bytes);
    if (message !== undefined) this.#store(message, source, unixMs);
  }

  /**
   * A gap in a log must be visible in the log. Writes one line about the messages dropped since the last
   * call and returns its text; undefined when there were none. When the files are full, one line is
   * written at the start and one when there is room again (or with `isLast`), because a line every second
   * would use up the room.
   */
  noteDrops(unixMs: number, isLast = false): string | undefined {
    const { dropped } = this.counters;
    const { isFull } = this.#sink;
    const isHeldBack = isFull && this.#isFullNoted && !isLast;
    const reasons = (Object.keys(dropped) as SyslogDropReason[]).filter(
      (reason) =>
        dropped[reason] > this.#noted[reason] &&
        reason !== "empty" &&
        !(reason === "total-full" && isHeldBack),
    );
    if (reasons.length === 0) return undefined;
    const parts = reasons.map((reason) => `${dropped[reason] - this.#noted[reason]} ${reason}`);
    const text = `messages dropped: ${parts.join(", ")}`;
    const isAboutFull = reasons.includes("total-full");
    this.#store(
      { facility: ownFacility, severity: ownSeverity, format: "bare", tag: "provlab", text },
      0,
      unixMs,
      isAboutFull,
    );
    // After the note: if the full files refuse the note itself, that must not count as a new drop.
    const { "total-full": noted } = this.#noted;
    Object.assign(this.#noted, dropped);
    if (isHeldBack) this.#noted["total-full"] = noted;
    else this.#isFullNoted = isFull && isAboutFull;
    return text;
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

  #store(message: SyslogMessage, source: number, unixMs: number, isNote = false): void {
    const files = this.#router.filesFor(message.facility, message.severity);
    if (files.length === 0) {
      this.counters.unrouted += 1;
      return;
    }
    const line = logLine(message, source, unixMs);
    for (const file of files) {
      const outcome = this.#sink.append(file, line, unixMs, isNote);
      if (outcome === "kept") this.counters.lines += 1;
      else this.counters.dropped[outcome] += 1;
    }
  }
}
