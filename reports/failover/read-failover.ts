import { z } from "zod";

const count = z.number().int().nonnegative();
const ms = z.number();
const side = z.enum(["a", "b"]);
const nullableMs = ms.nullable();

/** The shape of a FailoverResult in a result.json, as far as readers rely on it. */
export function failoverShape(distribution: z.ZodType) {
  const interruption = z.looseObject({
    fromMs: ms,
    toMs: nullableMs,
    rtoMs: nullableMs,
    normalGapMs: ms,
    offeredPerSecond: z.number().nonnegative().nullable(),
    offeredMeanwhile: count.nullable(),
    serverBefore: z.string(),
    serverAfter: z.string().nullable(),
  });
  const event = z.looseObject({
    name: z.string(),
    text: z.string(),
    startedAtMs: ms,
    endedAtMs: ms.optional(),
    node: side.optional(),
    outcome: z.string().optional(),
    detectedAfterMs: nullableMs,
    activeAfterMs: nullableMs,
    otherServerAfterMs: nullableMs,
    interruption: interruption.nullable(),
    nodeInterruption: interruption.nullable().optional(),
    devicesAffected: count,
    outageMs: distribution,
    devicesUnserved: count,
    devicesRebinding: count,
    devicesGivenUp: count,
    leasesExpired: count,
    retransmissions: count,
    steadyAfterMs: nullableMs,
    dipPercent: z.number().nullable(),
  });
  return z.looseObject({
    nodes: z.array(z.looseObject({ node: side, server: z.string() })),
    source: z.enum(["executed", "seen"]),
    events: z.array(event),
    roles: z.array(z.looseObject({ atMs: ms, node: side, role: z.string(), epoch: count })),
    acknowledged: z.looseObject({
      binMs: z.number().positive(),
      servers: z.array(z.looseObject({ server: z.string(), counts: z.array(count) })),
    }),
    leaderChanges: count.optional(),
    lost: count,
  });
}
