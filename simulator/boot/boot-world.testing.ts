import type { SendingSocket } from "../../base/net/udp-socket.ts";
import { decodeNtp, encodeNtp, type NtpPacket, ntpTimestampOf } from "../../protocol/ntp/packet.ts";
import { parseSyslog, type SyslogMessage } from "../../protocol/syslog/message.ts";
import { encodeTime } from "../../protocol/time/rfc868.ts";
import type { Population } from "../../scenarios/population/population.ts";
import { BootChain, type BootChainPlan, type BootFiles } from "./boot-chain.ts";
import type { BootParameters } from "./boot-parameters.ts";
import type {
  BootProblem,
  BootService,
  BootStep,
  DownloadedFile,
  EndedStep,
  FailedBoot,
  FailedFetch,
  FetchedFile,
  OnlineDevice,
} from "./boot-step.ts";
import type { DownloadProblem } from "./download.ts";
import { expectationOf } from "./file-hash.ts";
import { type NetworkFaults, VirtualNetwork } from "./network.testing.ts";
import { type TestTftpOptions, TestTftpServer } from "./tftp-server.testing.ts";

export const PRIMARY = 0x7f00_0001;
export const SECONDARY = 0x7f00_0002;
export const UNIX_MS = 1_800_000_000_000;
/** Seconds that the servers' clocks are ahead of the devices'. */
export const AHEAD_MS = 3000;
const PORTS: Readonly<Record<BootService, number>> = {
  tftp: 1069,
  time: 1037,
  ntp: 1123,
  syslog: 1514,
};

export interface WorldOptions {
  readonly population: Population;
  readonly plan?: Partial<BootChainPlan>;
  readonly seed?: number;
  readonly faults?: NetworkFaults;
  readonly parameters?: Partial<BootParameters>;
  readonly files?: BootFiles;
}

/** Devices of a chain, and servers for everything that a boot needs, in virtual time. */
export class BootWorld {
  readonly steps: EndedStep[] = [];
  readonly onlines: OnlineDevice[] = [];
  readonly offlines: (readonly [number, BootProblem])[] = [];
  readonly reboots: FailedBoot[] = [];
  readonly failures: FailedBoot[] = [];
  readonly messages: SyslogMessage[] = [];
  readonly clockOffsetsMs: (readonly [number, string, number])[] = [];
  readonly downloads: DownloadedFile[] = [];
  readonly failedDownloads: (readonly [number, number, DownloadProblem])[] = [];
  readonly fetches: FetchedFile[] = [];
  readonly failedFetches: FailedFetch[] = [];
  readonly retransmissions: Record<BootService, number> = { tftp: 0, time: 0, ntp: 0, syslog: 0 };
  readonly network: VirtualNetwork;
  readonly chain: BootChain;
  /** How DHCP answers; another reason, or silence, when a test says so. */
  answerDhcp: (device: number) => "bound" | "timeout" | "nak" | "never" = () => "bound";
  acquisitions = 0;
  onOnline: (device: number) => void = () => {};
  /** Whether DHCP answers within the call that asks. */
  isDhcpInstant = false;
  /** What answers. */
  clocks: readonly ("time" | "ntp")[] = ["time", "ntp"];
  readonly contents = new Map<string, Uint8Array>();
  readonly #servers = new Map<number, TestTftpServer>();
  readonly #options: WorldOptions;

