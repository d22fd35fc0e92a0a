import { formatIpv4 } from "../../protocol/ipv4.ts";
import type { Population } from "../../scenarios/population.ts";
import type { Shard } from "../device/shard.ts";
import type { BootPolicy } from "./boot-policy.ts";
import { BootServices } from "./boot-services.ts";
import type { BootProblem, BootSink, FileFault } from "./boot-step.ts";
import { type BootTable, NO_FAULT } from "./boot-table.ts";
import { type DownloadResult, tftpServers } from "./download.ts";
import type { FileExpectation } from "./file-hash.ts";
import { type NtpResult, ntpServers } from "./ntp-client.ts";
import type { StepRandom, StepTimers } from "./step.ts";
import { syslogServers } from "./syslog-client.ts";
import { type TimeResult, timeServers } from "./time-client.ts";

/** What the files of a population must be. */
export interface BootFiles {
  /** Length and hash of a device's file; undefined when nobody knows. */
  expected(device: number, filename: string): FileExpectation | undefined;
  /**
   * What is wrong with the contents of a modem's or MTA's file. They are undefined when they were too
   * long or too many to be kept; the view is good during the call.
   */
  faultOf(device: number, content: Uint8Array | undefined): FileFault | undefined;
}

export interface BootErrandsContext {
  readonly population: Population;
  readonly shard: Shard;
  readonly policy: BootPolicy;
  readonly table: BootTable;
  readonly unixMsAtZero: number;
  readonly files: BootFiles;
  readonly sink: BootSink;
  readonly timers: StepTimers;
  readonly random: StepRandom;
  /** The step is over; with a problem it was an optional one. */
  done(local: number, problem: BootProblem | undefined, nowMs: number): void;
  failed(local: number, problem: BootProblem, nowMs: number): void;
}

const faults: readonly FileFault[] = ["cm-mic", "cmts-mic", "file-format"];

/** The steps that a device does by itself once it has an address: what it asks, fetches and tells. */
export class BootErrands {
  readonly services: BootServices;
  /** Files whose contents were to be looked at and could not be kept. */
  contentsNotSeen = 0;
  readonly #context: BootErrandsContext;
  readonly #table: BootTable;

  /** Throws RangeError for a policy that cannot work. */
  constructor(context: BootErrandsContext) {
    const { shard, policy, table, unixMsAtZero, sink, timers, random } = context;
    this.#context = context;
    this.#table = table;
    this.services = new BootServices({
      size: shard.size,
      policy,
      unixMsAtZero,
      sink,
      timers,
      random,
      deviceOf: (local) => shard.deviceOf(local),
      addressOf: (local) => table.parameters(local).address,
      downloaded: (result) => this.#takeDownload(result),
      timeEnded: (result) => this.#takeTime(result),
      ntpEnded: (result) => this.#takeNtp(result),
    });
  }

