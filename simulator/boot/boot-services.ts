import type { UdpSocket } from "../../base/net/udp-socket.ts";
import type { BootContext } from "./boot-context.ts";
import type { BootService } from "./boot-step.ts";
import type { DownloadResult } from "./download.ts";
import { NtpClient, type NtpResult } from "./ntp-client.ts";
import type { StepWire } from "./step.ts";
import { TftpClient } from "./tftp-client.ts";
import { TimeClient, type TimeResult } from "./time-client.ts";

/** The datagrams that a socket has received. */
type ReceivedDatagrams = Pick<
  UdpSocket,
  "bytes" | "destinationAddress" | "sourceAddress" | "sourcePort" | "receivedAtMs"
>;

/** Takes what the clients have found. */
interface ServiceResults {
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
  readonly #context: BootContext;

  /** Throws RangeError for a policy that cannot work. */
  constructor(context: BootContext, { downloaded, timeEnded, ntpEnded }: ServiceResults) {
    const { shard, policy, sink, timers, random, unixMsAtZero } = context;
    const common = { size: shard.size, timers, random };
    this.#context = context;
    this.tftp = new TftpClient({
      ...common,
      policy: policy.download,
      sink: {
        ...this.wireOf("tftp"),
        downloaded,
        attemptFailed: (local, server, problem) =>
          sink.downloadFailed(shard.deviceOf(local), server, problem),
      },
    });
    this.time = new TimeClient({
      ...common,
      retry: policy.time,
      sink: { ...this.wireOf("time"), timeEnded },
    });
    this.ntp = new NtpClient({
      ...common,
      retry: policy.ntp,
      unixMsAtZero,
      sink: { ...this.wireOf("ntp"), ntpEnded },
    });
  }

  /** How the devices send to the servers of a service. */
  wireOf(service: BootService): StepWire {
    const { sockets, shard, table, sink } = this.#context;
    const socket = sockets[service];
    return {
      buffer: () => socket.slot(),
      send: (local, length, destination, port) =>
        socket.push(length, destination, port, table.parameters(local).address),
      retransmitted: (local) => sink.retransmitted(shard.deviceOf(local), service),
    };
  }

  /** Forgets what the device was doing. */
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
    // A syslog server has nothing to say.
    if (service === "syslog") return;
    const source = datagrams.sourceAddress(i);
    const port = datagrams.sourcePort(i);
    const receivedAtMs = datagrams.receivedAtMs(i);
    this[service].receive(local, datagrams.bytes(i), source, port, nowMs, receivedAtMs);
  }
}
