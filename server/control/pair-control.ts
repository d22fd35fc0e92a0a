import {
  type ControlLine,
  type ControlOrder,
  type ControlRequest,
  isLastLine,
} from "../ha/control-messages.ts";
import type { PairStatus } from "../ha/pair-status.ts";
import { type ControlSource, NoAnswerError } from "./control-server.ts";

/** Sends a request to the deciding thread; returns a function that stops listening to its lines. */
export type AskPair = (request: ControlRequest, onLine: (line: ControlLine) => void) => () => void;

const limitsDefault = {
  /** Time limit of the status, which comes at once. */
  statusMsMax: 2000,
  /** Time limit from one line of an order to the next: the thread tells how far it is every two seconds. */
  lineMsMax: 65_000,
};

/**
 * Answers the control socket from the thread that decides who serves, and reports when that is silent.
 */
export class PairControl implements ControlSource {
  readonly #ask: AskPair;
  readonly #limits: typeof limitsDefault;

  constructor(ask: AskPair, limits = limitsDefault) {
    this.#ask = ask;
    this.#limits = limits;
  }

  async status(): Promise<PairStatus> {
    let status: PairStatus | undefined;
    await this.#hear("status", this.#limits.statusMsMax, (line) => {
      if (line.kind === "status") status = line.status;
    });
    if (status === undefined) throw new NoAnswerError("the thread of the pair told no status");
    return status;
  }

  async carryOut(order: ControlOrder, tell: (line: ControlLine) => void): Promise<void> {
    // A thread that hangs gets no order: it might carry it out when nobody expects it any more.
    await this.status();
    await this.#hear(order, this.#limits.lineMsMax, tell);
  }

  #hear(request: ControlRequest, msMax: number, tell: (line: ControlLine) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout;
      const wait = (): void => {
        timer = setTimeout(() => {
          endListening();
          const seconds = msMax / 1000;
          reject(
            new NoAnswerError(
              `the thread of the pair has not answered for ${seconds} s: it hangs; see the log, and restart the server`,
            ),
          );
        }, msMax);
      };
      wait();
      const endListening = this.#ask(request, (line) => {
        clearTimeout(timer);
        tell(line);
        if (!isLastLine(line)) return wait();
        endListening();
        resolve();
      });
    });
  }
}
