import type { ServerAcks } from "./history.ts";

/** While one server acknowledged and no other one did to a request that was sent since. */
export interface Stretch {
  readonly server: number;
  readonly firstMs: number;
  readonly acknowledged: number;
}

/** A right to lead from then on; without `server` for whoever acknowledges next. */
export interface Claim {
  readonly atMs: number;
  readonly server?: number;
}

/** Two servers that answer in turns make thousands in a second: enough are kept to see it. */
const STRETCHES_MAX = 4096;

/**
 * Who acknowledged one after the other. An ACK begins a new stretch only if its REQUEST was first sent
 * after an ACK of the present one: what was under way when the other server began proves nothing.
 */
export function stretchesOf(servers: readonly ServerAcks[]): Stretch[] {
  const stretches: { server: number; firstMs: number; acknowledged: number }[] = [];
  const bins = Math.max(0, ...servers.map(({ count }) => count.length));
  // Of the present stretch: when it had acknowledged for certain.
  let provenMs = 0;
  for (let bin = 0; bin < bins; bin += 1) {
    const here = servers
      .filter(({ count }) => bin < count.length && count[bin]! > 0)
      .toSorted((a, b) => a.firstMs[bin]! - b.firstMs[bin]!);
    for (const { server, count, firstMs, lastMs, sentMs } of here) {
      const present = stretches.at(-1);
      if (present?.server === server) {
        present.acknowledged += count[bin]!;
        continue;
      }
      if (present !== undefined && !(sentMs[bin]! > provenMs)) continue;
      // Which ACK of the bin it was is not known: by the last one it was there.
      provenMs = present === undefined ? firstMs[bin]! : lastMs[bin]!;
      const acknowledged = count[bin]!;
      const before = stretches.findLast((stretch) => stretch.server === server);
      if (stretches.length < STRETCHES_MAX || before === undefined) {
        stretches.push({ server, firstMs: firstMs[bin]!, acknowledged });
      } else {
        before.acknowledged += acknowledged;
      }
    }
  }
  return stretches;
}

/**
 * ACKs of stretches that nobody had a right to. A leader goes on until another one has used a claim of
 * its own, the latest one that there was; a claim is used once. A stretch may begin `earlyMs` before its
 * claim, because whoever tells of claims may notice them late: 0 for claims without a server.
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
