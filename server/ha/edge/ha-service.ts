import { randomBytes, randomInt } from "node:crypto";
import { setTimeout as rest } from "node:timers/promises";
import { type Clock, systemClock } from "../../../base/clock.ts";
import type { Logger } from "../../../base/log.ts";
import { type IcmpSocket, openIcmpSocket } from "../../../base/net/icmp-socket.ts";
import { SocketError } from "../../../base/net/kernel/socket-error.ts";
import type { UdpSocketOptions } from "../../../base/net/udp-socket.ts";
import type { CatchUp, HeartbeatSigner } from "../../../protocol/heartbeat/packet.ts";
import type { ClaimOutcome, Holder, Leadership } from "../../mandate/leadership.ts";
import { StartError } from "../../process/start-error.ts";
import { GatewayWatch } from "../gateway-watch.ts";
import { HaNode } from "../ha-node.ts";
import { stopMsMax } from "../heartbeat-times.ts";
import { apartText, areApart, type LeaseMoment, LeaseTime } from "../lease-time.ts";
import type { NodeEffect, NodeOrder } from "../node-machine.ts";
import { type PairStatus, pairStatusOf } from "../pair-status.ts";
import { TakeOverClock, type TakeOverTimes } from "../take-over-clock.ts";
import { type DataPlanePulse, Watchdog } from "../watchdog.ts";
import type { FloatingAddress } from "./floating-address.ts";
import type { HaPlan } from "./ha-plan.ts";
import { HeartbeatLinks } from "./heartbeat-links.ts";

/** The pair's view of the data plane: the part of this node that answers DHCP. */
export interface DataPlane {
  readonly pulse: DataPlanePulse;
  readonly isAnswering: boolean;
  /** It stood still, and stays silent until the store confirms that this node still leads. */
  readonly isSuspect: boolean;
  /** More packets than a few of the last minute could not be decided. */
  readonly areManyUndecidable: boolean;
  /** From LeaseTime: added to the monotonic clock, it gives the time of leases. */
  leaseBaseMs: number;
  /** From now on `epoch` guards the commits. */
  startAnswering(epoch: number): void;
  /** `isAnswering` becomes false soon after. */
  stopAnswering(): void;
  /** Called at every turn of the deciding thread. */
  turn(): void;
}

export interface HaServiceOptions
  extends Pick<HaPlan, "node" | "peerName" | "isFirst" | "times" | "links" | "commitMsMax"> {
  /** Identifies this start of the program: see `newBootId`. */
  readonly bootId: string;
  readonly sign: HeartbeatSigner;
  /** Undefined: the gateway is not watched (HA-12). */
  readonly gatewayAddress?: number | undefined;
  /** HA-34; undefined: the disk is not watched. */
  readonly diskWorks?: (() => boolean) | undefined;
  /** Whether the mirror has all files of the active node; undefined: nothing is mirrored. */
  readonly filesInStep?: (() => boolean) | undefined;
  /** How far this node is with what is bulky; undefined while nothing is. */
  readonly catchUp?: (() => CatchUp | undefined) | undefined;
  /** Its claims are made for `node` and `bootId`. */
  readonly leadership: Leadership;
  /** Why the store did not carry out the latest request; "" when it did. */
  readonly storeTrouble?: () => string;
  readonly dataPlane: DataPlane;
  readonly floatingAddress?: Pick<FloatingAddress, "announce" | "withdraw" | "turn"> | undefined;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly backend?: NonNullable<UdpSocketOptions["backend"]>;
}

const turnMsMin = 5;
const turnMsMax = 100;
const lingerMs = 1000;

/** Runs one node of the pair on real sockets. Rejects with StartError when a socket cannot be opened. */
export async function startHaService(options: HaServiceOptions): Promise<HaService> {
  const { gatewayAddress, links, sign, backend } = options;
  const icmp = gatewayAddress === undefined ? undefined : openGatewaySocket();
  try {
    return new HaService(options, await HeartbeatLinks.open(links, sign, backend), icmp);
  } catch (error) {
    icmp?.close();
    throw error;
  }
}

function openGatewaySocket(): IcmpSocket {
  try {
    return openIcmpSocket();
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    throw new StartError(`Cannot ping the gateway: ${error.message}. It needs CAP_NET_RAW.`);
  }
}

