import { readFileSync } from "node:fs";
import { systemClock } from "../../../base/clock.ts";
import { type UdpSocket, waitReadable } from "../../../base/net/udp-socket.ts";
import { parseSchedstat, type ThreadTimes } from "../../../base/schedstat.ts";
import { DecodeError } from "../../../protocol/decode-error.ts";
import { Population } from "../../../scenarios/population/population.ts";
import { type BootService, bootServices } from "../../boot/boot-step.ts";
import type { PcapRecorder } from "../../capture/pcap-recorder.ts";
import { deviceStates } from "../../device/device-table.ts";
import { type Reply, ReplyReader } from "../../device/reply.ts";
import { giveUpMs } from "../../device/retry-policy.ts";
import { ArrivalLog } from "../../load/arrival-log.ts";
import { sleepMs } from "../../load/pacing.ts";
import { DeviceNotes } from "../../load/phase-ledger.ts";
import { ARRIVALS_A_FLUSH, PhaseRun } from "../../load/phase-run.ts";
import { AnswerCounts } from "../../measure/answer-counts.ts";
import { Answerers } from "../../measure/answerers.ts";
import { type UsageMark, usageBetween, type WorkerUsage } from "../../measure/generator-health.ts";
import { OutageLog } from "../../measure/outage-log.ts";
import { SafetyLog } from "../../measure/safety-checker.ts";
import { SecondTally } from "../../measure/time-series.ts";
import { hasBit, newBits, setBit } from "../../plan/device-bits.ts";
import { personasOf } from "../../plan/run-plan.ts";
import { BootLink } from "../boot-link.ts";
import { Fleet } from "../fleet.ts";
import { Plant } from "../plant.ts";
import type { FromWorker, ToWorker, WorkerStart } from "../worker-messages.ts";
import type { WorkerNetwork } from "../worker-network.ts";
import { WorkerSink } from "../worker-sink.ts";

interface WorkerLoopOptions {
  readonly start: WorkerStart;
  /** On the relays' port: what servers send to giaddr. */
  readonly relaySocket: UdpSocket;
  /** On the clients' port: what servers send to a device's own address. */
  readonly deviceSocket: UdpSocket;
  /** One for each protocol of a boot, each on its own port; undefined when the plan boots no device. */
  readonly bootSockets: Readonly<Record<BootService, UdpSocket>> | undefined;
  /** For relays that send from the wrong port; nothing is read from it. */
  readonly wrongPortSocket?: UdpSocket | undefined;
  /** The batch size of all sockets. */
  readonly batchMax: number;
  /** The network that the sockets are behind. */
  readonly network: Pick<WorkerNetwork, "dueAtMs" | "counters">;
  /** Records what the sockets send and receive; undefined in nearly every run. */
  readonly recorder?: Pick<PcapRecorder, "attach"> | undefined;
  readonly post: (message: FromWorker, transfer?: readonly ArrayBuffer[]) => void;
}

// Devices wait for seconds, so this is precise enough for their timers. It saves the search for the next timer,
// which with all devices bound means looking at all of them.
const WAIT_MS_MAX = 5;
const LEASE_BATCH_MS = 200;
const LEASE_BATCH_EVENTS = 8192;
// The kernel stamps a datagram a little before it can be read.
const TIMESTAMP_MARGIN_MS = 1;
/** Datagrams read between two looks at the schedule, where there is one. */
const READ_AT_ONCE = 32;
/** Flushes of arrivals before the sockets are looked at again. */
const ARRIVAL_ROUNDS = 4;

/** One thread of the simulator: reads its sockets, lets its devices act and sends their packets. */
export class WorkerLoop {
  readonly #options: WorkerLoopOptions;
  readonly #population: Population;
  readonly #sockets: readonly UdpSocket[];
  readonly #fleet: Fleet;
  readonly #boot: BootLink | undefined;
  readonly #plant: Plant;
  readonly #replies = new ReplyReader();
  readonly #notes: DeviceNotes;
  readonly #tally = new SecondTally();
  readonly #safety = new SafetyLog();
  readonly #answers = new AnswerCounts();
  readonly #outages: OutageLog | undefined;
  readonly #sink: WorkerSink;
  readonly #atStart: UsageMark;
  #atPhase: UsageMark;
  #phaseIndex = -1;
  #hasSchedule = false;
  #pace = 1;
  #saidGoalReached = false;
  #runStartMs = Number.POSITIVE_INFINITY;
  #second = 0;
  #leasesDueMs = 0;
  #relaySeenMs = 0;
  #deviceSeenMs = 0;
  #decodeErrors = 0;
  #log: ArrivalLog | undefined;
  #stopped = false;

