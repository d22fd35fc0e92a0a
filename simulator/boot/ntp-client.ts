import {
  decodeNtp,
  encodeNtp,
  kissCode,
  NtpLeap,
  NtpMode,
  type NtpPacket,
  ntpTimestampZero,
  sameNtpTimestamp,
  unixMsOfNtp,
} from "../../protocol/ntp/packet.ts";
import {
  type PollClientContext,
  type PollResult,
  type PollSink,
  ServerPoll,
} from "./server-poll.ts";
import type { StepRandom, StepRetry, StepServer } from "./step.ts";

/** Why a device has no time: the most telling answer of any of its servers. */
export type NtpProblem =
  /** Nobody answered. */
  | "no-answer"
  /** The server says that it does not know the time itself. */
  | "unsynchronised"
  /** Kiss-o'-death DENY or RSTR: this server wants to hear no more. */
  | "denied"
  /** Kiss-o'-death RATE on every question. */
  | "rate-limited";

export interface NtpResult extends PollResult {
  readonly problem?: NtpProblem;
  /** The server's clock minus the device's; NaN with a problem. */
  readonly offsetMs: number;
}

export interface NtpSink extends PollSink {
  ntpEnded(result: NtpResult): void;
}

export interface NtpClientContext extends PollClientContext<NtpSink> {
  /** What the devices' clocks show: Unix time in milliseconds at `nowMs` 0. */
  readonly unixMsAtZero: number;
}

export const ntpRetry: StepRetry = {
  firstRetryMs: 2000,
  maxRetryMs: 16_000,
  jitter: 0.1,
  triesMax: 4,
};

const VERSION = 4;
const STRATUM_MAX = 15;

const ProblemCode = { "no-answer": 0, unsynchronised: 1, "rate-limited": 2, denied: 3 } as const;
const problems: readonly NtpProblem[] = ["no-answer", "unsynchronised", "rate-limited", "denied"];

/** SNTP clients (RFC 4330 section 5): one good answer sets a device's clock. */
export class NtpClient {
  readonly poll: ServerPoll;
  readonly #sink: NtpSink;
  readonly #random: StepRandom;
  readonly #unixMsAtZero: number;
  readonly #problem: Uint8Array;
  // What the server must send back, bit for bit: a number that nobody can guess, because a device
  // that asks for the time has none to send.
  readonly #askedSeconds: Uint32Array;
  readonly #askedFraction: Uint32Array;

  /** Throws RangeError for a policy that cannot work. */
  constructor(context: NtpClientContext) {
    const { size } = context;
    this.#sink = context.sink;
    this.#random = context.random;
    this.#unixMsAtZero = context.unixMsAtZero;
    this.#problem = new Uint8Array(size);
    this.#askedSeconds = new Uint32Array(size);
    this.#askedFraction = new Uint32Array(size);
    this.poll = new ServerPoll("ntp", {
      ...context,
      ask: (local, server) => this.#ask(local, server),
      exhausted: (local, nowMs) => this.#fail(local, nowMs),
    });
  }

  /** Throws RangeError without a server. */
  start(local: number, servers: readonly StepServer[], nowMs: number): void {
    this.#problem[local] = ProblemCode["no-answer"];
    this.poll.start(local, servers, nowMs);
  }

  /** A datagram to the device's NTP port; `receivedAtMs` is when it reached the host. */
  receive(
    local: number,
    bytes: Uint8Array,
    source: number,
    sourcePort: number,
    nowMs: number,
    receivedAtMs: number,
  ): void {
    const packet = this.poll.read(local, bytes, source, sourcePort, decodeNtp);
    if (packet === undefined) return;
    if (!this.#answersQuestion(local, packet)) {
      this.poll.unexpected += 1;
    } else if (packet.stratum === 0) {
      this.#takeKiss(local, kissCode(packet), nowMs);
    } else if (
      packet.leap === NtpLeap.unsynchronised ||
      packet.stratum > STRATUM_MAX ||
      sameNtpTimestamp(packet.transmit, ntpTimestampZero)
    ) {
      this.#note(local, ProblemCode.unsynchronised);
      this.poll.nextServer(local, nowMs);
    } else {
      this.#setClock(local, packet, nowMs, receivedAtMs);
    }
  }

  #answersQuestion(local: number, { mode, originate }: NtpPacket): boolean {
    return (
      mode === NtpMode.server &&
      originate.seconds === this.#askedSeconds[local] &&
      originate.fraction === this.#askedFraction[local]
    );
  }

  #takeKiss(local: number, code: string | undefined, nowMs: number): void {
    if (code === "RATE") {
      this.#note(local, ProblemCode["rate-limited"]);
      this.poll.slowDown(local, nowMs);
    } else {
      const isDenial = code === "DENY" || code === "RSTR";
      this.#note(local, isDenial ? ProblemCode.denied : ProblemCode.unsynchronised);
      this.poll.nextServer(local, nowMs);
    }
  }

  /** RFC 4330 section 5: the offset from the four timestamps. */
  #setClock(local: number, packet: NtpPacket, nowMs: number, receivedAtMs: number): void {
    const sentMs = this.#unixMsAtZero + this.poll.sentAtMs(local);
    const backMs = this.#unixMsAtZero + receivedAtMs;
    const thereMs = unixMsOfNtp(packet.receive) - sentMs;
    const hereMs = unixMsOfNtp(packet.transmit) - backMs;
    this.poll.stop(local);
    this.#sink.ntpEnded({
      ...this.poll.resultOf(local, nowMs),
      offsetMs: (thereMs + hereMs) / 2,
    });
  }

  #fail(local: number, nowMs: number): void {
    this.#sink.ntpEnded({
      ...this.poll.resultOf(local, nowMs),
      problem: problems[this.#problem[local]],
      offsetMs: Number.NaN,
    });
  }

  #note(local: number, code: number): void {
    this.#problem[local] = Math.max(this.#problem[local], code);
  }

  #ask(local: number, server: StepServer): void {
    // Zero would mean "no timestamp", so the lowest bit is always set.
    this.#askedSeconds[local] = this.#random(local) | 1;
    this.#askedFraction[local] = this.#random(local);
    const length = encodeNtp(
      {
        ...question,
        transmit: {
          seconds: this.#askedSeconds[local],
          fraction: this.#askedFraction[local],
        },
      },
      this.#sink.buffer(),
      0,
    );
    this.#sink.send(local, length, server.address, server.port);
  }
}

const question: NtpPacket = {
  leap: NtpLeap.none,
  version: VERSION,
  mode: NtpMode.client,
  stratum: 0,
  poll: 0,
  precision: 0,
  rootDelaySeconds: 0,
  rootDispersionSeconds: 0,
  referenceId: 0,
  reference: ntpTimestampZero,
  originate: ntpTimestampZero,
  receive: ntpTimestampZero,
  transmit: ntpTimestampZero,
};
