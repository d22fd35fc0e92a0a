import { LatencyHistogram } from "../../base/histogram.ts";
import { Prng } from "../../base/prng.ts";
import { distributionOf } from "./distribution.ts";
import type {
  BootFailureResult,
  BootResult,
  BootStepResult,
  RunResult,
  StreamResult,
  TimeSeriesRow,
} from "./run-result.ts";
import { sampleResult } from "./sample-result.testing.ts";

/** Milliseconds of one step, from a random number of 0 to 1. */
type Draw = (share: number) => number;

interface SampleStep {
  readonly step: string;
  readonly draw: Draw;
  /** The share of boots that fail in the step, and the problem. */
  readonly failing?: readonly [share: number, problem: string];
}

const about =
  (ms: number): Draw =>
  (share) =>
    ms * (0.4 - 0.6 * Math.log(1 - share));
const dhcp: SampleStep = { step: "dhcp", draw: about(850) };
const check: SampleStep = { step: "check", draw: about(0.04) };

const programs: Readonly<Record<string, readonly SampleStep[]>> = {
  "cable-modem": [
    // After a power cut the CMTS ranges modems one after the other.
    { step: "ranging", draw: (share) => 1500 + 52_000 * share },
    dhcp,
    { step: "time", draw: about(60) },
    { step: "tftp", draw: about(5200), failing: [0.03, "no-answer"] },
    { ...check, failing: [0.001, "cm-mic"] },
    { step: "registration", draw: about(2300), failing: [0.008, "cmts-timeout"] },
  ],
  mta: [{ step: "modem", draw: about(1200) }, dhcp, { step: "tftp", draw: about(1900) }, check],
  cpe: [{ step: "modem", draw: about(1200) }, dhcp],
  "smart-meter": [
    dhcp,
    { step: "ntp", draw: about(90) },
    { step: "tftp", draw: about(16_000), failing: [0.05, "stalled"] },
    check,
    { step: "syslog", draw: about(0.05) },
  ],
};
const byKind = { "cable-modem": 2400, mta: 800, cpe: 500, "smart-meter": 300 };
const devices = 4000;
const BOOTS_MAX = 3;
/** One modem in this many gets a file that was changed. */
const BROKEN_EVERY = 700;
const POWER_ON_WITHIN_MS = 10_000;
const TIMED_OUT_MS = 14_000;
const PAUSE_MS = 8000;
const SECONDS = 240;

/** A made-up result of a power restoration, with plausible figures. */
export function sampleBootResult(changes: Partial<RunResult> = {}): RunResult {
  const day = new SampleDay();
  const boot = day.result();
  const givenUp = boot.failures.reduce((sum, failure) => sum + failure.devices, 0);
  const before = sampleResult();
  return sampleResult({
    scenario: {
      name: "power-restoration",
      title: "A made-up power cut that ends, over the whole chain",
      sha256: "0".repeat(64),
    },
    durationMs: SECONDS * 1000,
    verdict: "fail",
    reasons: [`Threshold failed: restore.bootFailures.devices == 0, but it was ${givenUp}.`],
    population: { devices, byKind, cmts: 4 },
    transactions: {
      boot: "power-on to on line, the whole chain of the device's kind",
    },
    phases: [
      {
        name: "restore",
        startedAtMs: 0,
        durationMs: SECONDS * 1000,
        endedBy: "time-limit",
        streams: [bootStream(boot)],
        boot,
      },
    ],
    timeToBoundMs: { all: distributionOf(day.bound) },
    timeToOnlineMs: boot.timeToOnlineMs,
    thresholds: [
      {
        text: "timeToOnlineMs.all.p99 < 180000",
        actual: boot.timeToOnlineMs["all"].p99,
        holds: true,
      },
      { text: "restore.bootFailures.devices == 0", actual: givenUp, holds: false },
    ],
    safety: { ...before.safety, acknowledged: 4212, audit: "all 3,998 leases in the lease file" },
    generator: { ...before.generator, simulatedLoss: { percent: 1, dropped: 1324 } },
    timeSeries: day.rows(),
    ...changes,
  });
}

