import { formatIpv4 } from "../../protocol/ipv4.ts";
import type { BootContext } from "./boot-context.ts";
import { BootServices } from "./boot-services.ts";
import type { BootProblem, BootStep, FileFault, FileVerdict } from "./boot-step.ts";
import { type BootTable, NO_FAULT } from "./boot-table.ts";
import type { CmtsStep } from "./cmts-access.ts";
import type { DownloadResult } from "./download.ts";
import type { FileExpectation } from "./file-hash.ts";
import type { NtpResult } from "./ntp-client.ts";
import { stepServers } from "./step.ts";
import { reportBySyslog } from "./syslog-report.ts";
import type { TimeResult } from "./time-client.ts";

/** What the files of a population must be. */
export interface BootFiles {
  /** Length and hash of a file; undefined when they are unknown. */
  expected(filename: string): FileExpectation | undefined;
  /**
   * The verdict on a modem's or MTA's file with this length and hash; undefined when only a look at its
   * contents can tell.
   */
  verdictOf(device: number, expected: FileExpectation): FileVerdict | undefined;
  /** Looks at the contents of a modem's or MTA's file; the view is good during the call. */
  examine(device: number, content: Uint8Array): FileVerdict;
}

interface BootErrandsContext extends BootContext {
  readonly files: BootFiles;
  /** The step is over. Only an optional step ends with a problem here. */
  done(local: number, problem: BootProblem | undefined, nowMs: number): void;
  failed(local: number, problem: BootProblem, nowMs: number): void;
}

/** The steps that BootErrands does. */
type Errand = Exclude<BootStep, "modem" | "dhcp" | CmtsStep>;

const faults: readonly FileFault[] = ["cm-mic", "cmts-mic", "file-format"];

/** What a device does once it has an address: it asks for the time, fetches its file and reports. */
export class BootErrands {
  readonly services: BootServices;
  readonly #context: BootErrandsContext;
  readonly #table: BootTable;

  /** Throws RangeError for a policy that cannot work. */
  constructor(context: BootErrandsContext) {
    this.#context = context;
    this.#table = context.table;
    this.services = new BootServices(context, {
      downloaded: (result) => this.#takeDownload(result),
      timeEnded: (result) => this.#takeTime(result),
      ntpEnded: (result) => this.#takeNtp(result),
    });
  }

  /** `done` or `failed` reports its end, maybe within the call. */
  begin(local: number, step: Errand, nowMs: number): void {
    switch (step) {
      case "time":
      case "ntp":
        this.#askTime(local, step, nowMs);
        return;
      case "tftp":
        this.#download(local, nowMs);
        return;
      case "check":
        this.#check(local, nowMs);
        return;
      case "syslog":
        this.#report(local, nowMs);
        return;
    }
  }

  /** The device's timer ran out in that step. */
  timeOut(local: number, step: Errand, nowMs: number): void {
    if (step === "time" || step === "ntp") this.services[step].poll.timeOut(local, nowMs);
    else if (step === "tftp") this.services.tftp.timeOut(local, nowMs);
  }

