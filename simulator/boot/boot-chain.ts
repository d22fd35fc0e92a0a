import { hash32 } from "../../base/prng.ts";
import { TimerWheel } from "../../base/timer-wheel.ts";
import type { Population } from "../../scenarios/population/population.ts";
import { Shard } from "../../scenarios/population/shard.ts";
import type { FailureReason } from "../device/exchange.ts";
import { AddressBook } from "./address-book.ts";
import type { BootContext } from "./boot-context.ts";
import { BootErrands, type BootFiles } from "./boot-errands.ts";
import type { BootParameters } from "./boot-parameters.ts";
import { type BootPolicy, defaultBootPolicy } from "./boot-policy.ts";
import {
  type BootProblem,
  type BootSink,
  type BootStep,
  bootPrograms,
  type EndedStep,
  type FailedBoot,
  fetchSteps,
} from "./boot-step.ts";
import { type BootState, BootTable } from "./boot-table.ts";
import { CmtsAccess, type CmtsStep, type CmtsVerdict } from "./cmts-access.ts";
import { FileFetches } from "./file-fetches.ts";
import { type ModemEvent, ModemLinks } from "./modem-links.ts";
import { type StepRetry, stepWaitMs } from "./step.ts";

export type { BootFiles } from "./boot-errands.ts";

export interface BootChainPlan
  extends Pick<BootContext, "population" | "unixMsAtZero" | "sockets"> {
  /** Which share of the population this chain plays; all of it when left out. */
  readonly shard?: { readonly index: number; readonly count: number };
  /** Decides jitter and nonces; the same devices draw the same numbers in any shard. */
  readonly seed: number;
  readonly policy?: BootPolicy;
  readonly files: BootFiles;
  /** The time now, on the scale of every `nowMs` that follows. */
  readonly startMs: number;
  /** Resolution of all timers, 1 ms when left out. */
  readonly tickMs?: number;
}

/** Gives boots other random numbers than the device's DHCP client draws. */
const RANDOM_SEED = 0x626f_6f74;

/**
 * Takes every device of a shard from power on to on line, step by step through its kind's program. The
 * fleet does DHCP: the chain asks the sink for an address, and `bound` brings it.
 *
 * A failed step ends the boot. The device pauses and boots again until the policy makes it give up. MTAs
 * and CPEs wait for their modem, and go down with it.
 */
export class BootChain {
  readonly population: Population;
  readonly #shard: Shard;
  readonly #policy: BootPolicy;
  readonly #reboot: StepRetry;
  readonly #sink: BootSink;
  readonly #table: BootTable;
  readonly #timers: TimerWheel;
  readonly #book: AddressBook;
  readonly #links: ModemLinks;
  readonly #cmts: CmtsAccess;
  readonly #errands: BootErrands;
  readonly #fetches: FileFetches;
  readonly #random: (local: number) => number;
  #nowMs: number;
  readonly #onDue = (local: number): void => this.#timeOut(local, this.#nowMs);