function bootStream(boot: BootResult): StreamResult {
  const latencyMs = boot.onlineAfterMs;
  const nothing = distributionOf(new LatencyHistogram());
  const timeouts = boot.failures.reduce((sum, failure) => sum + failure.devices, 0);
  return {
    exchange: "boot",
    offeredPerSecond: null,
    achievedPerSecond: latencyMs.count / (latencyMs.max / 1000),
    achievedRatio: null,
    offered: devices,
    sent: devices,
    completed: latencyMs.count,
    timeouts,
    retransmissions: 1391,
    naks: 0,
    notEligible: 0,
    latencyMs: boot.timeToOnlineMs["all"],
    serviceMs: boot.timeToOnlineMs["all"],
    slipMs: nothing,
  };
}

interface StepTally {
  readonly durations: LatencyHistogram;
  startSumMs: number;
}

/** Plays every device once and keeps the figures of a report. */
class SampleDay {
  readonly bound = new LatencyHistogram();
  readonly #prng = new Prng(11, 3);
  readonly #steps = new Map<string, StepTally>();
  readonly #failures = new Map<string, BootFailureResult>();
  readonly #online = new Map<string, LatencyHistogram>([["all", new LatencyHistogram()]]);
  readonly #onlineAfter = new LatencyHistogram();
  readonly #states: Record<string, number>[] = Array.from({ length: SECONDS }, () => ({}));
  readonly #bound = new Uint32Array(SECONDS);
  readonly #completed = new Uint32Array(SECONDS);
  readonly #modemOnlineAtMs: number[] = [];

  constructor() {
    for (const [kind, count] of Object.entries(byKind)) {
      for (let index = 0; index < count; index += 1) this.#play(kind, index);
    }
  }

  result(): BootResult {
    const timeToOnlineMs = Object.fromEntries(
      [...this.#online].map(([kind, spans]) => [kind, distributionOf(spans)]),
    );
    const filesOf = (kind: string): number => this.#tally(kind, "tftp").durations.count;
    const signed = filesOf("cable-modem") + filesOf("mta");
    const files = signed + filesOf("smart-meter");
    return {
      onlineAfterMs: distributionOf(this.#onlineAfter),
      timeToOnlineMs,
      steps: Object.entries(programs).flatMap(([kind, program]) =>
        program.map(({ step }) => this.#stepResult(kind, step)),
      ),
      failures: [...this.#failures.values()],
      downloads: {
        files,
        bytes: 22_347_776,
        verified: files,
        contentsChecked: signed,
        fromSecondary: 24,
        failedAttempts: { "no-answer": 96, stalled: 17 },
        retransmissions: { tftp: 1312, time: 61, ntp: 18 },
      },
    };
  }

  rows(): TimeSeriesRow[] {
    const [template] = sampleResult().timeSeries;
    return this.#states.map((bootStates, second) => ({
      ...template!,
      second,
      phase: "restore",
      discoverSent: 0,
      discoverCompleted: 0,
      latencyMsP50: this.#completed[second] > 0 ? 300 * second + 500 : null,
      latencyMsP99: this.#completed[second] > 0 ? 700 * second + 900 : null,
      latencyMsMax: this.#completed[second] > 0 ? 900 * second + 1000 : null,
      bound: this.#bound[second],
      devices: { init: devices - this.#bound[second], bound: this.#bound[second] },
      online: bootStates["online"] ?? 0,
      bootStates,
      bootsCompleted: this.#completed[second],
      downloadsCompleted: 0,
    }));
  }

  #stepResult(kind: string, step: string): BootStepResult {
    const { durations, startSumMs } = this.#tally(kind, step);
    return {
      kind,
      step,
      durationMs: distributionOf(durations),
      startMeanMs: startSumMs / durations.count,
      passedOver: step === "time" ? 31 : 0,
    };
  }

  #play(kind: string, index: number): void {
    const powerOnMs = this.#prng.nextFloat() * POWER_ON_WITHIN_MS;
    this.#mark("off", 0, powerOnMs);
    let atMs = powerOnMs;
    for (let boot = 1; boot <= BOOTS_MAX; boot += 1) {
      const endedAtMs = this.#boot(kind, index, powerOnMs, atMs, boot === BOOTS_MAX);
      if (endedAtMs === undefined) return;
      this.#mark("pausing", endedAtMs, endedAtMs + PAUSE_MS * boot);
      atMs = endedAtMs + PAUSE_MS * boot;
    }
  }

