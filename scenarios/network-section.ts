import { z } from "zod";
import { durationMs } from "./duration-schema.ts";
import type { DirectionConditions, NetworkDelay, NetworkPlan } from "./network-conditions.ts";

const RATE_MAX = 1_000_000;
const QUEUE_MAX = 65_536;
/** A network on which somebody waits longer loses what it carries. */
const WAIT_MS_MAX = 10_000;

const percent = z.number().min(0).max(50);

const wait = durationMs(WAIT_MS_MAX, "20 ms");

const delay = z.union(
  [
    z.strictObject({ fixed: wait }),
    z.strictObject({ min: wait, max: wait }).refine(({ min, max }) => min <= max, {
      message: "has a min above its max",
    }),
    z
      .strictObject({
        mean: wait,
        jitter: wait,
        distribution: z.enum(["normal", "exponential"]).default("normal"),
      })
      .refine(({ mean, jitter }) => jitter <= mean, { message: "has more jitter than its mean" }),
  ],
  {
    error:
      "write { fixed: 20 ms }, { min: 10 ms, max: 30 ms } or { mean: 20 ms, jitter: 5 ms, distribution: normal }",
  },
);

const direction = z.strictObject({
  lossPercent: percent.optional(),
  duplicatePercent: percent.optional(),
  reorderPercent: percent.optional(),
  reorderBy: wait.optional(),
  delay: delay.optional(),
});

/** `network:` of a scenario and of a phase. */
export const networkSection = direction.extend({
  lossPercent: percent.default(0),
  toServer: direction.optional(),
  toDevices: direction.optional(),
  cmts: z
    .strictObject({
      packetsPerSecond: z.number().positive().max(RATE_MAX),
      queuePackets: z.number().int().min(1).max(QUEUE_MAX).default(100),
    })
    .optional(),
});

type DirectionSection = z.infer<typeof direction>;

/** What the section says, and nothing that it does not say. */
export function networkOf(section: z.infer<typeof networkSection>): NetworkPlan {
  const { lossPercent, toServer, toDevices, cmts } = section;
  return {
    ...directionOf(section),
    lossPercent,
    ...(toServer && { toServer: directionOf(toServer) }),
    ...(toDevices && { toDevices: directionOf(toDevices) }),
    ...(cmts && { cmts }),
  };
}

/** Held back so long that a packet sent right after it passes, without looking lost. */
const REORDER_BY_MS = 20;

function directionOf(section: DirectionSection): Partial<DirectionConditions> {
  const { lossPercent, duplicatePercent, reorderPercent, reorderBy } = section;
  return {
    ...(lossPercent !== undefined && { lossPercent }),
    ...(duplicatePercent !== undefined && { duplicatePercent }),
    ...(reorderPercent !== undefined && { reorderPercent, reorderByMs: REORDER_BY_MS }),
    ...(reorderBy !== undefined && { reorderByMs: reorderBy }),
    ...(section.delay && { delay: delayOf(section.delay) }),
  };
}

function delayOf(written: NonNullable<DirectionSection["delay"]>): NetworkDelay {
  if ("fixed" in written) return { kind: "fixed", ms: written.fixed };
  if ("min" in written) return { kind: "uniform", minMs: written.min, maxMs: written.max };
  return { kind: written.distribution, meanMs: written.mean, jitterMs: written.jitter };
}
