import { decodePacket } from "../../protocol/dhcp/packet.ts";
import type { Population } from "../../scenarios/population/population.ts";
import { BootChain } from "../boot/boot-chain.ts";
import type { BootContext } from "../boot/boot-context.ts";
import { type BootParameters, bootParametersOf } from "../boot/boot-parameters.ts";
import type { BootRecord } from "../boot/boot-record.ts";
import type { BootServices } from "../boot/boot-services.ts";
import {
  type BootService,
  type BootSink,
  bootSteps,
  type DownloadedFile,
  type EndedStep,
  type FailedBoot,
  type FailedFetch,
  type FetchedFile,
  type OnlineDevice,
} from "../boot/boot-step.ts";
import type { DownloadProblem } from "../boot/download.ts";
import { FileChecks } from "../boot/file-checks.ts";
import type {
  Acknowledgement,
  CompletedExchange,
  FailedExchange,
  StartResult,
  StreamExchange,
  SurrenderReason,
} from "../device/exchange.ts";
import type { PhaseRecord } from "../measure/recorder.ts";
import type { BootsNow } from "../measure/time-series.ts";
import type { BootPlan } from "../plan/run-plan.ts";
import type { Fleet } from "./fleet.ts";
import type { ModemNews } from "./worker-messages.ts";

/** Takes the news of boots and fetches, like the DHCP clients' news. */
export interface BootNewsSink {
  completed(exchange: CompletedExchange): void;
  failed(exchange: FailedExchange): void;
  retransmitted(device: number, kind: StreamExchange): void;
  /** Undefined between two phases. */
  readonly phase:
    | { readonly ledger: { readonly record: PhaseRecord }; readonly startMs: number }
    | undefined;
}

interface BootLinkOptions extends Pick<BootContext, "population" | "unixMsAtZero" | "sockets"> {
  readonly plan: BootPlan;
  readonly shard: { readonly index: number; readonly count: number };
  readonly seed: number;
  readonly startMs: number;
  readonly fleet: Fleet;
  readonly sink: BootNewsSink;
}

/**
 * Joins the boot chain of a worker's devices to their DHCP clients, its sockets and its records. When the chain
 * needs an address, the fleet gets one; when a lease ends, the device goes off line.
 */
export class BootLink implements BootSink {
  readonly #options: BootLinkOptions;
  readonly #chain: BootChain;
  /** Of the ACK that is just coming in; its exchange is complete right after. */
  #parameters: BootParameters | undefined;
  /** The device whose DHCP client just starts over: what it gives up for that is not reported. */
  #acquiring = -1;
  #modemNews: ModemNews[] = [];