  /** When the boot failed, if another follows; undefined if the device is on line or gave up. */
  #boot(
    kind: string,
    index: number,
    powerOnMs: number,
    startMs: number,
    isLast: boolean,
  ): number | undefined {
    let atMs = startMs;
    for (const { step, draw, failing } of programs[kind]) {
      const isBroken = step === "check" && index % BROKEN_EVERY === BROKEN_EVERY - 1;
      const isFailing = failing !== undefined && (isBroken || this.#prng.nextFloat() < failing[0]);
      const awaitedMs = step === "modem" ? this.#modemOnlineAtMs[index] : atMs;
      if (awaitedMs === Number.POSITIVE_INFINITY) {
        this.#fail(kind, step, "modem-failed", true, atMs);
        return undefined;
      }
      const drawnMs = draw(this.#prng.nextFloat());
      const endMs = Math.max(awaitedMs, atMs) + (isFailing && !isBroken ? TIMED_OUT_MS : drawnMs);
      this.#mark(step, atMs, endMs);
      if (isFailing) {
        this.#fail(kind, step, failing[1], isLast, endMs);
        if (isLast && kind === "cable-modem") this.#modemOnlineAtMs[index] = Infinity;
        return isLast ? undefined : endMs;
      }
      const tally = this.#tally(kind, step);
      tally.durations.recordMs(endMs - atMs);
      tally.startSumMs += atMs - powerOnMs;
      if (step === "dhcp" && startMs === powerOnMs) this.#bind(powerOnMs, endMs);
      atMs = endMs;
    }
    if (kind === "cable-modem") this.#modemOnlineAtMs[index] = atMs;
    this.#goOnline(kind, powerOnMs, atMs);
    return undefined;
  }

  #bind(powerOnMs: number, atMs: number): void {
    this.bound.recordMs(atMs - powerOnMs);
    for (let second = Math.floor(atMs / 1000); second < SECONDS; second += 1) {
      this.#bound[second] += 1;
    }
  }

  #goOnline(kind: string, powerOnMs: number, atMs: number): void {
    const ofKind = this.#online.get(kind) ?? new LatencyHistogram();
    this.#online.set(kind, ofKind);
    ofKind.recordMs(atMs - powerOnMs);
    this.#online.get("all")!.recordMs(atMs - powerOnMs);
    this.#onlineAfter.recordMs(atMs);
    this.#mark("online", atMs, Infinity);
    const second = Math.floor(atMs / 1000);
    if (second < SECONDS) this.#completed[second] += 1;
  }

  #fail(kind: string, step: string, problem: string, gaveUp: boolean, atMs: number): void {
    const key = `${kind} ${step} ${problem}`;
    const { boots = 0, devices: gone = 0 } = this.#failures.get(key) ?? {};
    const counts = gaveUp ? { boots, devices: gone + 1 } : { boots: boots + 1, devices: gone };
    this.#failures.set(key, { kind, step, problem, ...counts });
    if (gaveUp) this.#mark("failed", atMs, Infinity);
  }

  /** Counts the device in this state at the end of each second. */
  #mark(state: string, fromMs: number, toMs: number): void {
    const first = Math.max(0, Math.ceil(fromMs / 1000) - 1);
    for (let second = first; second < SECONDS && (second + 1) * 1000 < toMs; second += 1) {
      const states = this.#states[second];
      states[state] = (states[state] ?? 0) + 1;
    }
  }

  #tally(kind: string, step: string): StepTally {
    const key = `${kind} ${step}`;
    const tally = this.#steps.get(key) ?? { durations: new LatencyHistogram(), startSumMs: 0 };
    this.#steps.set(key, tally);
    return tally;
  }
}
