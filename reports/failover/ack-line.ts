import { BIN_MS, type ServerAcks, type Window } from "./history.ts";

/** The time between two successive ACKs, of the same server or of two. */
export interface Gap {
  readonly fromMs: number;
  /** Infinity when no ACK followed. */
  readonly toMs: number;
  readonly serverBefore: number;
  readonly serverAfter: number | undefined;
}

/** The ACKs of all servers on one line of time. */
export class AckLine {
  readonly #servers: readonly ServerAcks[];
  /** The number of bins. */
  readonly bins: number;

  constructor(servers: readonly ServerAcks[]) {
    this.#servers = servers;
    this.bins = Math.max(0, ...servers.map(({ count }) => count.length));
  }

  /** ACKs in [fromMs, toMs), to the bin, of one server or of all. */
  countIn(fromMs: number, toMs: number, server?: number): number {
    const first = Math.max(0, Math.ceil(fromMs / BIN_MS));
    const end = Math.min(this.bins, Math.ceil(toMs / BIN_MS));
    let sum = 0;
    for (const acks of this.#servers) {
      if (server !== undefined && acks.server !== server) continue;
      for (let bin = first; bin < Math.min(end, acks.count.length); bin += 1) {
        sum += acks.count[bin];
      }
    }
    return sum;
  }

  /** Time of the first ACK at `fromMs` or later of a server that `isMeant`, to the bin. */
  firstAfter(fromMs: number, isMeant: (server: number) => boolean): number | undefined {
    const firsts = this.#servers
      .filter(({ server }) => isMeant(server))
      .flatMap(({ count, firstMs, lastMs }) => {
        for (let bin = Math.max(0, Math.floor(fromMs / BIN_MS)); bin < count.length; bin += 1) {
          if (count[bin] === 0 || lastMs[bin] < fromMs) continue;
          return [Math.max(fromMs, firstMs[bin])];
        }
        return [];
      });
    return firsts.length === 0 ? undefined : Math.min(...firsts);
  }

  /** Gaps of BIN_MS or more that begin in [fromMs, toMs), in order; the last one may have no end. */
  gaps(fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY): Gap[] {
    const gaps: Gap[] = [];
    let lastMs = Number.NaN;
    let serverBefore = 0;
    const take = (gapEndMs: number, serverAfter: number | undefined): void => {
      if (!(gapEndMs - lastMs >= BIN_MS) || lastMs < fromMs || lastMs >= toMs) return;
      gaps.push({ fromMs: lastMs, toMs: gapEndMs, serverBefore, serverAfter });
    };
    for (let bin = 0; bin < this.bins; bin += 1) {
      const here = this.#servers.filter(({ count }) => bin < count.length && count[bin] > 0);
      if (here.length === 0) continue;
      const first = here.reduce((a, b) => (b.firstMs[bin] < a.firstMs[bin] ? b : a));
      take(first.firstMs[bin], first.server);
      const last = here.reduce((a, b) => (b.lastMs[bin] > a.lastMs[bin] ? b : a));
      lastMs = last.lastMs[bin];
      serverBefore = last.server;
    }
    take(Number.POSITIVE_INFINITY, undefined);
    return gaps;
  }
}

/** How much of [fromMs, toMs) was under load. */
export function activeMsIn(spans: readonly Window[], fromMs: number, toMs: number): number {
  return spans.reduce(
    (sum, span) => sum + Math.max(0, Math.min(toMs, span.toMs) - Math.max(fromMs, span.fromMs)),
    0,
  );
}
