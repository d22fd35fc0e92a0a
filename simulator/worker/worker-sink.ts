import type { SendingSocket } from "../../base/net/udp-socket.ts";
import type { Population } from "../../scenarios/population/population.ts";
import type {
  Acknowledgement,
  AnomalyKind,
  CompletedExchange,
  DhcpExchange,
  FailedExchange,
  FleetSink,
  StreamExchange,
  SurrenderReason,
} from "../device/exchange.ts";
import type { Reply } from "../device/reply.ts";
import type { PhaseRun } from "../load/phase-run.ts";
import type { AnswerCounts } from "../measure/answer-counts.ts";
import type { Answerers } from "../measure/answerers.ts";
import type { OutageLog } from "../measure/outage-log.ts";
import { type SafetyLog, twinOf } from "../measure/safety-checker.ts";
import type { SecondTally } from "../measure/time-series.ts";
import type { BootLink, BootNewsSink } from "./boot-link.ts";

interface WorkerSinkOptions {
  readonly population: Population;
  readonly relaySocket: SendingSocket;
  readonly deviceSocket: SendingSocket;
  /** The socket of relays that send from the wrong port. */
  readonly wrongPortSocket?: SendingSocket | undefined;
  readonly safety: SafetyLog;
  /** Finds the server that sent a reply. */
  readonly answerers: Pick<Answerers, "of">;
  readonly answers: AnswerCounts;
  readonly tally: SecondTally;
  /** In a run whose servers may fail. */
  readonly outages?: OutageLog | undefined;
}

/** Sends the packets of a worker's devices to its sockets, and their news to the phase and the safety log. */
export class WorkerSink implements FleetSink, BootNewsSink {
  /** Undefined between two phases. */
  phase: PhaseRun | undefined;
  /** In a run that boots devices. */
  boot: Pick<BootLink, "acknowledged" | "dhcpCompleted" | "dhcpFailed" | "surrendered"> | undefined;
  readonly #options: WorkerSinkOptions;
  readonly #giaddrs: Uint32Array;

  constructor(options: WorkerSinkOptions) {
    const { population } = options;
    this.#options = options;
    this.#giaddrs = Uint32Array.from(
      { length: population.cmtsCount },
      (_, index) => population.cmts(index).giaddr,
    );
  }

  relayBuffer(): Uint8Array {
    return this.#options.relaySocket.slot();
  }

  sendFromRelay(cmts: number, length: number, destination: number, port: number): void {
    this.#options.relaySocket.push(length, destination, port, this.#giaddrs[cmts]);
  }

  sendFromWrongPort(cmts: number, length: number, destination: number, port: number): void {
    const socket = this.#options.wrongPortSocket;
    if (socket === undefined) return;
    socket.slot().set(this.relayBuffer().subarray(0, length));
    socket.push(length, destination, port, this.#giaddrs[cmts]);
  }

  deviceBuffer(): Uint8Array {
    return this.#options.deviceSocket.slot();
  }

  sendFromDevice(source: number, length: number, destination: number, port: number): void {
    this.#options.deviceSocket.push(length, destination, port, source);
  }

  completed(exchange: CompletedExchange): void {
    if (this.phase === undefined) this.#options.tally.countersOf(exchange.kind).completed += 1;
    else this.phase.completed(exchange);
    if (endsWithAck(exchange.kind)) {
      this.#options.outages?.completed(
        exchange.device,
        exchange.intendedAtMs,
        exchange.receivedAtMs,
      );
    }
    this.boot?.dhcpCompleted(exchange);
  }

  failed(exchange: FailedExchange): void {
    this.phase?.ledger.failed(exchange);
    const { device, kind, reason, intendedAtMs, failedAtMs } = exchange;
    if (endsWithAck(kind)) this.#options.outages?.failed(device, reason, intendedAtMs, failedAtMs);
    this.boot?.dhcpFailed(exchange);
  }

  /** `intendedAtMs` is known for DHCP's own exchanges. */
  retransmitted(device: number, kind: StreamExchange, intendedAtMs?: number): void {
    this.phase?.ledger.retransmitted(device, kind);
    if (intendedAtMs !== undefined) this.#options.outages?.retransmitted(device, intendedAtMs);
  }

  reachedT2(device: number, atMs: number): void {
    this.#options.outages?.reachedT2(device, atMs);
  }

  refused(device: number, kind: DhcpExchange): void {
    this.phase?.ledger.refused(device, kind);
  }

  acknowledged(acknowledgement: Acknowledgement): void {
    this.#options.safety.acknowledged(acknowledgement);
    const server = this.#options.answerers.of(acknowledgement.packet);
    this.#options.answers.add(server);
    const { leaseStartMs, receivedAtMs } = acknowledgement;
    this.#options.outages?.acknowledged(server, leaseStartMs, receivedAtMs);
    this.boot?.acknowledged(acknowledgement);
  }

  acknowledgedAgain(packet: Reply, requestSentAtMs: number, receivedAtMs: number): void {
    const { outages, answerers } = this.#options;
    outages?.acknowledgedAgain(answerers.of(packet), requestSentAtMs, receivedAtMs);
  }

  acknowledgedToTwin(acknowledgement: Acknowledgement): void {
    const { safety, population } = this.#options;
    safety.acknowledged({
      ...acknowledgement,
      device: twinOf(population, acknowledgement.device),
    });
  }

  surrendered(device: number, address: number, reason: SurrenderReason, atMs: number): void {
    this.#options.safety.surrendered(device, address, reason, atMs);
    this.#options.outages?.surrendered(device, reason);
    this.boot?.surrendered(device, reason, atMs);
  }

  anomaly(kind: AnomalyKind, device: number, address: number, atMs: number): void {
    this.#options.safety.anomaly(kind, device, address, atMs);
  }
}

/** A release gets no answer; boots and downloads contain exchanges of their own. */
function endsWithAck(kind: StreamExchange): boolean {
  return kind !== "release" && kind !== "boot" && kind !== "download";
}
