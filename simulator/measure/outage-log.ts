import { joined, resized } from "../../base/columns.ts";
import type { FailureReason, SurrenderReason } from "../device/exchange.ts";

/** How finely ACKs are counted over time. */
const OUTAGE_BIN_MS = 10;
/** A longer wait for an ACK is noted even if no message was lost. */
const NOTICEABLE_WAIT_MS = 100;

// 2 h 54 min: ACKs beyond are counted as lost to the log. 28 bytes a bin and server.
const BINS_MAX = 1 << 20;
const BINS_FIRST = 1 << 10;
// 21 bytes a note, by worker.
const NOTES_MAX = 1 << 18;
const NOTES_FIRST = 1 << 8;

/** Kinds of notes about a device that has waited from `sinceMs` until the event at `untilMs`. */
export const OutageNote = {
  /** Got the ACK that ended its wait, which began with the intended start of the first unanswered exchange. */
  waited: 0,
  /** Reached T2 because no server answered its renewals. */
  rebinding: 1,
  /** Ended an exchange without an answer to its last transmission. */
  gaveUp: 2,
  /** Lost its lease because no server renewed it. */
  expired: 3,
  /** Still waited when the run ended. */
  unserved: 4,
} as const;

/** Columns of equal length, a row for each bin of OUTAGE_BIN_MS; times are ms since the run began. */
function newBins(length: number) {
  return {
    count: new Uint32Array(length),
    /** The first and the last ACK received in the bin; meaningless without any. */
    firstMs: new Float64Array(length),
    lastMs: new Float64Array(length),
    /** The latest first copy of a REQUEST that was acknowledged in the bin. */
    sentMs: new Float64Array(length),
  };
}

export type ServerAcks = Readonly<ReturnType<typeof newBins>> & {
  /** Its address (Answerers); 0 for all that the plan does not name. */
  readonly server: number;
};

/** Columns of equal length; times are ms since the run began, `what` is an OutageNote. */
function newNotes(length: number) {
  return {
    what: new Uint8Array(length),
    device: new Uint32Array(length),
    sinceMs: new Float64Array(length),
    untilMs: new Float64Array(length),
  };
}

type OutageNotes = Readonly<ReturnType<typeof newNotes>>;

/** How one worker, or all of them, saw servers fail and come back. */
export interface OutageReport {
  /** Time 0 of all others, by Clock.monotonicMs. */
  readonly runStartMs: number;
  readonly servers: readonly ServerAcks[];
  /** The same for ACKs that devices ignored, because they had an answer already. */
  readonly ignored: readonly ServerAcks[];
  readonly notes: OutageNotes;
  /** ACKs and notes that found no room. */
  readonly lost: number;
}

/**
 * A worker's record of which server acknowledged when, and which devices had to wait. Costs a few numbers an
 * ACK and 8 bytes a device; its size is bounded.
 */
export class OutageLog {
  readonly #servers: readonly AckBins[];
  readonly #ignored: readonly AckBins[];
  /** By device: since when it waits; 0 while it does not. */
  readonly #sinceMs: Float64Array;
  readonly #notesMax: number;
  #notes = newNotes(NOTES_FIRST);
  #noteCount = 0;
  #lost = 0;
  #runStartMs = Number.NaN;

  /** `servers`: their identifiers; `devices`: how many the whole population has. */
  constructor(servers: readonly number[], devices: number, notesMax = NOTES_MAX) {
    this.#servers = [...servers, 0].map((server) => new AckBins(server));
    this.#ignored = [...servers, 0].map((server) => new AckBins(server));
    this.#sinceMs = new Float64Array(devices);
    this.#notesMax = notesMax;
  }

  /** The first phase begins. All later times are on the same scale. */
  begin(runStartMs: number): void {
    this.#runStartMs = runStartMs;
  }

  /** `sentAtMs`: when the first copy of the REQUEST was sent. */
  acknowledged(server: number, sentAtMs: number, receivedAtMs: number): void {
    this.#count(this.#servers, server, sentAtMs, receivedAtMs);
  }

  /** As `acknowledged`, for an ACK that no device waited for any more. */
  acknowledgedAgain(server: number, sentAtMs: number, receivedAtMs: number): void {
    this.#count(this.#ignored, server, sentAtMs, receivedAtMs);
  }

