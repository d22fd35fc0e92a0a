/** The time between two lines at least. */
const reportMsMin = 10_000;

/**
 * The lines for the log about overload: when it begins, every ten seconds while it lasts, and when it
 * is over; never more often, even when it comes and goes.
 */
export class OverloadReport {
  #toldAtMs = Number.NEGATIVE_INFINITY;
  #droppedBefore = 0;
  /** The last line said that there is overload. */
  #isTold = false;

  /** To be called once a second. `dropped`: datagrams since the start of the server. */
  lineAt(nowMs: number, isUnderPressure: boolean, dropped: number): string | undefined {
    const isNews = isUnderPressure || this.#isTold;
    if (!isNews || nowMs - this.#toldAtMs < reportMsMin) return undefined;
    const count = dropped - this.#droppedBefore;
    const requests = count === 1 ? "1 request was" : `${count} requests were`;
    const line = isUnderPressure
      ? `Overload: ${this.#isTold ? requests : "requests are"} dropped, those of unknown clients first.`
      : `The overload is over: ${requests} dropped since the last line about it.`;
    this.#toldAtMs = nowMs;
    this.#droppedBefore = dropped;
    this.#isTold = isUnderPressure;
    return line;
  }
}