  /** A device goes on without the time, whatever kept it from it (TIME-5). */
  askTime(local: number, nowMs: number): void {
    const { policy, done } = this.#context;
    const servers = timeServers(this.#table.parameters(local).timeServers, policy.ports.time);
    if (servers.length === 0) done(local, "no-server", nowMs);
    else this.services.time.start(local, servers, nowMs);
  }

  askNtp(local: number, nowMs: number): void {
    const { policy } = this.#context;
    const servers = ntpServers(this.#table.parameters(local).ntpServers, policy.ports.ntp);
    if (servers.length === 0) this.#missClock(local, "no-server", nowMs);
    else this.services.ntp.start(local, servers, nowMs);
  }

  download(local: number, nowMs: number): void {
    const { files, policy, shard, failed } = this.#context;
    const device = shard.deviceOf(local);
    const { filename, tftpServers: addresses } = this.#table.parameters(local);
    if (addresses.length === 0) {
      failed(local, "no-server", nowMs);
      return;
    }
    if (filename === "") {
      failed(local, "no-file", nowMs);
      return;
    }
    if (!isFilename(filename)) {
      failed(local, "bad-file-name", nowMs);
      return;
    }
    const expected = files.expected(device, filename);
    const request = {
      filename,
      servers: tftpServers(addresses, policy.ports.tftp),
      ...(expected === undefined ? {} : { expected }),
      keepContent: this.#looksInside(device),
    };
    this.services.tftp.start(local, request, nowMs);
  }

  /** A modem cannot check the CMTS's signature: it has not got the key. */
  check(local: number, nowMs: number): void {
    const { done, failed } = this.#context;
    const fault = this.faultOf(local);
    if (fault === undefined || fault === "cmts-mic") done(local, undefined, nowMs);
    else failed(local, fault, nowMs);
  }

  report(local: number, nowMs: number): void {
    const { policy, shard, unixMsAtZero, done } = this.#context;
    const { address, filename, logServers } = this.#table.parameters(local);
    if (logServers.length === 0) {
      done(local, "no-server", nowMs);
      return;
    }
    const device = shard.deviceOf(local);
    const unixMs = unixMsAtZero + nowMs + this.#table.clockOffsetMs[local];
    const text = `device ${device} on line with ${filename}, boot ${this.#table.boots[local]}`;
    const servers = syslogServers(logServers, policy.ports.syslog);
    this.services.syslog.report(local, { host: formatIpv4(address), unixMs, text }, servers);
    done(local, undefined, nowMs);
  }

  /** What is wrong with the file that the device has fetched in this boot. */
  faultOf(local: number): FileFault | undefined {
    const fault = this.#table.fault[local];
    return fault === NO_FAULT ? undefined : faults[fault - 1];
  }

  #takeDownload(result: DownloadResult): void {
    const { local, problem, content, lengthBytes, serverIndex, endedAtMs } = result;
    const { files, shard, sink, done, failed } = this.#context;
    if (problem !== undefined) {
      failed(local, problem, endedAtMs);
      return;
    }
    const device = shard.deviceOf(local);
    sink.downloaded(device, lengthBytes, serverIndex, endedAtMs);
    if (this.#looksInside(device)) {
      if (content === undefined) this.contentsNotSeen += 1;
      const fault = files.faultOf(device, content);
      this.#table.fault[local] = fault === undefined ? NO_FAULT : 1 + faults.indexOf(fault);
    }
    done(local, undefined, endedAtMs);
  }

  #takeTime({ local, problem, unixSeconds, endedAtMs }: TimeResult): void {
    const { unixMsAtZero, done } = this.#context;
    if (unixSeconds !== undefined) {
      this.#setClock(local, "time", unixSeconds * 1000 - (unixMsAtZero + endedAtMs));
    }
    done(local, problem, endedAtMs);
  }

  #takeNtp({ local, problem, offsetMs, endedAtMs }: NtpResult): void {
    if (problem !== undefined) {
      this.#missClock(local, problem, endedAtMs);
      return;
    }
    this.#setClock(local, "ntp", offsetMs);
    this.#context.done(local, undefined, endedAtMs);
  }

  #setClock(local: number, service: "time" | "ntp", offsetMs: number): void {
    const { shard, sink } = this.#context;
    this.#table.clockOffsetMs[local] = offsetMs;
    sink.clockRead(shard.deviceOf(local), service, offsetMs);
  }

  #missClock(local: number, problem: BootProblem, nowMs: number): void {
    const { policy, done, failed } = this.#context;
    if (policy.ntpOptional) done(local, problem, nowMs);
    else failed(local, problem, nowMs);
  }

  /** A modem's or MTA's file has a form; a meter's image is anything. */
  #looksInside(device: number): boolean {
    const kind = this.#context.population.kindOf(device);
    return kind === "cable-modem" || kind === "mta";
  }
}

const FILENAME_CHARACTERS_MAX = 128;

/** Short enough for a request with all its options, whatever the encoding, and without controls. */
function isFilename(text: string): boolean {
  if (text.length > FILENAME_CHARACTERS_MAX) return false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return false;
  }
  return true;
}
