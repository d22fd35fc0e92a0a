import { type Logger, nullLogger } from "../../base/log.ts";
import { DecodeError } from "../../protocol/decode-error.ts";
import { decodePacket } from "../../protocol/dhcp/packet.ts";
import type { ServerConfig } from "../config/model/model.ts";
import { DhcpEngine } from "../dhcp/decide/engine.ts";
import type { Outcome, Reply } from "../dhcp/exchange/outcome.ts";
import type { LeaseTable } from "../lease/table/lease-table.ts";
import { ReplyMaker } from "./made-replies.ts";
import { packetSummary, replyDifferences, replySummary } from "./reply-text.ts";
import {
  type TracedDecision,
  type TracedPacket,
  type TracedReply,
  TraceFormatError,
  type TraceRecord,
  type TraceSetup,
} from "./trace-format.ts";

export interface ReplayOptions {
  readonly config: ServerConfig;
  /** Contains the leases from the start of the recording. */
  readonly leases: LeaseTable;
  readonly setup: TraceSetup;
  readonly onDifference: (difference: ReplayDifference) => void;
  readonly logger?: Logger;
}

/** A packet that is answered differently from the recording. */
export interface ReplayDifference {
  /** From 1, in the order of arrival. */
  readonly packet: number;
  /** Milliseconds since the Unix epoch. */
  readonly arrivedAtMs: number;
  /** Describes the packet: message, client, relay. */
  readonly summary: string;
  /** One line for each difference. */
  readonly lines: readonly string[];
}

/** A packet of this turn, or one whose OFFER waited for a probe. */
interface Case {
  readonly number: number;
  readonly packet: TracedPacket;
  decision?: TracedDecision;
  /** Why the replay has no reply, if known. */
  silence: string;
  /** A reply that the replay made. It waits for the recorded reply to the same packet. */
  made?: { readonly reply: TracedReply; readonly outcome: Reply } | undefined;
  /** The ticket of the probe that the replayed engine asked for. */
  ticket?: number;
}

const secondMs = 1000;
/** More than any socket delivers at once. It bounds a turn, whatever the trace contains. */
const turnPacketsMax = 65_536;

/**
 * Plays the records of a trace to an engine, at the recorded times, and compares its decisions with the
 * recorded replies. It needs the engine's memory and one turn's packets.
 */
export class Replay {
  readonly #options: ReplayOptions;
  readonly #engine: DhcpEngine;
  readonly #maker: ReplyMaker;
  readonly #hostNames = new Map<string, readonly number[] | undefined>();
  readonly #addressNames = new Map<number, string | undefined>();
  /** The packets of this turn, by number. */
  readonly #turn = new Map<number, Case>();
  /** Packets whose OFFER waited for a probe in the recording; no more than there are probes at once. */
  readonly #probed = new Map<number, Case>();
  #isCommitFailed = false;
  #packets = 0;
  /** Replies that were recorded. */
  #replies = 0;
  /** Packets with a difference. */
  #differences = 0;

