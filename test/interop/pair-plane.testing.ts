import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { vi } from "vitest";
import { systemClock } from "../../base/clock.ts";
import { openDescriptorList } from "../../base/net/kernel/descriptor-list.ts";
import { wakeBy } from "../../base/net/wake-by.ts";
import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import {
  decodePacket,
  encodePacket,
  messageType,
  type OutgoingOption,
} from "../../protocol/dhcp/packet.ts";
import { formatIpv4, writeIpv4 } from "../../protocol/ipv4.ts";
import { LeaseTime } from "../../server/ha/lease-time.ts";
import { DataPlanePulse } from "../../server/ha/watchdog.ts";
import { EtcdLeadership } from "../../server/mandate/edge/etcd-leadership.ts";
import { SharedPairState } from "../../server/mandate/shared-pair-state.ts";
import type {
  FromService,
  ServicePlan,
  ServiceStart,
  ToService,
} from "../../server/service/service-plan.ts";

// A thread runs JavaScript, on every version of Node that is supported.
const workerFile = pathToFileURL(
  join(import.meta.dirname, "../../dist/server/service/service-worker.js"),
);
const empty = new Uint8Array(0);
const answerMsMax = 40_000;

export type DhcpPlan = Extract<ServicePlan, { service: "dhcp" }>;
export type PlanePlan = DhcpPlan & { readonly pair: NonNullable<DhcpPlan["pair"]> };

/** The thread of a data plane, started as `prov serve` does, and what would decide for it. */
export class PlaneThread {
  readonly pairState: SharedPairState;
  readonly leadership: EtcdLeadership;
  readonly messages: FromService[] = [];
  readonly ended: Promise<unknown>;
  readonly #worker: Worker;
  readonly #decider = setInterval(() => void this.#decide(), 20);
  #isDeciding = false;