  constructor(options: BootLinkOptions) {
    const { plan, population, shard, seed, unixMsAtZero, startMs, sockets } = options;
    const { policy, files, sharedSecret } = plan;
    this.#options = options;
    this.#chain = new BootChain(
      {
        population,
        shard,
        seed,
        policy,
        unixMsAtZero,
        sockets,
        files: new FileChecks({ population, files, sharedSecret }),
        startMs,
      },
      this,
    );
  }

  /** Where datagrams of the boot's services go. */
  get services(): BootServices {
    return this.#chain.services;
  }

  countIn(state: "online" | "failed"): number {
    return this.#chain.countIn(state);
  }

  isOff(device: number): boolean {
    const state = this.#chain.stateOf(device);
    return state === "off" || state === "failed";
  }

  start(
    device: number,
    exchange: "boot" | "download",
    intendedAtMs: number,
    nowMs: number,
  ): StartResult {
    if (exchange === "download") {
      const result = this.#chain.fetch(device, intendedAtMs, nowMs);
      return result === "started" || result === "busy" ? result : "not-bound";
    }
    // Devices behind a modem that had given up wait for it again.
    if (this.#isModem(device)) this.#tell(device, "down");
    return this.#chain.start(device, intendedAtMs, nowMs);
  }

  powerOff(device: number, nowMs: number): void {
    this.#chain.powerOff(device, nowMs);
    if (this.#isModem(device)) this.#tell(device, "down");
  }

  advance(nowMs: number): void {
    this.#chain.advance(nowMs);
  }

  now(): BootsNow {
    const chain = this.#chain;
    const states: Record<string, number> = { off: chain.countIn("off") };
    for (const step of bootSteps) states[step] = chain.countAt(step);
    states["pausing"] = chain.countIn("pausing");
    states["online"] = chain.countIn("online");
    states["failed"] = chain.countIn("failed");
    return { online: states["online"], states };
  }

  /** News of this worker's modems since the last call, for the other workers. */
  giveModemNews(): readonly ModemNews[] {
    const news = this.#modemNews;
    if (news.length > 0) this.#modemNews = [];
    return news;
  }

  takeModemNews(news: readonly ModemNews[], nowMs: number): void {
    for (const { modem, event } of news) this.#chain.takeModemNews(modem, event, nowMs);
  }

  // News of the DHCP clients.

  acknowledged({ device, packet }: Acknowledgement): void {
    if (packet.bytes === undefined || this.#chain.stepOf(device) !== "dhcp") return;
    this.#parameters = bootParametersOf(decodePacket(packet.bytes));
  }

  dhcpCompleted(exchange: CompletedExchange): void {
    const parameters = this.#parameters;
    if (parameters === undefined || exchange.kind !== "discover") return;
    this.#parameters = undefined;
    this.#chain.bound(exchange.device, parameters, exchange.receivedAtMs);
  }

  dhcpFailed({ device, kind, reason, failedAtMs }: FailedExchange): void {
    if (kind !== "discover" || device === this.#acquiring) return;
    this.#chain.addressFailed(device, reason, failedAtMs);
  }

  surrendered(device: number, reason: SurrenderReason, atMs: number): void {
    if (reason === "restarted" || device === this.#acquiring) return;
    // After a decline the acquisition goes on, in the same step.
    if (reason === "declined" && this.#chain.stepOf(device) === "dhcp") return;
    this.#chain.addressLost(device, atMs);
  }

  // Wishes and news of the chain.

  acquireAddress(device: number, nowMs: number): void {
    const { fleet } = this.#options;
    this.#acquiring = device;
    if (fleet.exchangeOf(device) !== undefined) fleet.powerOff(device, nowMs);
    // The DHCP exchange counts from here, without the earlier steps of the boot.
    fleet.start(device, "discover", nowMs, nowMs);
    this.#acquiring = -1;
  }

  stepEnded(step: EndedStep): void {
    this.#record?.stepEnded(this.#kindOf(step.device), step);
  }

  clockRead(): void {
    // The offset says nothing about the servers: both sides have this machine's clock.
  }

  retransmitted(device: number, service: BootService): void {
    this.#record?.retransmitted(service);
    const isFetching = this.#chain.stateOf(device) === "online";
    this.#options.sink.retransmitted(device, isFetching ? "download" : "boot");
  }

  downloadFailed(_device: number, _server: number, problem: DownloadProblem): void {
    this.#record?.downloadFailed(problem);
  }

  downloaded(file: DownloadedFile): void {
    this.#record?.downloaded(file);
  }

  online(online: OnlineDevice): void {
    const { device, onlineAtMs } = online;
    const { phase } = this.#options.sink;
    this.#record?.online(this.#kindOf(device), online, phase?.startMs ?? onlineAtMs);
    if (this.#isModem(device)) this.#tell(device, "up");
    this.#complete("boot", online, onlineAtMs);
  }

  offline(device: number): void {
    if (this.#isModem(device)) this.#tell(device, "down");
  }

  rebooting(boot: FailedBoot): void {
    this.#record?.rebooting(this.#kindOf(boot.device), boot);
  }

  failed(boot: FailedBoot): void {
    const { device, intendedAtMs, failedAtMs } = boot;
    this.#record?.failed(this.#kindOf(device), boot);
    if (this.#isModem(device)) this.#tell(device, "failed");
    this.#fail(device, "boot", intendedAtMs, failedAtMs);
  }

  fetched(file: FetchedFile): void {
    this.#complete("download", file, file.fetchedAtMs);
  }

  fetchFailed(fetch: FailedFetch): void {
    const { device, intendedAtMs, failedAtMs } = fetch;
    this.#record?.failed(this.#kindOf(device), fetch);
    this.#fail(device, "download", intendedAtMs, failedAtMs);
  }

  #complete(
    kind: "boot" | "download",
    { device, intendedAtMs, startedAtMs }: Omit<FetchedFile, "fetchedAtMs">,
    receivedAtMs: number,
  ): void {
    const times = { intendedAtMs, sentAtMs: startedAtMs, receivedAtMs };
    this.#options.sink.completed({ device, kind, origin: "scenario", ...times });
  }

  #fail(device: number, kind: "boot" | "download", intendedAtMs: number, failedAtMs: number): void {
    const ended = { origin: "scenario", reason: "timeout", intendedAtMs, failedAtMs } as const;
    this.#options.sink.failed({ device, kind, ...ended });
  }

  get #record(): BootRecord | undefined {
    return this.#options.sink.phase?.ledger.record.boot;
  }

  #kindOf(device: number): ReturnType<Population["kindOf"]> {
    return this.#options.population.kindOf(device);
  }

  #isModem(device: number): boolean {
    return device < this.#options.population.firstOf[1];
  }

  #tell(modem: number, event: ModemNews["event"]): void {
    if (this.#options.shard.count > 1) this.#modemNews.push({ modem, event });
  }
}
