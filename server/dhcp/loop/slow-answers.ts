import { formatMac } from "../../../protocol/mac.ts";

/** Enough to hold the answers of a run's twenty slowest transactions, whose order is not quite this one. */
const ANSWERS_MAX = 256;

/** Parts of one answer's time, or means over several. */
export interface AnswerParts {
  /** From the kernel's receipt of the request to the turn that took it. */
  readonly queueMs: number;
  /** To the end of the decisions of its turn. */
  readonly decideMs: number;
  /** To its lease's being durable; 0 for an answer that waits for no commit. */
  readonly commitMs: number;
  /** The part of `commitMs` in which a commit was under way. */
  readonly syncMs: number;
  /** To the end of the system call that sent it. */
  readonly sendMs: number;
  /** The part of all the above in which the loop stood still (LoopWatch). */
  readonly pausedMs: number;
}

/** One of the server's slowest answers; times are Clock.monotonicMs. */
export interface SlowAnswerReport extends AnswerParts {
  readonly mac: string;
  /** DHCP message type of the answer (option 53), 0 for BOOTP. */
  readonly messageType: number;
  /** When the kernel received the request. */
  readonly arrivedAtMs: number;
}

/** The answers that took longest in all, in no order. */
export class SlowAnswers {
  #answers: SlowAnswerReport[] = [];
  readonly #totals = new Float64Array(ANSWERS_MAX);
  #least = 0;

  /** Answers that took no longer are not kept. */
  get leastMs(): number {
    return this.#answers.length < ANSWERS_MAX ? 0 : this.#totals[this.#least];
  }

  /** Only for one that took longer than `leastMs`. */
  add(
    totalMs: number,
    { mac, ...rest }: Omit<SlowAnswerReport, "mac"> & { mac: Uint8Array },
  ): void {
    const isFull = this.#answers.length === ANSWERS_MAX;
    const place = isFull ? this.#least : this.#answers.length;
    this.#answers[place] = { ...rest, mac: formatMac(mac) };
    this.#totals[place] = totalMs;
    if (this.#answers.length < ANSWERS_MAX) return;
    for (let index = 0; index < ANSWERS_MAX; index += 1) {
      if (this.#totals[index] < this.#totals[this.#least]) this.#least = index;
    }
  }

  /** Those since the last call. */
  take(): readonly SlowAnswerReport[] {
    const taken = this.#answers;
    this.#answers = [];
    this.#least = 0;
    return taken;
  }
}
