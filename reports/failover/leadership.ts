import type { ServerAcks } from "./history.ts";

/** A time in which one server answered all new requests. */
export interface Stretch {
  readonly server: number;
  readonly firstMs: number;
  readonly acknowledged: number;
}

/** The right to lead from then on. Without `server` it belongs to the next server that acknowledges. */
export interface Claim {
  readonly atMs: number;
  readonly server?: number;
}

/** Two servers that answer in turns make thousands of stretches a second. This many prove it. */
const STRETCHES_MAX = 4096;

/**
 * The stretches of the servers in order. An ACK begins a new stretch only if its REQUEST was first sent
 * after an ACK of the present stretch. An older REQUEST may have been answered before the change.
 */
export function stretchesOf(servers: readonly ServerAcks[]): Stretch[] {
  const stretches: { server: number; firstMs: number; acknowledged: number }[] = [];
  const bins = Math.max(0, ...servers.map(({ count }) => count.length));
  // By this time the present stretch had certainly begun.
  let provenMs = 0;
  for (let bin = 0; bin < bins; bin += 1) {
    const here = servers
      .filter(({ count }) => bin < count.length && count[bin] > 0)
      .toSorted((a, b) => a.firstMs[bin] - b.firstMs[bin]);
    for (const { server, count, firstMs, lastMs, sentMs } of here) {
      const present = stretches.at(-1);
      if (present?.server === server) {
        present.acknowledged += count[bin];
        continue;
      }
      if (present !== undefined && !(sentMs[bin] > provenMs)) continue;
      // One of the bin's ACKs began the stretch, at the latest its last one.
      provenMs = present === undefined ? firstMs[bin] : lastMs[bin];
      const acknowledged = count[bin];
      const before = stretches.findLast((stretch) => stretch.server === server);
      if (stretches.length < STRETCHES_MAX || before === undefined) {
        stretches.push({ server, firstMs: firstMs[bin], acknowledged });
      } else {
        before.acknowledged += acknowledged;
      }
    }
  }
  return stretches;
}

/**
 * ACKs of stretches without a claim. A leader goes on until another server uses its own latest claim,
 * and each claim is used once. A stretch may begin `earlyMs` before its claim, because claims may be
 * noticed late: 0 for claims without a server.
 */
export function acknowledgedWithoutLeadership(
  stretches: readonly Stretch[],
  claims: readonly Claim[],
  earlyMs: number,
): number {
  let unused = 0;
  let leader: number | undefined;
  let count = 0;
  for (const { server, firstMs, acknowledged } of stretches) {
    if (server === leader) continue;
    const own = claims.findLastIndex(
      (claim, index) =>
        index >= unused &&
        (claim.server === undefined || claim.server === server) &&
        claim.atMs <= firstMs + earlyMs,
    );
    if (own < 0) {
      count += acknowledged;
    } else {
      leader = server;
      unused = own + 1;
    }
  }
  return count;
}
