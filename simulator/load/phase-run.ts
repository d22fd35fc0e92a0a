import type { CompletedExchange, StartResult, StreamExchange } from "../device/exchange.ts";
import type { Measured, PhaseRecord } from "../measure/recorder.ts";
import { goalOf, needsLease, phaseMsMax, takesBound, windowOf } from "../plan/run-plan.ts";
import type { ArrivalLog } from "./arrival-log.ts";
import { NO_DEVICE } from "./arrivals.ts";
import { PhaseLedger, type PhaseLedgerInput, UNSENT_MAX } from "./phase-ledger.ts";
import { ScheduleClock } from "./schedule-clock.ts";
import { PhaseStreams, type PhaseStreamsInput } from "./streams.ts";

/** The worker's devices as a phase uses them. */
export interface PhaseFleet {
  readonly size: number;
  /** Devices that hold a lease. */
  readonly bound: number;
  /** Devices that have come to the end of their boot. */
  readonly online: number;
  /** Devices that have given up their boot. */
  readonly givenUp: number;
  owns(device: number): boolean;
  /** Whether the device does nothing at all, and waits for nothing. */
  isOff(device: number): boolean;
  start(device: number, kind: StreamExchange, intendedAtMs: number, nowMs: number): StartResult;
  /** The device forgets its lease and stops; no message is sent. */
  powerOff(device: number, nowMs: number): void;
}

interface PhaseRunInput extends PhaseLedgerInput, Omit<PhaseStreamsInput, "owns" | "inFlight"> {
  readonly fleet: PhaseFleet;
  /** Where every arrival is noted; nowhere when left out. */
  readonly log?: ArrivalLog | undefined;
}

export type PhaseEnd = "duration" | "time-limit" | "coordinator";

/** Most arrivals between two flushes, so that the first does not wait for the last. */
export const ARRIVALS_A_FLUSH = UNSENT_MAX;

/** A worker that is late still sends what was due, for this long after the end of the phase at least. */
const SEND_MS_MAX = 1000;

