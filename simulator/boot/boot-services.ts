import type { BootPolicy } from "./boot-policy.ts";
import type { BootService, BootSink } from "./boot-step.ts";
import type { DownloadResult } from "./download.ts";
import { NtpClient, type NtpResult } from "./ntp-client.ts";
import type { StepRandom, StepTimers, StepWire } from "./step.ts";
import { SyslogClient } from "./syslog-client.ts";
import { TftpClient } from "./tftp-client.ts";
import { TimeClient, type TimeResult } from "./time-client.ts";

export interface BootServicesContext {
  readonly size: number;
  readonly policy: BootPolicy;
  readonly unixMsAtZero: number;
  readonly sink: BootSink;
  readonly timers: StepTimers;
  readonly random: StepRandom;
  deviceOf(local: number): number;
  addressOf(local: number): number;
  downloaded(result: DownloadResult): void;
  timeEnded(result: TimeResult): void;
  ntpEnded(result: NtpResult): void;
}

/** The four protocols of a boot for all devices of a shard, each on a wire of its own. */
export class BootServices {
  readonly tftp: TftpClient;
  readonly time: TimeClient;
  readonly ntp: NtpClient;
  readonly syslog: SyslogClient;

  /** Throws RangeError for a policy that cannot work. */
  constructor(context: BootServicesContext) {
    const { size, policy, sink, timers, random } = context;
    const wireOf = (service: BootService): StepWire & { retransmitted(local: number): void } => ({
      buffer: () => sink.buffer(service),
      send: (local, length, destination, port) =>
        sink.send(service, context.addressOf(local), length, destination, port),
      retransmitted: (local) => sink.retransmitted(context.deviceOf(local), service),
    });
    this.tftp = new TftpClient({
      size,
      policy: policy.download,
      timers,
      random,
      sink: {
        ...wireOf("tftp"),
        downloaded: (result) => context.downloaded(result),
        attemptFailed: (local, server, problem, atMs) =>
          sink.downloadFailed(context.deviceOf(local), server, problem, atMs),
      },
    });
    this.time = new TimeClient({
      size,
      retry: policy.time,
      timers,
      random,
      sink: { ...wireOf("time"), timeEnded: (result) => context.timeEnded(result) },
    });
    this.ntp = new NtpClient({
      size,
      retry: policy.ntp,
      unixMsAtZero: context.unixMsAtZero,
      timers,
      random,
      sink: { ...wireOf("ntp"), ntpEnded: (result) => context.ntpEnded(result) },
    });
    this.syslog = new SyslogClient(policy.syslog, wireOf("syslog"));
  }

  /** Forgets whatever the device was doing. */
  cancel(local: number): void {
    this.tftp.cancel(local);
    this.time.poll.stop(local);
    this.ntp.poll.stop(local);
  }

  receive(
    service: BootService,
    local: number,
    bytes: Uint8Array,
    source: number,
    sourcePort: number,
    nowMs: number,
    receivedAtMs: number,
  ): void {
    switch (service) {
      case "tftp":
        this.tftp.receive(local, bytes, source, sourcePort, nowMs);
        return;
      case "time":
        this.time.receive(local, bytes, source, sourcePort, nowMs);
        return;
      case "ntp":
        this.ntp.receive(local, bytes, source, sourcePort, nowMs, receivedAtMs);
        return;
      case "syslog":
        // A syslog server has nothing to say.
        return;
    }
  }
}