  constructor(plan: PlanePlan) {
    const { node, bootId, etcd, pairState, deadMs } = plan.pair;
    this.pairState = new SharedPairState(pairState);
    this.leadership = new EtcdLeadership({
      ...{ self: { node, bootId }, ...etcd, followed: this.pairState, presenceSeconds: 20 },
      ...{ answerMsMax: 2000, attemptMsMin: 400, probeMs: deadMs / 2 },
    });
    const linesUnderWay = new SharedArrayBuffer(4);
    const descriptors = openDescriptorList();
    const workerData: ServiceStart = { plan, logLevel: "info", linesUnderWay, descriptors };
    this.#worker = new Worker(workerFile, { workerData });
    this.#worker.on("message", (message: FromService) => void this.messages.push(message));
    this.ended = once(this.#worker, "exit");
  }

  /** What it said in its log. */
  get log(): readonly string[] {
    const lines = this.messages.flatMap((one) => (one.kind === "log" ? one.lines : []));
    return lines.map(({ message }) => message);
  }

  /** The epoch that it claimed, whoever had led. */
  async claim(): Promise<number> {
    return vi.waitFor(
      async () => {
        const seenEpoch = this.leadership.current()?.epoch ?? 0;
        const outcome = await this.leadership.claim({ seenEpoch, raisesFailureFlag: false });
        if (outcome.kind !== "won") throw new Error(`the claim is ${outcome.kind}`);
        return outcome.epoch;
      },
      { timeout: answerMsMax, interval: 10 },
    );
  }

  /** Makes it answer under an epoch that was claimed; resolves when it does. */
  async answer(epoch: number): Promise<void> {
    this.pairState.mandate = { epoch, term: this.leadership.termOf(epoch)! };
    this.pairState.withWakeEnd(wakeBy);
    await this.until(() => this.pairState.answeringEpoch === epoch);
  }

  async until(isSo: () => boolean): Promise<void> {
    const look = (): void => {
      if (!isSo()) throw new Error(`in vain; ${this.log.join("; ")}`);
    };
    await vi.waitFor(look, { timeout: answerMsMax, interval: 5 });
  }

  /** A plane that stood still asks whether it still leads; a busy machine makes it stand still at any time. */
  async #decide(): Promise<void> {
    const { mandate, suspicion, isSuspect } = this.pairState;
    if (this.#isDeciding || !isSuspect || mandate === undefined) return;
    this.#isDeciding = true;
    const leads = await this.leadership.confirm(mandate.epoch).catch(() => false);
    if (leads) this.pairState.confirm(suspicion);
    this.#isDeciding = false;
  }

  async stop(): Promise<void> {
    clearInterval(this.#decider);
    const request: ToService = { kind: "stop" };
    this.#worker.postMessage(request);
    await this.ended;
    await this.leadership.close();
  }
}

/** What both threads of a node share. */
export function sharedMemory(): { pairState: SharedArrayBuffer; pulse: SharedArrayBuffer } {
  const pairState = new SharedPairState();
  pairState.leaseBaseMs = LeaseTime.of(systemClock).baseMs;
  return { pairState: pairState.shared, pulse: DataPlanePulse.memory() };
}

export interface DeviceAnswer {
  readonly type: number;
  readonly xid: number;
  readonly address: string;
}

/** A relay with devices behind it, which asks whom it is told to. */
export class TestRelay {
  readonly answers: (DeviceAnswer & { readonly from: string })[] = [];
  readonly #socket: Socket;
  readonly #address: number;
  readonly #port: number;
  #xid = 0;

  static async open(address: number, port: number): Promise<TestRelay> {
    const socket = createSocket("udp4");
    socket.bind(port, formatIpv4(address));
    await once(socket, "listening");
    return new TestRelay(socket, address, port);
  }

  private constructor(socket: Socket, address: number, port: number) {
    this.#socket = socket;
    this.#address = address;
    this.#port = port;
    socket.on("message", (bytes, { address: from }) => {
      const packet = decodePacket(Uint8Array.from(bytes));
      const { xid, yiaddr } = packet;
      this.answers.push({ from, type: messageType(packet), xid, address: formatIpv4(yiaddr) });
    });
  }

  /** Sends one message of a device; returns its transaction id. */
  send(to: string, device: number, type: number, options: readonly OutgoingOption[] = []): number {
    this.#xid += 1;
    const bytes = new Uint8Array(1500);
    const length = encodePacket(
      {
        ...{ op: 1, htype: 1, hops: 1, xid: this.#xid, secs: 0, flags: 0 },
        ...{ ciaddr: 0, yiaddr: 0, siaddr: 0, giaddr: this.#address, sname: empty, file: empty },
        chaddr: Uint8Array.of(2, 0, 0, 0, device >>> 8, device & 0xff),
        options: [{ code: OptionCode.messageType, value: Uint8Array.of(type) }, ...options],
      },
      bytes,
      0,
    );
    this.#socket.send(bytes.subarray(0, length), this.#port, to);
    return this.#xid;
  }

  /** Asks for an address that the device had (INIT-REBOOT). */
  reboot(to: string, device: number, address: number): number {
    const value = new Uint8Array(4);
    writeIpv4(value, 0, address);
    return this.send(to, device, MessageType.request, [
      { code: OptionCode.requestedAddress, value },
    ]);
  }

  /** Asks again and again until it is acknowledged, as devices do; the address. */
  async bind(to: string, device: number, address: number): Promise<string> {
    return (await this.#rebooted(to, device, address, MessageType.ack)).address;
  }

  /** Asks again and again until it is refused. */
  async refused(to: string, device: number, address: number): Promise<void> {
    await this.#rebooted(to, device, address, MessageType.nak);
  }

  #rebooted(to: string, device: number, address: number, wanted: number): Promise<DeviceAnswer> {
    return vi.waitFor(
      async () => {
        const answer = await this.answerTo(this.reboot(to, device, address), 500);
        if (answer?.type !== wanted) throw new Error(`answered by ${answer?.type}`);
        return answer;
      },
      { timeout: answerMsMax, interval: 10 },
    );
  }

  async answerTo(xid: number, msMax: number): Promise<DeviceAnswer | undefined> {
    const endMs = performance.now() + msMax;
    for (;;) {
      const answer = this.answers.find((one) => one.xid === xid);
      if (answer !== undefined || performance.now() > endMs) return answer;
      await new Promise<void>((resolve) => setTimeout(resolve, 2));
    }
  }

  close(): void {
    this.#socket.close();
  }
}