  constructor(options: WorkerLoopOptions) {
    const { plan, workerIndex, workerCount } = options.start;
    this.#options = options;
    const { relaySocket, deviceSocket, bootSockets, wrongPortSocket } = options;
    const population = new Population(plan.population);
    const shard = { index: workerIndex, count: workerCount };
    this.#sockets = [relaySocket, deviceSocket, ...Object.values(bootSockets ?? {})];
    this.#population = population;
    if (plan.outages === true) {
      const servers = plan.servers.map(({ address }) => address);
      this.#outages = new OutageLog(servers, population.size);
    }
    this.#sink = new WorkerSink({
      ...{ population, relaySocket, deviceSocket, wrongPortSocket },
      safety: this.#safety,
      answerers: new Answerers(plan.servers, plan.sharedIdentifier),
      answers: this.#answers,
      tally: this.#tally,
      outages: this.#outages,
    });
    this.#notes = new DeviceNotes(population.size);
    const nowMs = systemClock.monotonicMs();
    this.#fleet = new Fleet(
      {
        ...{ population, shard },
        seed: plan.seed,
        servers: plan.servers,
        retransmit: plan.clients.retransmit,
        ownTimers: plan.clients.ownTimers,
        startMs: nowMs,
        personas: personasOf(plan, population),
      },
      this.#sink,
    );
    options.recorder?.attach(this.#fleet);
    if (plan.boot !== undefined && bootSockets !== undefined) {
      this.#boot = new BootLink({
        plan: plan.boot,
        ...{ population, shard },
        seed: plan.seed,
        unixMsAtZero: systemClock.wallMs() - systemClock.monotonicMs(),
        startMs: nowMs,
        fleet: this.#fleet,
        sockets: bootSockets,
        sink: this.#sink,
      });
      this.#sink.boot = this.#boot;
    }
    this.#plant = new Plant(this.#fleet, this.#boot);
    this.#atStart = this.#mark(nowMs);
    this.#atPhase = this.#atStart;
  }

  /** Resolves after `stop`. */
  async run(): Promise<void> {
    const { post } = this.#options;
    while (!this.#stopped) {
      this.turn();
      await waitReadable(this.#sockets, this.#waitMs());
    }
    this.#flush();
    this.#handInLeases(Number.POSITIVE_INFINITY);
    this.#handInSecond();
    for (const socket of this.#sockets) socket.close();
    this.#options.wrongPortSocket?.close();
    post({
      kind: "stopped",
      usage: this.#usageSince(this.#atStart),
      decodeErrors: this.#decodeErrors,
      ignoredReplies: Object.values(this.#fleet.ignored).reduce((sum, count) => sum + count, 0),
      network: this.#options.network.counters(),
      personas: this.#fleet.personaCounts(),
      answers: this.#answers.toList(),
      outages: this.#outages?.take(systemClock.monotonicMs()),
    });
  }

  /** Takes what has come, and sends what is due. */
  turn(): void {
    const { relaySocket, deviceSocket } = this.#options;
    this.#relaySeenMs = this.#readDhcpSocket(relaySocket);
    this.#startArrivals();
    this.#deviceSeenMs = this.#readDhcpSocket(deviceSocket);
    this.#startArrivals();
    for (const service of bootServices) this.#readBootSocket(service);
    const nowMs = systemClock.monotonicMs();
    this.#plant.advance(nowMs);
    this.#flush();
    this.#report(nowMs);
  }

  /** A message of the coordinator; it comes while `run` waits. */
  receive(message: ToWorker): void {
    const { post } = this.#options;
    const nowMs = systemClock.monotonicMs();
    switch (message.kind) {
      case "survey":
        post({ kind: "surveyed", bound: this.#boundDevices() });
        return;
      case "prepare":
        this.#prepare(message.phase, message.bound, nowMs);
        post({ kind: "prepared", phase: message.phase });
        return;
      case "start":
        this.#runStartMs = message.runStartMs;
        this.#outages?.begin(message.runStartMs);
        this.#atPhase = this.#mark(nowMs);
        this.#sink.phase?.begin(message.startAtMs, this.#pace);
        return;
      case "modems":
        this.#boot?.takeModemNews(message.news, nowMs);
        return;
      case "pace":
        this.#pace = message.pace;
        this.#sink.phase?.setPace(message.pace, message.atMs);
        return;
      case "end":
        this.#sink.phase?.end(nowMs, message.drainMs);
        return;
      case "stop":
        this.#stopped = true;
        return;
    }
  }

  #prepare(phaseIndex: number, bound: Uint8Array, nowMs: number): void {
    const { plan, workerIndex, workerCount } = this.#options.start;
    this.#phaseIndex = phaseIndex;
    this.#saidGoalReached = false;
    this.#log = plan.history === true ? new ArrivalLog() : undefined;
    const { streams } = plan.phases[phaseIndex];
    this.#hasSchedule = streams.some(({ kind }) => kind !== "outstanding");
    this.#sink.phase = new PhaseRun(
      {
        phase: plan.phases[phaseIndex],
        phaseIndex,
        seed: plan.seed,
        population: this.#population,
        fleet: this.#plant,
        notes: this.#notes,
        tally: this.#tally,
        holdsLease: (device) => hasBit(bound, device),
        worker: { index: workerIndex, count: workerCount },
        log: this.#log,
        giveUpMs: giveUpMs(plan.clients.retransmit),
      },
      nowMs,
    );
  }

  #boundDevices(): Uint8Array {
    const bound = newBits(this.#population.size);
    for (let index = 0; index < this.#fleet.size; index += 1) {
      const device = this.#fleet.deviceAt(index);
      if (this.#fleet.addressOf(device) !== 0) setBit(bound, device);
    }
    return bound;
  }

  /** Hands what the relays' or the devices' socket has received to the fleet; returns `#seenMs`. */
  #readDhcpSocket(socket: UdpSocket): number {
    const isRelays = socket === this.#options.relaySocket;
    const beforeMs = systemClock.monotonicMs();
    const count = socket.receive();
    let nowMs = count === 0 ? beforeMs : systemClock.monotonicMs();
    for (let i = 0; i < count; i += 1) {
      if (this.#isTimeToLook(i)) nowMs = this.#startArrivals();
      const packet = this.#decode(socket.bytes(i));
      if (packet === undefined) continue;
      // The portable socket does not know which of its addresses a datagram was sent to.
      const destination = socket.destinationAddress(i);
      if (isRelays) {
        const relay = destination || packet.giaddr;
        this.#fleet.receiveAtRelay(packet, relay, nowMs, socket.receivedAtMs(i));
      } else {
        const device = destination || packet.ciaddr || packet.yiaddr;
        this.#fleet.receiveAtDevice(packet, device, nowMs, socket.receivedAtMs(i));
      }
    }
    return this.#seenMs(socket, count, beforeMs);
  }

  #readBootSocket(service: BootService): void {
    const socket = this.#options.bootSockets?.[service];
    const services = this.#boot?.services;
    if (socket === undefined || services === undefined) return;
    const count = socket.receive();
    if (count === 0) return;
    const nowMs = systemClock.monotonicMs();
    for (let i = 0; i < count; i += 1) services.receive(service, socket, i, nowMs);
  }

  /** All datagrams that the kernel stamped before this time have been read. */
  #seenMs(socket: UdpSocket, count: number, beforeMs: number): number {
    const isDrained = count < this.#options.batchMax;
    return (isDrained ? beforeMs : socket.receivedAtMs(count - 1)) - TIMESTAMP_MARGIN_MS;
  }

  #decode(bytes: Uint8Array): Reply | undefined {
    try {
      return this.#replies.read(bytes);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#decodeErrors += 1;
      return undefined;
    }
  }

  /** A receive may bring thousands of datagrams (`segmentation`). Due arrivals must not wait for all of them. */
  #isTimeToLook(i: number): boolean {
    return this.#hasSchedule && i > 0 && i % READ_AT_ONCE === 0;
  }

  /** Starts the due arrivals, and returns the time afterwards. */
  #startArrivals(): number {
    const phase = this.#sink.phase;
    let nowMs = systemClock.monotonicMs();
    if (phase === undefined) return nowMs;
    for (let round = 0; round < ARRIVAL_ROUNDS; round += 1) {
      const taken = phase.startDue(nowMs);
      if (taken === 0) return nowMs;
      this.#flush();
      nowMs = systemClock.monotonicMs();
      phase.ledger.flushed(nowMs);
      if (taken < ARRIVALS_A_FLUSH) return nowMs;
    }
    return nowMs;
  }

  #flush(): void {
    for (const socket of this.#sockets) socket.flush();
    this.#options.wrongPortSocket?.flush();
  }

  #waitMs(): number {
    const dueMs = Math.min(
      this.#sink.phase?.nextDueMs() ?? Number.POSITIVE_INFINITY,
      this.#runStartMs + (this.#second + 1) * 1000,
      this.#options.network.dueAtMs(),
    );
    return sleepMs(dueMs - systemClock.monotonicMs(), WAIT_MS_MAX);
  }

  #report(nowMs: number): void {
    while (nowMs >= this.#runStartMs + (this.#second + 1) * 1000) {
      this.#handInSecond();
      const measured = this.#sink.phase?.soFar(nowMs);
      if (measured) this.#options.post({ kind: "measured", phase: this.#phaseIndex, measured });
    }
    if (nowMs >= this.#leasesDueMs || this.#safety.count >= LEASE_BATCH_EVENTS) {
      this.#handInLeases(Math.min(this.#relaySeenMs, this.#deviceSeenMs));
      this.#leasesDueMs = nowMs + LEASE_BATCH_MS;
    }
    const news = this.#boot?.giveModemNews() ?? [];
    if (news.length > 0) this.#options.post({ kind: "modems", news });
    const phase = this.#sink.phase;
    if (phase === undefined || phase.startMs > nowMs) return;
    if (phase.isGoalReached !== this.#saidGoalReached) {
      this.#saidGoalReached = phase.isGoalReached;
      const isReached = this.#saidGoalReached;
      this.#options.post({ kind: "goal", phase: this.#phaseIndex, isReached });
    }
    if (phase.isOver(nowMs)) this.#finish(phase);
  }

  #finish(phase: PhaseRun): void {
    const { post } = this.#options;
    const usage = this.#usageSince(this.#atPhase);
    this.#sink.phase = undefined;
    post({
      kind: "phase-done",
      phase: this.#phaseIndex,
      endedBy: phase.endedBy ?? "coordinator",
      devicesGivenUp: this.#plant.givenUp,
      endedAtMs: phase.endMs,
      report: phase.finish().toReport(),
      usage,
      ...(this.#log === undefined ? {} : { history: this.#log.take() }),
    });
  }

  #handInSecond(): void {
    const { plan } = this.#options.start;
    const fleet = this.#fleet;
    this.#options.post({
      kind: "second",
      traffic: { sent: this.#count("sent"), received: this.#count("received") },
      report: {
        ...this.#tally.take(),
        second: this.#second,
        phase: plan.phases[this.#phaseIndex]?.name ?? "",
        bound: fleet.bound,
        states: Object.fromEntries(deviceStates.map((state) => [state, fleet.countIn(state)])),
        boots: this.#plant.bootsNow(),
      },
    });
    this.#second += 1;
  }

  #handInLeases(watermarkMs: number): void {
    const events = this.#safety.take();
    const buffers = Object.values(events).map(({ buffer }) => buffer as ArrayBuffer);
    this.#options.post({ kind: "leases", batch: { watermarkMs, events } }, buffers);
  }

  /** Over all sockets. */
  #count(name: keyof UdpSocket["counters"]): number {
    return this.#sockets.reduce((total, { counters }) => total + (counters[name] ?? 0), 0);
  }

  #mark(nowMs: number): UsageMark {
    const thread = threadTimes();
    return {
      atMs: nowMs,
      cpuMs: thread?.cpuMs,
      starvedMs: thread?.starvedMs,
      received: this.#count("received"),
      sent: this.#count("sent"),
      truncated: this.#count("truncated"),
      socketDrops: this.#count("kernelDrops"),
      sendErrors: this.#count("sendErrors"),
      lastSendError: this.#sockets.find(({ lastSendError }) => lastSendError !== undefined)
        ?.lastSendError,
    };
  }

  #usageSince(mark: UsageMark): WorkerUsage {
    return usageBetween(mark, this.#mark(systemClock.monotonicMs()));
  }
}

/** From Linux, for the calling thread: Node knows only the whole process. */
function threadTimes(): ThreadTimes | undefined {
  try {
    return parseSchedstat(readFileSync("/proc/thread-self/schedstat", "latin1"));
  } catch {
    return undefined;
  }
}