  /** Throws RangeError for an impossible plan. */
  constructor(plan: BootChainPlan, sink: BootSink) {
    const { population, seed } = plan;
    const policy = plan.policy ?? defaultBootPolicy;
    const shard = new Shard(population, plan.shard?.index ?? 0, plan.shard?.count ?? 1);
    const table = new BootTable(shard.size);
    this.population = population;
    this.#shard = shard;
    this.#policy = policy;
    const { firstDelayMs, maxDelayMs, bootsMax, jitter } = policy.reboot;
    this.#reboot = {
      firstRetryMs: firstDelayMs,
      maxRetryMs: maxDelayMs,
      triesMax: bootsMax,
      jitter,
    };
    this.#sink = sink;
    this.#table = table;
    this.#timers = new TimerWheel(Math.max(1, shard.size), plan.tickMs ?? 1, plan.startMs);
    this.#book = new AddressBook(population.firstAddress, population.addressCount);
    this.#links = new ModemLinks(population, shard);
    this.#random = (local) => {
      table.draws[local] += 1;
      return hash32(seed ^ RANDOM_SEED, shard.deviceOf(local), table.draws[local]);
    };
    this.#nowMs = plan.startMs;
    const context: BootContext = {
      ...{ population, shard, policy, table, timers: this.#timers, random: this.#random, sink },
      unixMsAtZero: plan.unixMsAtZero,
      sockets: plan.sockets,
      holderOf: (address) => this.#book.holderOf(address),
    };
    this.#cmts = new CmtsAccess(context);
    this.#errands = new BootErrands({
      ...context,
      files: plan.files,
      done: (local, problem, nowMs) => {
        if (this.#fetches.isActive(local)) this.#fetches.stepDone(local, nowMs);
        else this.#endStep(local, problem, nowMs);
      },
      failed: (local, problem, nowMs) => {
        if (this.#fetches.isActive(local)) this.#fetches.failed(local, problem, nowMs);
        else this.#fail(local, problem, nowMs);
      },
    });
    this.#fetches = new FileFetches(context, (local, step, nowMs) =>
      this.#errands.begin(local, step, nowMs),
    );
  }

  /** The protocol clients, which take what the sockets receive. */
  get services(): BootErrands["services"] {
    return this.#errands.services;
  }

  owns(device: number): boolean {
    return this.#shard.localOf(device) >= 0;
  }

  /** Power on, wanted at `intendedAtMs`. "busy": the device boots already, or is on line. */
  start(device: number, intendedAtMs: number, nowMs: number): "started" | "busy" {
    const local = this.#localOf(device);
    const table = this.#table;
    const state = table.state(local);
    if (state !== "off" && state !== "failed") return "busy";
    table.boots[local] = 0;
    table.intendedAtMs[local] = intendedAtMs;
    table.startedAtMs[local] = nowMs;
    this.#boot(local, nowMs);
    return "started";
  }

  /**
   * A device on line fetches its file once more, with the parameters of its lease; the schedule wanted
   * it at `intendedAtMs`. The device stays on line even if the fetch fails. "busy": it is fetching
   * already; "no-file": its kind has none.
   */
  fetch(
    device: number,
    intendedAtMs: number,
    nowMs: number,
  ): "started" | "busy" | "not-online" | "no-file" {
    const local = this.#localOf(device);
    if (!this.#programOf(local).includes(fetchSteps[0])) return "no-file";
    if (this.#table.state(local) !== "online") return "not-online";
    if (this.#fetches.isActive(local)) return "busy";
    this.#fetches.start(local, intendedAtMs, nowMs);
    return "started";
  }

  /**
   * Power off: the device forgets everything at once. Only a fetch that is cut short is reported. Devices
   * behind a modem lose it.
   */
  powerOff(device: number, nowMs: number): void {
    const local = this.#localOf(device);
    this.#stopWork(local, "power-off", nowMs);
    this.#table.setState(local, "off");
    if (this.#isModem(device)) this.takeModemNews(device, "down", nowMs);
  }

  /** The device has an address and its boot parameters. */
  bound(device: number, parameters: BootParameters, nowMs: number): void {
    const local = this.#localOf(device);
    if (!this.#table.isInStep(local, "dhcp")) return;
    this.#table.setParameters(local, parameters);
    if (this.#book.enter(parameters.address, local)) this.#endStep(local, undefined, nowMs);
    else this.#fail(local, "address-outside-network", nowMs);
  }

  /** The DHCP exchange that the chain asked for failed. */
  addressFailed(device: number, reason: FailureReason, nowMs: number): void {
    const local = this.#localOf(device);
    if (this.#table.isInStep(local, "dhcp")) this.#fail(local, `dhcp-${reason}`, nowMs);
  }

  /** A bound device has lost its lease. Not to be called while `acquireAddress` runs. */
  addressLost(device: number, nowMs: number): void {
    const local = this.#localOf(device);
    if (this.#table.parameters(local).address === 0) return;
    this.#interrupt(local, "lease-lost", nowMs);
  }

  /** What became of a modem of another worker; this chain tells itself about its own. */
  takeModemNews(modem: number, event: ModemEvent, nowMs: number): void {
    const wasOnline = this.#links.stateOf(modem) === "up";
    this.#links.set(modem, event);
    if (event === "down" && !wasOnline) return;
    this.#links.forEachDependent(modem, (local) => {
      if (!this.#table.isInStep(local, "modem")) {
        if (event === "down") this.#interrupt(local, "modem-lost", nowMs);
      } else if (event === "up") this.#followModem(local, nowMs);
      else if (event === "failed") this.#giveUp(local, "modem-failed", nowMs);
      // The device goes on waiting for its modem.
      else this.#timers.cancel(local);
    });
  }

  /** Lets everything happen that is due at `nowMs`. Call it at `nextDueMs`, or every tick. */
  advance(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#timers.advance(nowMs, this.#onDue);
  }

  /** When something is due next; undefined when no timer runs. May be early, never late. */
  nextDueMs(): number | undefined {
    return this.#timers.nextDueMs();
  }

  /** A device that fetches is "online". */
  stateOf(device: number): BootState {
    return this.#table.state(this.#localOf(device));
  }

  /** The step that a device is in; undefined when it does not boot. */
  stepOf(device: number): BootStep | undefined {
    const local = this.#localOf(device);
    return this.#table.state(local) === "booting" ? this.#table.step(local) : undefined;
  }

  countIn(state: BootState): number {
    return this.#table.countInState(state);
  }

  /** Devices that are in a step now. */
  countAt(step: BootStep): number {
    return this.#table.countInStep(step);
  }

  #boot(local: number, nowMs: number): void {
    const device = this.#shard.deviceOf(local);
    this.#table.beginBoot(local);
    if (this.#isModem(device)) this.#links.set(device, "down");
    this.#enter(local, this.#programOf(local)[0], nowMs);
  }

  #enter(local: number, step: BootStep, nowMs: number): void {
    this.#table.beginStep(local, step, nowMs);
    switch (step) {
      case "modem":
        this.#awaitModem(local, nowMs);
        return;
      case "ranging":
      case "registration":
        this.#heed(local, step, this.#cmts.ask(local, step, nowMs), nowMs);
        return;
      case "dhcp":
        this.#sink.acquireAddress(this.#shard.deviceOf(local), nowMs);
        return;
      default:
        this.#errands.begin(local, step, nowMs);
    }
  }

  #awaitModem(local: number, nowMs: number): void {
    const modem = this.population.attachmentOf(this.#shard.deviceOf(local));
    const state = this.#links.stateOf(modem);
    if (state === "up") this.#followModem(local, nowMs);
    else if (state === "failed") this.#giveUp(local, "modem-failed", nowMs);
  }

  #followModem(local: number, nowMs: number): void {
    const { afterModemMsMin, afterModemMsMax } = this.#policy;
    const share = this.#random(local) / 2 ** 32;
    const waitMs = afterModemMsMin + (afterModemMsMax - afterModemMsMin) * share;
    if (waitMs <= 0) this.#endStep(local, undefined, nowMs);
    else this.#timers.schedule(local, nowMs + waitMs);
  }

  /** At the registration the CMTS also looks at the file's signature. */
  #heed(local: number, step: CmtsStep, verdict: CmtsVerdict, nowMs: number): void {
    if (verdict === "waiting") return;
    if (verdict === "gave-up") this.#fail(local, "cmts-timeout", nowMs);
    else if (step === "registration" && this.#errands.faultOf(local) === "cmts-mic") {
      this.#fail(local, "cmts-mic", nowMs);
    } else this.#endStep(local, undefined, nowMs);
  }

  /** The step is over. After an optional step with a problem the device goes on all the same. */
  #endStep(local: number, problem: BootProblem | undefined, nowMs: number): void {
    const table = this.#table;
    const step = table.step(local);
    this.#tellStep(local, problem === undefined ? "done" : "passed-over", problem, nowMs);
    const program = this.#programOf(local);
    const next = program.indexOf(step) + 1;
    if (next < program.length) {
      this.#enter(local, program[next], nowMs);
      return;
    }
    table.setState(local, "online");
    const boot = this.#bootOf(local);
    this.#sink.online({ ...boot, onlineAtMs: nowMs });
    // The sink may have switched the device off while it was told.
    const isStillOnline = table.state(local) === "online";
    if (isStillOnline && this.#isModem(boot.device)) this.takeModemNews(boot.device, "up", nowMs);
  }

  /** The step failed: the device pauses and boots again, or gives up. */
  #fail(local: number, problem: BootProblem, nowMs: number): void {
    const table = this.#table;
    if (table.boots[local] >= this.#policy.reboot.bootsMax) {
      this.#giveUp(local, problem, nowMs);
      return;
    }
    const failure = this.#endBoot(local, problem, "pausing", nowMs);
    this.#pause(local, table.boots[local] - 1, nowMs);
    this.#sink.rebooting(failure);
  }

  #giveUp(local: number, problem: BootProblem, nowMs: number): void {
    const failure = this.#endBoot(local, problem, "failed", nowMs);
    this.#sink.failed(failure);
    if (this.#isModem(failure.device)) this.takeModemNews(failure.device, "failed", nowMs);
  }

  #endBoot(local: number, problem: BootProblem, state: BootState, nowMs: number): FailedBoot {
    const step = this.#table.step(local);
    this.#stopWork(local, problem, nowMs);
    this.#table.setState(local, state);
    this.#tellStep(local, "failed", problem, nowMs);
    return { ...this.#bootOf(local), step, problem, failedAtMs: nowMs };
  }

  #bootOf(local: number) {
    const { intendedAtMs, startedAtMs, boots } = this.#table;
    return {
      device: this.#shard.deviceOf(local),
      intendedAtMs: intendedAtMs[local],
      startedAtMs: startedAtMs[local],
      boots: boots[local],
    };
  }

  /** Something outside the present step ends the boot, or the device's time on line. */
  #interrupt(local: number, problem: BootProblem, nowMs: number): void {
    const table = this.#table;
    const device = this.#shard.deviceOf(local);
    const state = table.state(local);
    if (state === "booting") {
      // It is not this device's fault, so it does not count towards giving up.
      if (problem === "modem-lost") table.boots[local] = 1;
      this.#fail(local, problem, nowMs);
      return;
    }
    if (state !== "online") return;
    this.#stopWork(local, problem, nowMs);
    table.setState(local, "pausing");
    // A device that was on line counts its boots, and their time, from here.
    table.boots[local] = 0;
    table.intendedAtMs[local] = nowMs;
    table.startedAtMs[local] = nowMs;
    this.#pause(local, 0, nowMs);
    this.#sink.offline(device, problem);
    if (this.#isModem(device)) this.takeModemNews(device, "down", nowMs);
  }

  /** Waits for the next boot; `failed` boots in a row have failed before. */
  #pause(local: number, failed: number, nowMs: number): void {
    const waitMs = stepWaitMs(this.#reboot, failed, this.#random(local));
    this.#timers.schedule(local, nowMs + waitMs);
  }

  #timeOut(local: number, nowMs: number): void {
    const table = this.#table;
    if (table.state(local) === "pausing") {
      this.#boot(local, nowMs);
      return;
    }
    if (this.#fetches.isActive(local)) {
      this.#errands.timeOut(local, "tftp", nowMs);
      return;
    }
    if (table.state(local) !== "booting") return;
    const step = table.step(local);
    switch (step) {
      case "modem":
        this.#endStep(local, undefined, nowMs);
        return;
      case "ranging":
      case "registration":
        this.#heed(local, step, this.#cmts.timeOut(local, step, nowMs), nowMs);
        return;
      case "dhcp":
        return;
      default:
        this.#errands.timeOut(local, step, nowMs);
    }
  }

  #tellStep(
    local: number,
    end: EndedStep["end"],
    problem: BootProblem | undefined,
    endedAtMs: number,
  ): void {
    const table = this.#table;
    this.#sink.stepEnded({
      device: this.#shard.deviceOf(local),
      step: table.step(local),
      end,
      problem,
      intendedAtMs: table.intendedAtMs[local],
      startedAtMs: table.stepStartedAtMs[local],
      endedAtMs,
    });
  }

  /** Stops everything that the device does. Only a fetch reports the problem. */
  #stopWork(local: number, problem: BootProblem, nowMs: number): void {
    const { address } = this.#table.parameters(local);
    if (this.#fetches.isActive(local)) this.#fetches.failed(local, problem, nowMs);
    this.services.cancel(local);
    this.#timers.cancel(local);
    if (address !== 0) this.#book.strike(address, local);
  }

  #programOf(local: number): readonly BootStep[] {
    return bootPrograms[this.population.kindOf(this.#shard.deviceOf(local))];
  }

  #isModem(device: number): boolean {
    return device < this.population.firstOf[1];
  }

  #localOf(device: number): number {
    const local = this.#shard.localOf(device);
    if (local < 0) throw new RangeError(`device ${device} is not in this chain`);
    return local;
  }
}
