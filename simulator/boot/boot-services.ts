import type { UdpSocket } from "../../base/net/udp-socket.ts";
import type { BootPolicy } from "./boot-policy.ts";
import type { BootService, BootSink } from "./boot-step.ts";
import type { DownloadResult } from "./download.ts";
import { NtpClient, type NtpResult } from "./ntp-client.ts";
import type { StepRandom, StepTimers, StepWire } from "./step.ts";
import { SyslogClient } from "./syslog-client.ts";
import { TftpClient } from "./tftp-client.ts";
import { TimeClient, type TimeResult } from "./time-client.ts";

/** A socket as far as the devices send by it. */
export type BootSocket = Pick<UdpSocket, "slot" | "push">;

/** A batch of datagrams as a socket has received it. */
export type ReceivedDatagrams = Pick<
  UdpSocket,
  "bytes" | "destinationAddress" | "sourceAddress" | "sourcePort" | "receivedAtMs"
>;

export interface BootServicesContext {
  readonly size: number;
  readonly policy: BootPolicy;
  readonly unixMsAtZero: number;
  readonly sockets: Readonly<Record<BootService, BootSocket>>;
  readonly sink: BootSink;
  readonly timers: StepTimers;
  readonly random: StepRandom;
  deviceOf(local: number): number;
  addressOf(local: number): number;
  /** The device with an address; -1 when none has it. */
  holderOf(address: number): number;
  readonly downloaded: (result: DownloadResult) => void;
  readonly timeEnded: (result: TimeResult) => void;
  readonly ntpEnded: (result: NtpResult) => void;
}

/** The four protocols of a boot for all devices of a shard, each on a socket of its own. */
export class BootServices {
  /** Datagrams to addresses that no device has. */
  unclaimed = 0;
  readonly tftp: TftpClient;
  readonly time: TimeClient;
  readonly ntp: NtpClient;
  readonly syslog: SyslogClient;
  readonly #context: BootServicesContext;

  /** Throws RangeError for a policy that cannot work. */
  constructor(context: BootServicesContext) {
    const { size, policy, sockets, sink, timers, random } = context;
    this.#context = context;
    const wireOf = (service: BootService): StepWire & { retransmitted(local: number): void } => ({
      buffer: () => sockets[service].slot(),
      send: (local, length, destination, port) =>
        sockets[service].push(length, destination, port, context.addressOf(local)),
      retransmitted: (local) => sink.retransmitted(context.deviceOf(local), service),
    });
    this.tftp = new TftpClient({
      size,
      policy: policy.download,
      timers,
      random,
      sink: {
        ...wireOf("tftp"),
        downloaded: context.downloaded,
        attemptFailed: (local, server, problem, atMs) =>
          sink.downloadFailed(context.deviceOf(local), server, problem, atMs),
      },
    });
    this.time = new TimeClient({
      size,
      retry: policy.time,
      timers,
      random,
      sink: { ...wireOf("time"), timeEnded: context.timeEnded },
    });
    this.ntp = new NtpClient({
      size,
      retry: policy.ntp,
      unixMsAtZero: context.unixMsAtZero,
      timers,
      random,
      sink: { ...wireOf("ntp"), ntpEnded: context.ntpEnded },
    });
    this.syslog = new SyslogClient(policy.syslog, wireOf("syslog"));
  }

  /** Forgets whatever the device was doing. */
  cancel(local: number): void {
    this.tftp.cancel(local);
    this.time.poll.stop(local);
    this.ntp.poll.stop(local);
  }

  /** Datagram `i` that the socket of a service has received. */
  receive(service: BootService, datagrams: ReceivedDatagrams, i: number, nowMs: number): void {
    const local = this.#context.holderOf(datagrams.destinationAddress(i));
    if (local < 0) {
      this.unclaimed += 1;
      return;
    }
    const bytes = datagrams.bytes(i);
    const source = datagrams.sourceAddress(i);
    const port = datagrams.sourcePort(i);
    switch (service) {
      case "tftp":
        this.tftp.receive(local, bytes, source, port, nowMs);
        return;
      case "time":
        this.time.receive(local, bytes, source, port, nowMs);
        return;
      case "ntp":
        this.ntp.receive(local, bytes, source, port, nowMs, datagrams.receivedAtMs(i));
        return;
      case "syslog":
        // A syslog server has nothing to say.
        return;
    }
  }
}