/** One worker's part of one phase: starts what is due, and knows when the phase is over. */
export class PhaseRun {
  /** Takes the news of transactions, except `completed`, which the phase takes. */
  readonly ledger: PhaseLedger;
  readonly #input: PhaseRunInput;
  readonly #streams: PhaseStreams;
  #startMs = Number.POSITIVE_INFINITY;
  #clock = new ScheduleClock(Number.POSITIVE_INFINITY);
  /** From the start until no more arrivals are handed out, by the schedule. */
  #lengthMs: number;
  /** When it stopped handing out arrivals. */
  #endedAtMs: number | undefined;
  #drainMs: number;
  #endedBy: PhaseEnd | undefined;
  #nowMs = 0;
  readonly #take = (stream: number, device: number, atMs: number, leaves: boolean): boolean => {
    const hasStarted = leaves
      ? this.#leave(stream, device)
      : this.#arrive(stream, device, this.#clock.toMonotonic(atMs));
    this.#input.log?.add({ device, stream, atMs, leaves, hasStarted });
    return hasStarted;
  };

  /** Works out the shares; in a `powerCycle`, devices of discover and boot streams lose power at `nowMs`. */
  constructor(input: PhaseRunInput, nowMs: number) {
    const { phase, fleet } = input;
    this.#input = input;
    this.#lengthMs = phaseMsMax(phase);
    this.#drainMs = phase.drainMs;
    this.ledger = new PhaseLedger(input);
    this.#streams = new PhaseStreams({
      ...input,
      owns: (device) => fleet.owns(device),
      inFlight: (stream) =>
        this.#isOpen(stream) ? this.ledger.pendingOf(stream) : Number.POSITIVE_INFINITY,
    });
    if (phase.powerCycle) this.#cutPower(nowMs);
  }

  /** Arrivals count from here, at `pace` times the rates of the plan; 0 holds them. */
  begin(startMs: number, pace = 1): void {
    this.#startMs = startMs;
    this.#clock = new ScheduleClock(startMs, pace);
    this.ledger.begin(this.#clock);
  }

  /** Sets the pace from `atMs` on. Transactions under way, and devices' own timers, are not affected. */
  setPace(pace: number, atMs: number): void {
    if (this.#startMs === Number.POSITIVE_INFINITY) return;
    this.#clock.setPace(pace, Math.max(atMs, this.#startMs));
  }

  get startMs(): number {
    return this.#startMs;
  }

  /** When it stopped handing out arrivals, or will at the latest. */
  get endMs(): number {
    return this.#endedAtMs ?? this.#clock.toMonotonic(this.#lengthMs);
  }

  get endedBy(): PhaseEnd | undefined {
    return this.#endedBy;
  }

  /** Whether the phase has no device of this worker left to wait for. */
  get isGoalReached(): boolean {
    const { phase, fleet } = this.#input;
    if (goalOf(phase) !== "all-online") return fleet.bound === fleet.size;
    return fleet.online + fleet.givenUp === fleet.size;
  }

  /** No arrivals from now on, and no more than `drainMs` for what is under way. */
  end(nowMs: number, drainMs: number): void {
    if (nowMs >= this.#startMs) this.#endedAtMs ??= Math.min(nowMs, this.endMs);
    this.#lengthMs = Math.min(this.#lengthMs, Math.max(0, this.#clock.toSchedule(nowMs)));
    this.#drainMs = Math.min(this.#drainMs, drainMs);
    this.#endedBy ??= "coordinator";
  }

  /** When to call `startDue` or `isOver` next. */
  nextDueMs(): number {
    if (this.#hasArrivals()) return this.#clock.toMonotonic(this.#streams.nextDueMs());
    return this.#endedBy === undefined ? this.endMs : this.endMs + this.#drainMs;
  }

  /**
   * Starts up to ARRIVALS_A_FLUSH transactions that are due; says how many arrivals it looked at.
   * Flush the sockets, then tell the ledger.
   */
  startDue(nowMs: number): number {
    if (this.#clock.isHeld && this.#endedBy === undefined) return 0;
    if (nowMs >= this.endMs) {
      this.#endedAtMs ??= this.endMs;
      this.#endedBy ??= goalOf(this.#input.phase) === undefined ? "duration" : "time-limit";
    }
    this.#nowMs = nowMs;
    // Arrivals intended before the end go out even if the worker comes to them late.
    return this.#streams.takeDue(
      {
        nowMs: this.#clock.toSchedule(nowMs),
        endMs: this.#lengthMs,
        count: ARRIVALS_A_FLUSH,
      },
      this.#take,
    );
  }

  /** What has been measured so far; undefined in a phase that is not watched. */
  soFar(nowMs: number): Measured | undefined {
    if (this.#input.phase.isWatched !== true || nowMs < this.#startMs) return undefined;
    // A watch counts in the time of the phase's schedule.
    const atMs = this.#startMs + this.#clock.toSchedule(nowMs);
    return { atMs, report: this.ledger.reportAt(nowMs) };
  }

  /** Ended and drained: `finish` may be called. */
  isOver(nowMs: number): boolean {
    if (this.#endedBy === undefined) return false;
    if (this.#hasArrivals()) return nowMs >= this.endMs + Math.max(this.#drainMs, SEND_MS_MAX);
    return this.ledger.pending === 0 || nowMs >= this.endMs + this.#drainMs;
  }

  /** Books what is still under way as timeouts; what becomes of it later belongs to no stream. */
  finish(): PhaseRecord {
    const endMs = this.#lengthMs;
    const rest = { nowMs: endMs, endMs, count: Number.POSITIVE_INFINITY };
    this.#streams.takeDue(rest, (stream) => {
      this.ledger.unsent(stream);
      return false;
    });
    return this.ledger.close();
  }

  completed(exchange: CompletedExchange): void {
    this.ledger.completed(exchange, this);
  }

  #hasArrivals(): boolean {
    return this.#streams.nextDueMs() < this.#lengthMs;
  }

  /** Whether a closed loop may begin another transaction. */
  #isOpen(stream: number): boolean {
    if (this.#endedBy !== undefined) return false;
    const { phase } = this.#input;
    return this.#clock.toSchedule(this.#nowMs) < windowOf(phase, phase.streams[stream]).endMs;
  }

  #cutPower(nowMs: number): void {
    const { phase, fleet } = this.#input;
    phase.streams.forEach((stream, index) => {
      if (takesBound(stream)) return;
      for (const device of this.#streams.shares[index]) {
        if (!fleet.owns(device)) continue;
        fleet.powerOff(device, nowMs);
        this.ledger.deviceLostPower(device);
      }
    });
  }

  /** False for a device that cannot leave, because it is still coming back. */
  #leave(stream: number, device: number): boolean {
    const { phase, fleet } = this.#input;
    const plan = phase.streams[stream];
    if (this.ledger.isBusy(device)) return false;
    if (plan.kind === "churn" && plan.leave === "release") {
      // A device that is just renewing cannot release; it loses power all the same.
      fleet.start(device, "release", this.#nowMs, this.#nowMs);
    }
    fleet.powerOff(device, this.#nowMs);
    this.ledger.deviceLostPower(device);
    return true;
  }

  #arrive(stream: number, device: number, scheduledAtMs: number): boolean {
    const plan = this.#input.phase.streams[stream];
    // A closed loop has no schedule: what begins was wanted now.
    const intendedAtMs = plan.kind === "outstanding" ? this.#nowMs : scheduledAtMs;
    if (device === NO_DEVICE || !this.#start(stream, device, intendedAtMs)) {
      this.ledger.notEligible(stream, intendedAtMs);
      return false;
    }
    this.ledger.started(stream, intendedAtMs);
    if (!needsLease(plan.exchange)) this.ledger.deviceStarted(device, intendedAtMs);
    return true;
  }

  #start(stream: number, device: number, intendedAtMs: number): boolean {
    const { phase, fleet } = this.#input;
    const { exchange } = phase.streams[stream];
    // A transaction that a stream has begun goes on: a device has one at a time.
    if (this.ledger.isBusy(device)) return false;
    if (!needsLease(exchange) && !fleet.isOff(device)) {
      if (!phase.powerCycle) return false;
      fleet.powerOff(device, this.#nowMs);
    }
    // Booked first, because a release is complete before `start` returns.
    this.ledger.assign(stream, device, intendedAtMs);
    if (fleet.start(device, exchange, intendedAtMs, this.#nowMs) === "started") return true;
    this.ledger.unassign(stream, device);
    return false;
  }
}
