import { Rows } from "../../base/rows.ts";
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
import { type PollClientContext, type PollResult, ServerPoll } from "./server-poll.ts";
import type { StepRetry, StepServer, StepWire } from "./step.ts";

/** Why a device has no time: the most telling answer of any of its servers. */
export type NtpProblem =
  /** Nobody answered. */
  | "no-answer"
  /** The server says that it does not know the time itself. */
  | "unsynchronised"
  /** Kiss-o'-death DENY or RSTR: this server wants no more questions. */
  | "denied"
  /** Kiss-o'-death RATE on every question. */
  | "rate-limited";

export interface NtpResult extends PollResult {
  readonly problem?: NtpProblem;
  /** The server's clock minus the device's; NaN with a problem. */
  readonly offsetMs: number;
}

interface NtpSink extends StepWire {
  ntpEnded(result: NtpResult): void;
}

interface NtpClientContext extends PollClientContext<NtpSink> {
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

/** The least telling first. */
const problems: readonly NtpProblem[] = ["no-answer", "unsynchronised", "rate-limited", "denied"];

/** SNTP clients (RFC 4330 section 5): one good answer sets a device's clock. */
export class NtpClient extends Rows {
  readonly poll: ServerPoll;
  readonly #context: NtpClientContext;
  /** By number in `problems`. */
  readonly #problem = new Uint8Array(this.size);
  // What the server must send back, bit for bit: a number that nobody can guess, because a device
  // that asks for the time has none to send.
  readonly #askedSeconds = new Uint32Array(this.size);
  readonly #askedFraction = new Uint32Array(this.size);

  /** Throws RangeError for a policy that cannot work. */
  constructor(context: NtpClientContext) {
    super(context.size);
    this.#context = context;
    this.poll = new ServerPoll("ntp", {
      ...context,
      ask: (local, server) => this.#ask(local, server),
      exhausted: (local, nowMs) => this.#fail(local, nowMs),
    });
  }

  /** Throws RangeError without a server. */
  start(local: number, servers: readonly StepServer[], nowMs: number): void {
    this.#problem[local] = 0;
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
      this.#note(local, "unsynchronised");
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
      this.#note(local, "rate-limited");
      this.poll.slowDown(local, nowMs);
    } else {
      const isDenial = code === "DENY" || code === "RSTR";
      this.#note(local, isDenial ? "denied" : "unsynchronised");
      this.poll.nextServer(local, nowMs);
    }
  }

  /** RFC 4330 section 5: the offset from the four timestamps. */
  #setClock(local: number, packet: NtpPacket, nowMs: number, receivedAtMs: number): void {
    const { unixMsAtZero, sink } = this.#context;
    const sentMs = unixMsAtZero + this.poll.sentAtMs(local);
    const backMs = unixMsAtZero + receivedAtMs;
    const thereMs = unixMsOfNtp(packet.receive) - sentMs;
    const hereMs = unixMsOfNtp(packet.transmit) - backMs;
    this.poll.stop(local);
    sink.ntpEnded({ local, offsetMs: (thereMs + hereMs) / 2, endedAtMs: nowMs });
  }

  #fail(local: number, nowMs: number): void {
    const problem = problems[this.#problem[local]];
    this.#context.sink.ntpEnded({ local, problem, offsetMs: Number.NaN, endedAtMs: nowMs });
  }

  #note(local: number, problem: NtpProblem): void {
    this.#problem[local] = Math.max(this.#problem[local], problems.indexOf(problem));
  }

  #ask(local: number, server: StepServer): void {
    const { random, sink } = this.#context;
    // Zero would mean "no timestamp", so the lowest bit is always set.
    const seconds = (random(local) | 1) >>> 0;
    const fraction = random(local);
    this.#askedSeconds[local] = seconds;
    this.#askedFraction[local] = fraction;
    const asked = { ...question, transmit: { seconds, fraction } };
    sink.send(local, encodeNtp(asked, sink.buffer(), 0), server.address, server.port);
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
