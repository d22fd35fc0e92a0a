import type { Logger } from "../../base/log.ts";
import type { TracedPacket } from "../trace/trace-format.ts";
import { brokenBy } from "./broken-by.ts";
import { UndecidedPackets } from "./undecided-packets.ts";

/** More different packets than this in a minute are not one bad device any more. */
export const FEW_A_MINUTE = 5;
const minuteMs = 60_000;
/** The time between two lines for the log at least. */
const reportMsMin = 10_000;

/** Keeps a packet in a file. */
export interface PacketKeeper {
  readonly path: string;
  keep(packet: TracedPacket, nowSeconds: number, nowMs: number): void;
}

/**
 * The packets that the engine broke on. Each is kept for debugging, logged, and dropped
 * undecided when it comes again: a device repeats what was not answered, and each exception costs as much as some
 * answers.
 */
export class Quarantine {
  readonly #packets = new UndecidedPackets();
  readonly #keeper: PacketKeeper | undefined;
  readonly #logger: Pick<Logger, "error">;
  /** When the latest ones came, oldest first. */
  readonly #latestMs: number[] = [];
  #toldAtMs = Number.NEGATIVE_INFINITY;
  #untold = 0;
  #untoldAgain = 0;
  #lastError: unknown;
  #areManyTold = false;

  /** Without a `keeper` the packets are in no file. */
  constructor(keeper: PacketKeeper | undefined, logger: Pick<Logger, "error">) {
    this.#keeper = keeper;
    this.#logger = logger;
  }

  /** Whether this is a packet of the last ten minutes that could not be decided. */
  holds(bytes: Uint8Array, nowMs: number): boolean {
    if (!this.#packets.has(bytes, nowMs)) return false;
    this.#untoldAgain += 1;
    return true;
  }

  /** The engine broke on this packet; on `undefined`: on what no packet asked for. */
  take(packet: TracedPacket | undefined, error: unknown, nowSeconds: number, nowMs: number): void {
    if (packet !== undefined) {
      this.#packets.add(packet.bytes, nowMs);
      this.#keeper?.keep(packet, nowSeconds, nowMs);
    }
    if (this.#latestMs.length > FEW_A_MINUTE) this.#latestMs.shift();
    this.#latestMs.push(nowMs);
    this.#untold += 1;
    this.#lastError = error;
    this.tell(nowMs);
  }

  /** More than a few of the last minute could not be decided. */
  areMany(nowMs: number): boolean {
    return this.#latestMs.length > FEW_A_MINUTE && nowMs - this.#latestMs[0] < minuteMs;
  }

  /** To be called once a second: logs what has come since the last line. */
  tell(nowMs: number): void {
    const areMany = this.areMany(nowMs);
    if (areMany && !this.#areManyTold) {
      this.#logger.error(`More than ${FEW_A_MINUTE} packets in a minute could not be decided.`);
    }
    this.#areManyTold = areMany;
    if (this.#untold + this.#untoldAgain === 0 || nowMs - this.#toldAtMs < reportMsMin) return;
    this.#toldAtMs = nowMs;
    this.#logger.error(this.#news());
    this.#untold = 0;
    this.#untoldAgain = 0;
  }

  #news(): string {
    const again = `${packets(this.#untoldAgain)} dropped undecided, like those in quarantine`;
    if (this.#untold === 0) return `${again}.`;
    const kept = this.#keeper === undefined ? "" : ` Kept in ${this.#keeper.path}.`;
    const also = this.#untoldAgain === 0 ? "" : ` ${again}.`;
    return (
      `${packets(this.#untold)} dropped that cannot be decided, which is a bug: ` +
      `${brokenBy(this.#lastError)}.${kept}${also} Service goes on.`
    );
  }
}

function packets(count: number): string {
  return count === 1 ? "1 packet was" : `${count} packets were`;
}