export class HaService {
  /** The service has stopped: its status no longer changes, and orders have no effect. */
  isOver = false;
  readonly #options: HaServiceOptions;
  readonly #clock: Clock;
  readonly #links: HeartbeatLinks;
  readonly #icmp: IcmpSocket | undefined;
  readonly #self: Holder;
  readonly #leadership: Leadership;
  readonly #node: HaNode;
  readonly #gateway: GatewayWatch | undefined;
  readonly #watchdog: Watchdog;
  readonly #takeOvers = new TakeOverClock();
  readonly #leaseTime: LeaseTime;
  readonly #timer: NodeJS.Timeout;
  #claim: ClaimOutcome | undefined;
  #clocksAreApart = false;
  #orders: NodeOrder[] = [];
  #releasing: Promise<void> = Promise.resolve();

  constructor(options: HaServiceOptions, links: HeartbeatLinks, icmp: IcmpSocket | undefined) {
    const { node, bootId, times, gatewayAddress, clock = systemClock } = options;
    const nowMs = clock.monotonicMs();
    this.#options = options;
    this.#clock = clock;
    this.#links = links;
    this.#icmp = icmp;
    this.#self = { node, bootId };
    this.#leadership = options.leadership;
    this.#leaseTime = LeaseTime.of(clock);
    const { peerName, isFirst, diskWorks } = options;
    const detectsDiskFailures = diskWorks !== undefined;
    const linkCount = options.links.length;
    const { commitMsMax } = options;
    this.#node = new HaNode(
      { self: this.#self, peerName, isFirst, times, linkCount, detectsDiskFailures, commitMsMax },
      nowMs,
    );
    if (gatewayAddress !== undefined) {
      const identifier = randomInt(0x1_0000);
      this.#gateway = new GatewayWatch({ address: gatewayAddress, identifier, times }, nowMs);
    }
    const { keepaliveMs, deadMs } = times;
    const watchdogTimes = { turnMsMax: deadMs, commitMsMax, blindMsMax: keepaliveMs };
    this.#watchdog = new Watchdog(watchdogTimes, nowMs);
    const turnMs = Math.min(turnMsMax, Math.max(turnMsMin, keepaliveMs / 5));
    this.#timer = setInterval(() => this.#turn(), turnMs);
  }

  status(): PairStatus {
    return pairStatusOf({
      node: this.#node,
      self: this.#self,
      peerName: this.#options.peerName,
      ...this.#facts(),
      storeTrouble: this.#storeTrouble,
      clockApartMs: this.#leaseTime.clockApartMs,
      leaseTimeAheadMs: this.#leaseMs() - this.#clock.wallMs(),
    });
  }

  takeOvers(): TakeOverTimes {
    return this.#takeOvers.times;
  }

  /** `stop` gives the order "shutdown". */
  order(order: NodeOrder): void {
    this.#orders.push(order);
  }

  /** HA-16, step 1. False when this node is not active or the store did not answer. */
  async lowerFailureFlag(): Promise<boolean> {
    const { state } = this.#node;
    return state.role === "active" && this.#leadership.lowerFailureFlag(state.epoch);
  }

  /** Hands over and ends; settles within 3 s, whether the hand-over succeeded or not. */
  async stop(): Promise<void> {
    this.order("shutdown");
    const deadlineMs = this.#clock.monotonicMs() + stopMsMax + lingerMs;
    while (this.#node.state.role !== "failed" && this.#clock.monotonicMs() < deadlineMs) {
      await rest(turnMsMin);
    }
    clearInterval(this.#timer);
    this.isOver = true;
    await Promise.race([this.#releasing, rest(lingerMs)]);
    this.#links.close();
    this.#icmp?.close();
  }

  get #storeTrouble(): string {
    return this.#options.storeTrouble?.() ?? "";
  }

  /** What this node knows now, for its decisions and for its status. */
  #facts() {
    return {
      leader: this.#leadership.current(),
      isInSync: this.#leadership.isInSync(),
      revision: this.#leadership.revision(),
      health: this.#health(),
      filesInStep: this.#options.filesInStep?.() ?? true,
      catchUp: this.#options.catchUp?.(),
    };
  }

  #health() {
    const { dataPlaneTurns } = this.#watchdog;
    // A standby commits nothing, so the store's answers are all it knows. On an active node the commits
    // count instead, because a single member of the store may fail without harm.
    const isServing = this.#node.state.role === "active";
    const storeWrites = this.#watchdog.storeWrites && (isServing || this.#storeTrouble === "");
    const gatewayAnswers = this.#gateway?.answers ?? true;
    const diskWorks = this.#options.diskWorks?.() ?? true;
    return { dataPlaneTurns, storeWrites, gatewayAnswers, diskWorks };
  }