  #count(bins: readonly AckBins[], server: number, sentAtMs: number, receivedAtMs: number): void {
    const startMs = this.#runStartMs;
    if (!(receivedAtMs >= startMs)) return;
    let slot = 0;
    while (slot < bins.length - 1 && bins[slot].server !== server) slot += 1;
    if (!bins[slot].add(receivedAtMs - startMs, sentAtMs - startMs)) this.#lost += 1;
  }

  /** An exchange ended with an ACK. */
  completed(device: number, intendedAtMs: number, receivedAtMs: number): void {
    const sinceMs = this.#sinceMs[device];
    if (sinceMs === 0 && receivedAtMs - intendedAtMs < NOTICEABLE_WAIT_MS) return;
    this.#sinceMs[device] = 0;
    this.#note(OutageNote.waited, device, sinceMs || intendedAtMs, receivedAtMs);
  }

  retransmitted(device: number, intendedAtMs: number): void {
    this.#sinceMs[device] ||= intendedAtMs;
  }

  failed(device: number, reason: FailureReason, intendedAtMs: number, failedAtMs: number): void {
    // A NAK is an answer, but it does not end a wait.
    if (reason === "nak") return;
    if (reason === "abandoned") {
      this.#sinceMs[device] = 0;
      return;
    }
    const sinceMs = this.#sinceMs[device] || intendedAtMs;
    this.#sinceMs[device] = sinceMs;
    const what = reason === "timeout" ? OutageNote.gaveUp : OutageNote.expired;
    this.#note(what, device, sinceMs, failedAtMs);
  }

  reachedT2(device: number, atMs: number): void {
    this.#note(OutageNote.rebinding, device, this.#sinceMs[device] || atMs, atMs);
  }

  /** A device that is switched off, or gives its address back, waits no more. */
  surrendered(device: number, reason: SurrenderReason): void {
    if (reason === "restarted" || reason === "released") this.#sinceMs[device] = 0;
  }

  /** Everything, at the end of the run. */
  take(nowMs: number): OutageReport {
    for (let device = 0; device < this.#sinceMs.length; device += 1) {
      const sinceMs = this.#sinceMs[device];
      if (sinceMs !== 0) this.#note(OutageNote.unserved, device, sinceMs, nowMs);
    }
    return {
      runStartMs: this.#runStartMs,
      servers: this.#servers.map((bins) => bins.take()),
      ignored: this.#ignored.map((bins) => bins.take()),
      notes: resized(this.#notes, this.#noteCount),
      lost: this.#lost,
    };
  }

  #note(what: number, device: number, sinceMs: number, untilMs: number): void {
    if (this.#noteCount >= this.#notesMax) {
      this.#lost += 1;
      return;
    }
    if (this.#noteCount === this.#notes.what.length) {
      this.#notes = resized(this.#notes, this.#noteCount * 2);
    }
    const at = this.#noteCount;
    this.#notes.what[at] = what;
    this.#notes.device[at] = device;
    this.#notes.sinceMs[at] = sinceMs - this.#runStartMs;
    this.#notes.untilMs[at] = untilMs - this.#runStartMs;
    this.#noteCount = at + 1;
  }
}

class AckBins {
  readonly server: number;
  #columns = newBins(BINS_FIRST);
  #used = 0;

  constructor(server: number) {
    this.server = server;
  }

  /** False: the run has lasted too long for it. */
  add(atMs: number, sentMs: number): boolean {
    const bin = Math.floor(atMs / OUTAGE_BIN_MS);
    if (bin >= BINS_MAX) return false;
    this.#put(bin, 1, atMs, atMs, sentMs);
    return true;
  }

  /** Everything that another log has of the same server. */
  merge({ count, firstMs, lastMs, sentMs }: ServerAcks): void {
    for (let bin = 0; bin < count.length; bin += 1) {
      if (count[bin] > 0) this.#put(bin, count[bin], firstMs[bin], lastMs[bin], sentMs[bin]);
    }
  }

  take(): ServerAcks {
    return { server: this.server, ...resized(this.#columns, this.#used) };
  }

  #put(bin: number, acks: number, earliestMs: number, latestMs: number, sentMs: number): void {
    if (bin >= this.#columns.count.length) {
      const length = Math.min(BINS_MAX, 2 ** Math.ceil(Math.log2(bin + 1)));
      this.#columns = resized(this.#columns, length);
    }
    const { count, firstMs, lastMs, sentMs: sent } = this.#columns;
    const isFirst = count[bin] === 0;
    firstMs[bin] = isFirst ? earliestMs : Math.min(firstMs[bin], earliestMs);
    lastMs[bin] = isFirst ? latestMs : Math.max(lastMs[bin], latestMs);
    sent[bin] = isFirst ? sentMs : Math.max(sent[bin], sentMs);
    count[bin] += acks;
    this.#used = Math.max(this.#used, bin + 1);
  }
}

/**
 * All workers' reports as one. Workers of one process share a clock. Between segments on several machines,
 * these times are as far apart as the machines' clocks.
 */
export function mergeOutages(reports: readonly OutageReport[]): OutageReport {
  return {
    runStartMs: Math.min(...reports.map(({ runStartMs }) => runStartMs)),
    servers: mergeServers(reports.map(({ servers }) => servers)),
    ignored: mergeServers(reports.map(({ ignored }) => ignored)),
    notes: joined([newNotes(0), ...reports.map(({ notes }) => notes)]),
    lost: reports.reduce((sum, { lost }) => sum + lost, 0),
  };
}

function mergeServers(lists: readonly (readonly ServerAcks[])[]): ServerAcks[] {
  const all = new Map<number, AckBins>();
  for (const acks of lists.flat()) {
    const bins = all.get(acks.server) ?? new AckBins(acks.server);
    bins.merge(acks);
    all.set(acks.server, bins);
  }
  return [...all.values()].map((bins) => bins.take());
}