  constructor(options: WorldOptions) {
    this.#options = options;
    const { population, seed = 1 } = options;
    this.network = new VirtualNetwork(seed, options.faults ?? {});
    for (const kind of ["cable-modem", "mta", "smart-meter"] as const) {
      const bytes = new Uint8Array(kind === "smart-meter" ? 5000 : 900);
      for (let at = 0; at < bytes.length; at += 1) bytes[at] = at * 7 + kind.length;
      this.contents.set(`${kind}.bin`, bytes);
    }
    const socketOf = (service: BootService): SendingSocket => {
      const buffer = new Uint8Array(1024);
      return {
        slot: () => buffer,
        push: (length, destination, port, source = 0) => {
          const bytes = buffer.slice(0, length);
          this.network.carry(() => this.#serve(service, bytes, source, destination, port));
        },
      };
    };
    const sockets = {
      tftp: socketOf("tftp"),
      time: socketOf("time"),
      ntp: socketOf("ntp"),
      syslog: socketOf("syslog"),
    };
    const files: BootFiles = options.files ?? {
      expected: (filename) => expectationOf(this.contents.get(filename)!),
      verdictOf: () => undefined,
      examine: () => "right",
    };
    this.chain = new BootChain(
      { population, seed, unixMsAtZero: UNIX_MS, startMs: 0, files, sockets, ...options.plan },
      {
        acquireAddress: (device) => this.#acquire(device),
        stepEnded: (step) => this.steps.push(step),
        clockRead: (device, service, offsetMs) =>
          this.clockOffsetsMs.push([device, service, offsetMs]),
        retransmitted: (_device, service) => {
          this.retransmissions[service] += 1;
        },
        downloadFailed: (device, server, problem) =>
          this.failedDownloads.push([device, server, problem]),
        downloaded: (file) => this.downloads.push(file),
        online: (device) => {
          this.onlines.push(device);
          this.onOnline(device.device);
        },
        offline: (device, problem) => this.offlines.push([device, problem]),
        rebooting: (boot) => this.reboots.push(boot),
        failed: (boot) => this.failures.push(boot),
        fetched: (file) => this.fetches.push(file),
        fetchFailed: (fetch) => this.failedFetches.push(fetch),
      },
    );
  }

  get nowMs(): number {
    return this.network.nowMs;
  }

  addTftp(address: number, changes: Partial<TestTftpOptions> = {}): TestTftpServer {
    const server = new TestTftpServer(
      this.network,
      { address, port: 69, files: this.contents, ...changes },
      (bytes, fromPort, to) => this.#reply("tftp", bytes, to, address, fromPort),
    );
    this.#servers.set(address, server);
    return server;
  }

  startAll(): void {
    for (let device = 0; device < this.#options.population.size; device += 1) {
      if (this.chain.owns(device)) this.chain.start(device, this.nowMs, this.nowMs);
    }
  }

  run(limitMs: number, isDone?: () => boolean): void {
    this.network.run(limitMs, (nowMs) => this.chain.advance(nowMs), isDone);
  }

  /** How long a step of a device took, in the last boot that came to its end. */
  stepMs(device: number, step: BootStep): number {
    const ended = this.steps.findLast((each) => each.device === device && each.step === step)!;
    return ended.endedAtMs - ended.startedAtMs;
  }

  parametersOf(device: number): BootParameters {
    const { population } = this.#options;
    return {
      address: population.firstAddress + 16 + device,
      tftpServers: [PRIMARY, SECONDARY],
      filename: `${population.kindOf(device)}.bin`,
      timeServers: [PRIMARY],
      ntpServers: [PRIMARY],
      logServers: [PRIMARY],
      mtaDhcpServers: [],
      ...this.#options.parameters,
    };
  }

  #acquire(device: number): void {
    this.acquisitions += 1;
    const answer = this.answerDhcp(device);
    if (answer === "never") return;
    if (this.isDhcpInstant) {
      this.chain.bound(device, this.parametersOf(device), this.nowMs);
      return;
    }
    this.network.after(20, () => {
      if (answer === "bound") this.chain.bound(device, this.parametersOf(device), this.nowMs);
      else this.chain.addressFailed(device, answer, this.nowMs);
    });
  }

  #serve(
    service: BootService,
    bytes: Uint8Array,
    source: number,
    destination: number,
    port: number,
  ): void {
    if (service === "tftp") {
      this.#servers.get(destination)?.receive(bytes, port, source, PORTS.tftp);
    } else if (service === "syslog") {
      this.messages.push(parseSyslog(bytes));
    } else if (this.clocks.includes(service)) {
      this.#reply(service, this.#clockAnswer(service, bytes), source, destination, port);
    }
  }

  #clockAnswer(service: "time" | "ntp", question: Uint8Array): Uint8Array {
    const unixMs = UNIX_MS + this.nowMs + AHEAD_MS;
    const bytes = new Uint8Array(service === "time" ? 4 : 48);
    if (service === "time") {
      encodeTime(unixMs / 1000, bytes, 0);
      return bytes;
    }
    const asked = decodeNtp(question);
    const reply: NtpPacket = {
      ...asked,
      mode: 4,
      stratum: 3,
      originate: asked.transmit,
      receive: ntpTimestampOf(unixMs),
      transmit: ntpTimestampOf(unixMs),
    };
    encodeNtp(reply, bytes, 0);
    return bytes;
  }

  #reply(
    service: BootService,
    bytes: Uint8Array,
    destination: number,
    source: number,
    sourcePort: number,
  ): void {
    this.network.carry(() => this.receive(service, bytes, destination, source, sourcePort));
  }

  /** A datagram arrives at the socket of a service. */
  receive(
    service: BootService,
    bytes: Uint8Array,
    destination: number,
    source: number,
    sourcePort: number,
  ): void {
    const datagram = {
      bytes: () => bytes,
      destinationAddress: () => destination,
      sourceAddress: () => source,
      sourcePort: () => sourcePort,
      receivedAtMs: () => this.nowMs,
    };
    this.chain.services.receive(service, datagram, 0, this.nowMs);
  }
}
