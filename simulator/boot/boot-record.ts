import { addFields } from "../../base/add-fields.ts";
import { LatencyHistogram } from "../../base/histogram.ts";
import { type DeviceKind, deviceKinds } from "../../scenarios/population/population.ts";
import type {
  BootProblem,
  BootService,
  BootStep,
  DownloadedFile,
  EndedStep,
  FailedBoot,
  OnlineDevice,
} from "./boot-step.ts";
import { bootPrograms } from "./boot-step.ts";
import type { DownloadProblem } from "./download.ts";
import {
  addEncoded,
  type EncodedHistograms,
  encoded,
  type KindHistograms,
  recordKind,
} from "./kind-histograms.ts";

/** One step of one kind of device, over all boots that finished it. */
interface StepRecord {
  readonly kind: DeviceKind;
  readonly step: BootStep;
  readonly duration: LatencyHistogram;
  /** Sum over those boots: from the device's intended power-on to the start of the step. */
  startMsSum: number;
  /** Boots in which the step failed and the device went on without it (TIME-5). */
  passedOver: number;
}

/** A problem that stopped devices of one kind. */
interface FailureRecord {
  readonly kind: DeviceKind;
  readonly step: BootStep;
  readonly problem: BootProblem;
  /** Boots that ended there and were followed by another. */
  boots: number;
  /** Devices that gave up there. */
  devices: number;
}

/** The files of boots and fetches together. */
type DownloadsRecord = ReturnType<typeof noDownloads>;

function noDownloads() {
  const failedAttempts: Partial<Record<DownloadProblem, number>> = {};
  const retransmissions: Record<BootService, number> = { tftp: 0, time: 0, ntp: 0, syslog: 0 };
  return {
    files: 0,
    bytes: 0,
    /** Length and hash were known and right. */
    verified: 0,
    /** MICs or format were looked at and right. */
    contentsChecked: 0,
    /** From the second or a later server of the device's list (TFTP-2). */
    fromSecondary: 0,
    /** Attempts at one server that failed. */
    failedAttempts,
    /** Copies of datagrams that were sent before. */
    retransmissions,
  };
}

/** From the intended power-on to on line, by kind and over all. */
export type TimeToOnline = KindHistograms;

/**
 * The boots and downloads of a phase, over one worker or over all. A histogram exists once something was
 * recorded.
 */
export class BootRecord {
  readonly timeToOnline: TimeToOnline = {};
  readonly downloads = noDownloads();
  #onlineAfter: LatencyHistogram | undefined;
  readonly #steps = new Map<string, StepRecord>();
  readonly #failures = new Map<string, FailureRecord>();

  /** From the start of the phase until a device was on line; undefined when none came on line. */
  get onlineAfter(): LatencyHistogram | undefined {
    return this.#onlineAfter;
  }