  #turn(): void {
    const { dataPlane, floatingAddress } = this.#options;
    // Messages are read before time advances: they may have come in time.
    const heard = this.#links.receive();
    const now = this.#leaseMoment();
    const nowMs = now.monotonicMs;
    for (const { heartbeat, link } of heard) {
      if (this.#node.hear(heartbeat, link, nowMs) !== undefined) continue;
      this.#takeOvers.heard(nowMs);
      this.#leaseTime.hear(heartbeat, this.#node.roundTripOf(heartbeat, nowMs), now);
    }
    this.#leaseTime.pass(now);
    dataPlane.leaseBaseMs = this.#leaseTime.baseMs;
    this.#tellOfClocks();
    this.#ping(nowMs);
    this.#watchdog.pass(nowMs, dataPlane.pulse.read(), dataPlane.isSuspect);
    const claim = this.#claim;
    this.#claim = undefined;
    const { effects, heartbeats } = this.#node.turn(nowMs, {
      ...this.#facts(),
      isAnswering: dataPlane.isAnswering,
      areManyUndecidable: dataPlane.areManyUndecidable,
      claim,
      order: this.#orders.shift(),
      times: { wallMs: now.wallMs, leaseMs: this.#leaseTime.baseMs + nowMs },
    });
    for (const effect of effects) this.#apply(effect);
    this.#takeOvers.turn(nowMs, this.#node.state.role, dataPlane.isAnswering);
    dataPlane.turn();
    floatingAddress?.turn(nowMs);
    this.#links.send(heartbeats);
  }

  #leaseMoment(): LeaseMoment {
    const { role } = this.#node.state;
    return {
      wallMs: this.#clock.wallMs(),
      monotonicMs: this.#clock.monotonicMs(),
      isServing: role === "claiming" || role === "active" || role === "demoting",
    };
  }

  #leaseMs(): number {
    return this.#leaseTime.baseMs + this.#clock.monotonicMs();
  }

  /** Logs once when the clocks drift apart, and once when they agree again. */
  #tellOfClocks(): void {
    const { clockApartMs } = this.#leaseTime;
    const areNowApart = areApart(clockApartMs);
    if (areNowApart === this.#clocksAreApart || clockApartMs === undefined) return;
    this.#clocksAreApart = areNowApart;
    const { logger, peerName } = this.#options;
    if (areNowApart) {
      logger.warn(
        `the clock of ${peerName} is ${apartText(clockApartMs)} this node's: let NTP set them right. Leases ` +
          "end by the time of the node that serves (TIME-8)",
      );
    } else logger.info("the clocks of both nodes agree again (TIME-8)");
  }

  #ping(nowMs: number): void {
    const { gatewayAddress } = this.#options;
    if (this.#gateway === undefined || this.#icmp === undefined) return;
    const sequence = this.#gateway.pass(nowMs, this.#icmp.receive());
    if (sequence === undefined || gatewayAddress === undefined) return;
    this.#icmp.sendEcho(gatewayAddress, this.#gateway.identifier, sequence);
  }

  #apply(effect: NodeEffect): void {
    const { dataPlane, floatingAddress, logger } = this.#options;
    switch (effect.kind) {
      case "claim":
        void this.#leadership.claim(effect).then((outcome) => {
          this.#claim = outcome;
        });
        break;
      case "release":
        this.#releasing = this.#leadership.release(effect.epoch, effect.raisesFailureFlag);
        break;
      case "start-answering":
        dataPlane.startAnswering(effect.epoch);
        break;
      case "stop-answering":
        dataPlane.stopAnswering();
        break;
      case "announce-address":
        floatingAddress?.announce();
        break;
      case "withdraw-address":
        floatingAddress?.withdraw();
        break;
      case "log":
        logger[effect.level](effect.message);
    }
  }
}

/** A new id for every start of a program; never all zeros, which means "none" on the wire. */
export function newBootId(): string {
  const id = randomBytes(8).toString("hex");
  return /^0+$/.test(id) ? newBootId() : id;
}