  constructor(options: ReplayOptions) {
    const { config, leases, setup, logger = nullLogger } = options;
    this.#options = options;
    this.#maker = new ReplyMaker(setup, logger);
    this.#engine = new DhcpEngine({
      config,
      leases,
      ports: setup.ports,
      interfaces: setup.interfaces,
      tftpServers: setup.tftpServers,
      packetLogging: "none",
      resolve: (name) => this.#hostNames.get(name),
      nameOf: (address) => this.#addressNames.get(address),
      serverHostName: setup.serverHostName,
    });
  }

  get summary() {
    return { packets: this.#packets, replies: this.#replies, differences: this.#differences };
  }

  /**
   * Plays the next record after the setup. Throws TraceFormatError when it does not fit the earlier ones.
   */
  play(record: TraceRecord): void {
    switch (record.kind) {
      case "turn":
        this.#endTurn();
        break;
      case "packet":
        this.#packets += 1;
        if (this.#turn.size >= turnPacketsMax) {
          throw new TraceFormatError(`a turn of more than ${turnPacketsMax} packets`);
        }
        this.#turn.set(this.#packets, {
          number: this.#packets,
          packet: record.packet,
          silence: "",
        });
        break;
      case "decision":
        if (record.call === "respond") this.#respond(record);
        else this.#endProbe(record);
        break;
      case "expiry":
        this.#engine.expire(record.nowSeconds);
        break;
      case "commit":
        if (record.code !== "") this.#isCommitFailed = true;
        break;
      case "reply":
        this.#replies += 1;
        this.#compare(record.packet, record.reply);
        break;
      case "host-name":
        this.#hostNames.set(record.name, record.addresses);
        break;
      case "address-name":
        this.#addressNames.set(record.address, record.name);
        break;
      case "end":
        if (record.reason === "stopped") this.#endTurn();
        break;
      default:
        throw new TraceFormatError(`a ${record.kind} record after the start`);
    }
  }

  /**
   * Call it after the last record. `isWhole` is false when the recording was cut off or the server broke;
   * then the packets without a decision are played as well, because one of them may be the cause.
   */
  finish(isWhole: boolean): void {
    if (!isWhole) this.#playUndecided();
    this.#endTurn();
    this.#probed.clear();
  }

  #respond(decision: TracedDecision): void {
    const played = this.#turn.get(decision.packet);
    if (played === undefined) {
      throw new TraceFormatError(`a decision about packet ${decision.packet}, which is not there`);
    }
    played.decision = decision;
    const { nowSeconds, nowMs, interfaceIndex } = decision;
    const outcome = this.#ask(played, interfaceIndex, nowSeconds, nowMs);
    if (outcome === undefined) return;
    if (outcome.kind !== "ping") {
      this.#keep(played, outcome);
    } else if (decision.verdict === "ping") {
      played.ticket = outcome.ticket;
    } else {
      // The recorded server did not probe, so there is no answer to the probe.
      this.#keep(played, this.#engine.pingTimedOut(outcome.ticket, nowSeconds));
    }
    if (decision.verdict !== "ping") return;
    this.#turn.delete(played.number);
    // Copy the bytes: a packet kept over turns must not keep the whole read buffer.
    const packet = { ...played.packet, bytes: played.packet.bytes.slice() };
    this.#probed.set(played.number, { ...played, packet });
  }

  #endProbe(decision: TracedDecision): void {
    const { packet, call, nowSeconds } = decision;
    const played = this.#probed.get(packet);
    if (played === undefined) return;
    this.#probed.delete(packet);
    this.#turn.set(packet, played);
    played.decision = decision;
    const { ticket } = played;
    if (ticket === undefined) return;
    if (call === "ping-timed-out") {
      this.#keep(played, this.#engine.pingTimedOut(ticket, nowSeconds));
    } else {
      this.#engine.pingAnswered(ticket, nowSeconds);
      played.silence = "its address answers pings";
    }
  }

  /** Undefined when the packet is not a DHCP message, or when the engine broke. */
  #ask(
    played: Case,
    interfaceIndex: number,
    nowSeconds: number,
    nowMs: number,
  ): Outcome | undefined {
    const { bytes, sourceAddress, sourcePort, destinationAddress } = played.packet;
    try {
      const packet = decodePacket(bytes);
      const from = { sourceAddress, sourcePort, destinationAddress, interfaceIndex };
      return this.#engine.respond({ packet, ...from, raw: bytes }, nowSeconds, nowMs);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (error instanceof DecodeError) {
        played.silence = `no DHCP message: ${error.code}`;
        return undefined;
      }
      this.#engine.giveUp();
      played.silence = "the server breaks on it";
      this.#tell(played, [`the server breaks on this packet: ${error.stack ?? error.message}`]);
      return undefined;
    }
  }

  #keep(played: Case, outcome: Outcome): void {
    if (outcome.kind === "reply") {
      const asked = played.ticket === undefined ? played.packet.destinationAddress : 0;
      const reply = this.#maker.make(outcome, asked);
      if (reply === undefined) played.silence = "its reply does not fit into a datagram";
      else played.made = { reply, outcome };
    } else if (outcome.kind === "drop") played.silence = outcome.reason;
    else played.silence = "it needs no answer";
  }

  #compare(number: number, recorded: TracedReply): void {
    const played = this.#turn.get(number);
    if (played === undefined) return;
    const { made, silence } = played;
    if (made === undefined) {
      this.#tell(played, [`reply: recorded ${replySummary(recorded)}, now none (${silence})`]);
      return;
    }
    played.made = undefined;
    const lines = replyDifferences(recorded, made.reply);
    if (lines.length > 0) this.#tell(played, lines);
    this.#promise(made.outcome);
  }

  /** Replies without a recorded counterpart by now were not sent in the recording. */
  #endTurn(): void {
    for (const played of this.#turn.values()) {
      const { made, decision } = played;
      if (made === undefined) continue;
      if (this.#isCommitFailed && made.outcome.durable) continue;
      this.#promise(made.outcome);
      // The recorded server decided to reply, and something outside the engine prevented it.
      if (decision === undefined || decision.verdict === "reply") continue;
      const why = decision.reason === "" ? "it needed no answer" : decision.reason;
      this.#tell(played, [`reply: recorded none (${why}), now ${replySummary(made.reply)}`]);
    }
    this.#turn.clear();
    this.#isCommitFailed = false;
  }

  #promise({ durable, leaseIndex }: Reply): void {
    if (durable && leaseIndex >= 0) this.#options.leases.markDurable(leaseIndex);
  }

  #playUndecided(): void {
    const { setup } = this.#options;
    const served = new Set(setup.interfaces.map(({ index }) => index));
    const unnamed = setup.interfaces.length === 1 ? setup.interfaces[0].index : 0;
    for (const played of this.#turn.values()) {
      if (played.decision !== undefined) continue;
      const { interfaceIndex, arrivedMs } = played.packet;
      const isNamed = !setup.anyInterface && interfaceIndex !== 0;
      if (isNamed && !served.has(interfaceIndex)) continue;
      const seconds = Math.floor(this.#wallMs(arrivedMs) / secondMs);
      this.#ask(played, isNamed ? interfaceIndex : unnamed, seconds, arrivedMs);
    }
  }

  #wallMs(monotonicMs: number): number {
    const { setup } = this.#options;
    return setup.wallMs + monotonicMs - setup.monotonicMs;
  }

  #tell({ number, packet }: Case, lines: readonly string[]): void {
    this.#differences += 1;
    this.#options.onDifference({
      packet: number,
      arrivedAtMs: this.#wallMs(packet.arrivedMs),
      summary: packetSummary(packet.bytes),
      lines,
    });
  }
}