  #askTime(local: number, step: "time" | "ntp", nowMs: number): void {
    const { ports } = this.#context.policy;
    const { timeServers, ntpServers } = this.#table.parameters(local);
    const servers = stepServers(step === "time" ? timeServers : ntpServers, ports[step]);
    if (servers.length === 0) this.#missTime(local, step, "no-server", nowMs);
    else this.services[step].start(local, servers, nowMs);
  }

  #download(local: number, nowMs: number): void {
    const { files, policy, shard, failed } = this.#context;
    const device = shard.deviceOf(local);
    const { filename, tftpServers: addresses } = this.#table.parameters(local);
    const problem = addresses.length === 0 ? "no-server" : nameProblem(filename);
    if (problem !== undefined) {
      failed(local, problem, nowMs);
      return;
    }
    const expected = files.expected(filename);
    const request = {
      filename,
      servers: stepServers(addresses, policy.ports.tftp),
      ...(expected === undefined ? {} : { expected }),
      keepContent: this.#hasForm(device) && this.#knownVerdict(device, expected) === undefined,
    };
    this.services.tftp.start(local, request, nowMs);
  }

  /** A modem cannot check the CMTS's signature, because it does not have the key. */
  #check(local: number, nowMs: number): void {
    const { done, failed } = this.#context;
    const fault = this.faultOf(local);
    if (fault === undefined || fault === "cmts-mic") done(local, undefined, nowMs);
    else failed(local, fault, nowMs);
  }

  #report(local: number, nowMs: number): void {
    const { policy, shard, unixMsAtZero, done } = this.#context;
    const { address, filename, logServers } = this.#table.parameters(local);
    if (logServers.length === 0) {
      done(local, "no-server", nowMs);
      return;
    }
    const device = shard.deviceOf(local);
    const unixMs = unixMsAtZero + nowMs + this.#table.clockOffsetMs[local];
    const text = `device ${device} on line with ${filename}, boot ${this.#table.boots[local]}`;
    const servers = stepServers(logServers, policy.ports.syslog);
    const report = { host: formatIpv4(address), unixMs, text };
    reportBySyslog(policy.syslog, this.services.wireOf("syslog"), local, report, servers);
    done(local, undefined, nowMs);
  }

  /** What is wrong with the file that the device has fetched in this boot. */
  faultOf(local: number): FileFault | undefined {
    const fault = this.#table.fault[local];
    return fault === NO_FAULT ? undefined : faults[fault - 1];
  }

  #takeDownload(result: DownloadResult): void {
    const { local, problem, server, serverIndex, lengthBytes, expected, endedAtMs } = result;
    const { shard, sink, done, failed } = this.#context;
    const device = shard.deviceOf(local);
    if (problem !== undefined) {
      sink.downloadFailed(device, server, problem);
      failed(local, problem, endedAtMs);
      return;
    }
    const verdict = this.#hasForm(device) ? this.#verdictOn(device, result) : undefined;
    const fault = verdict === "right" ? undefined : verdict;
    this.#table.fault[local] = fault === undefined ? NO_FAULT : 1 + faults.indexOf(fault);
    sink.downloaded({
      device,
      lengthBytes,
      serverIndex,
      isVerified: expected !== undefined,
      isContentRight: verdict === "right",
    });
    done(local, undefined, endedAtMs);
  }

  /** Undefined when there was no room to keep the contents, so nothing looked at them. */
  #verdictOn(device: number, { expected, content }: DownloadResult): FileVerdict | undefined {
    const known = this.#knownVerdict(device, expected);
    if (known !== undefined) return known;
    return content && this.#context.files.examine(device, content);
  }

  #knownVerdict(device: number, expected: FileExpectation | undefined): FileVerdict | undefined {
    return expected && this.#context.files.verdictOf(device, expected);
  }

  #takeTime(result: TimeResult): void {
    const { local, endedAtMs } = result;
    if ("problem" in result) {
      this.#missTime(local, "time", result.problem, endedAtMs);
      return;
    }
    const deviceMs = this.#context.unixMsAtZero + endedAtMs;
    this.#setClock(local, "time", result.unixSeconds * 1000 - deviceMs, endedAtMs);
  }

  #takeNtp({ local, problem, offsetMs, endedAtMs }: NtpResult): void {
    if (problem !== undefined) this.#missTime(local, "ntp", problem, endedAtMs);
    else this.#setClock(local, "ntp", offsetMs, endedAtMs);
  }

  #setClock(local: number, step: "time" | "ntp", offsetMs: number, nowMs: number): void {
    const { shard, sink, done } = this.#context;
    this.#table.clockOffsetMs[local] = offsetMs;
    sink.clockRead(shard.deviceOf(local), step, offsetMs);
    done(local, undefined, nowMs);
  }

  /** Without the time of RFC 868 a device always goes on (TIME-5). */
  #missTime(local: number, step: "time" | "ntp", problem: BootProblem, nowMs: number): void {
    const { policy, done, failed } = this.#context;
    if (step === "ntp" && !policy.ntpOptional) failed(local, problem, nowMs);
    else done(local, problem, nowMs);
  }

  /** Whether the file has a form to check: a meter's image may be anything. */
  #hasForm(device: number): boolean {
    const kind = this.#context.population.kindOf(device);
    return kind === "cable-modem" || kind === "mta";
  }
}

const FILENAME_CHARACTERS_MAX = 128;

/**
 * A name must be short enough for a request with all its options, whatever the encoding, and have no
 * control characters.
 */
function nameProblem(text: string): "no-file" | "bad-file-name" | undefined {
  if (text === "") return "no-file";
  if (text.length > FILENAME_CHARACTERS_MAX) return "bad-file-name";
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return "bad-file-name";
  }
  return undefined;
}