  /** By kind, in the order of the kind's program; without the steps that no boot finished. */
  get steps(): readonly StepRecord[] {
    return deviceKinds.flatMap((kind) =>
      bootPrograms[kind].flatMap((step) => this.#steps.get(keyOf(kind, step)) ?? []),
    );
  }

  /** By kind, step and problem; in the order in which they were first met. */
  get failures(): readonly FailureRecord[] {
    return [...this.#failures.values()];
  }

  /** Counts a step that a boot has passed; `rebooting` and `failed` count a step that ended its boot. */
  stepEnded(kind: DeviceKind, ended: EndedStep): void {
    if (ended.end === "failed") return;
    const record = this.#stepOf(kind, ended.step);
    record.duration.recordMs(ended.endedAtMs - ended.startedAtMs);
    record.startMsSum += ended.startedAtMs - ended.intendedAtMs;
    if (ended.end === "passed-over") record.passedOver += 1;
  }

  online(kind: DeviceKind, device: OnlineDevice, phaseStartMs: number): void {
    const { intendedAtMs, onlineAtMs } = device;
    recordKind(this.timeToOnline, kind, onlineAtMs - intendedAtMs);
    this.#onlineAfter ??= new LatencyHistogram();
    this.#onlineAfter.recordMs(onlineAtMs - phaseStartMs);
  }

  /** A boot failed and another follows. */
  rebooting(kind: DeviceKind, boot: FailedBoot): void {
    this.#failureOf(kind, boot.step, boot.problem).boots += 1;
  }

  /** A device has given up its boot, or the fetch of its file. */
  failed(kind: DeviceKind, boot: Pick<FailedBoot, "step" | "problem">): void {
    this.#failureOf(kind, boot.step, boot.problem).devices += 1;
  }

  downloaded(file: DownloadedFile): void {
    const { downloads } = this;
    downloads.files += 1;
    downloads.bytes += file.lengthBytes;
    if (file.isVerified) downloads.verified += 1;
    if (file.isContentRight) downloads.contentsChecked += 1;
    if (file.serverIndex > 0) downloads.fromSecondary += 1;
  }

  downloadFailed(problem: DownloadProblem): void {
    add(this.downloads.failedAttempts, problem, 1);
  }

  retransmitted(service: BootService): void {
    this.downloads.retransmissions[service] += 1;
  }

  toReport(): BootReport {
    return {
      onlineAfter: this.#onlineAfter?.toBase64(),
      timeToOnline: encoded(this.timeToOnline),
      steps: this.steps.map((step) => ({ ...step, duration: step.duration.toBase64() })),
      failures: structuredClone(this.failures),
      downloads: structuredClone(this.downloads),
    };
  }

  add(report: BootReport): void {
    if (report.onlineAfter !== undefined) {
      this.#onlineAfter ??= new LatencyHistogram();
      this.#onlineAfter.merge(LatencyHistogram.fromBase64(report.onlineAfter));
    }
    addEncoded(this.timeToOnline, report.timeToOnline);
    for (const { kind, step, duration, startMsSum, passedOver } of report.steps) {
      const record = this.#stepOf(kind, step);
      record.duration.merge(LatencyHistogram.fromBase64(duration));
      record.startMsSum += startMsSum;
      record.passedOver += passedOver;
    }
    for (const { kind, step, problem, boots, devices } of report.failures) {
      const record = this.#failureOf(kind, step, problem);
      record.boots += boots;
      record.devices += devices;
    }
    this.#addDownloads(report.downloads);
  }

  #addDownloads(from: BootReport["downloads"]): void {
    const { downloads } = this;
    for (const name of downloadCounts) downloads[name] += from[name];
    for (const [problem, count] of Object.entries(from.failedAttempts)) {
      add(downloads.failedAttempts, problem as DownloadProblem, count);
    }
    addFields(downloads.retransmissions, from.retransmissions);
  }

  #stepOf(kind: DeviceKind, step: BootStep): StepRecord {
    const key = keyOf(kind, step);
    let record = this.#steps.get(key);
    if (record === undefined) {
      record = { kind, step, duration: new LatencyHistogram(), startMsSum: 0, passedOver: 0 };
      this.#steps.set(key, record);
    }
    return record;
  }

  #failureOf(kind: DeviceKind, step: BootStep, problem: BootProblem): FailureRecord {
    const key = keyOf(kind, step, problem);
    let record = this.#failures.get(key);
    if (record === undefined) {
      record = { kind, step, problem, boots: 0, devices: 0 };
      this.#failures.set(key, record);
    }
    return record;
  }
}

/** A BootRecord that may cross threads. Histograms in HdrHistogram's V2 encoding. */
export interface BootReport {
  readonly onlineAfter: string | undefined;
  readonly timeToOnline: EncodedHistograms;
  readonly steps: readonly (Readonly<Omit<StepRecord, "duration">> & {
    readonly duration: string;
  })[];
  readonly failures: readonly Readonly<FailureRecord>[];
  readonly downloads: Readonly<DownloadsRecord>;
}

/** Mean time from the device's intended power-on to the start of the step, in ms. */
export function startMeanMs(step: StepRecord): number {
  return step.duration.count === 0 ? 0 : step.startMsSum / step.duration.count;
}

const downloadCounts = ["files", "bytes", "verified", "contentsChecked", "fromSecondary"] as const;

function keyOf(...parts: readonly string[]): string {
  return parts.join(" ");
}

function add<Name extends string>(
  into: Partial<Record<Name, number>>,
  name: Name,
  count: number,
): void {
  into[name] = (into[name] ?? 0) + count;
}
