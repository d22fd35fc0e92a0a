import { z } from "zod";
import type { DirectionConditions, NetworkDelay, NetworkPlan } from "./network-conditions.ts";
import { atLeastOne, durationUpTo, RATE_MAX } from "./schema-parts.ts";

const QUEUE_MAX = 65_536;
/** A network on which somebody waits longer loses what it carries. */
const WAIT_MS_MAX = 10_000;

const percent = z.number().min(0).max(50);

const wait = durationUpTo(WAIT_MS_MAX, "10 s", ["20 ms"]);

const delay = z.union(
  [
    z.strictObject({ fixed: wait.describe("Always the same.") }),
    z
      .strictObject({ min: wait.describe("The least."), max: wait.describe("The most.") })
      .refine(({ min, max }) => min <= max, {
        message: "has a min above its max",
      }),
    z
      .strictObject({
        mean: wait.describe("The mean."),
        jitter: wait.describe("The standard deviation."),
        distribution: z
          .enum(["normal", "exponential"])
          .default("normal")
          .describe("The distribution around the mean."),
      })
      .refine(({ mean, jitter }) => jitter <= mean, { message: "has more jitter than its mean" }),
  ],
  {
    error:
      "write { fixed: 20 ms }, { min: 10 ms, max: 30 ms } or { mean: 20 ms, jitter: 5 ms, distribution: normal }",
  },
);

const direction = z.strictObject({
  lossPercent: percent.optional().describe("Percentage of datagrams that is lost."),
  duplicatePercent: percent.optional().describe("Percentage of datagrams that arrives twice."),
  reorderPercent: percent.optional().describe("Percentage of datagrams that is held back."),
  reorderBy: wait.optional().describe("For how long those are held back; default 20 ms."),
  delay: delay.optional().describe("How long every datagram takes."),
});

/** `network:` of a scenario and of a phase. */
export const networkSection = direction
  .extend({
    lossPercent: percent
      .default(0)
      .describe("Percentage of datagrams that is lost, each way, drawn from the seed."),
    toServer: direction.optional().describe("Instead of the above, towards the server."),
    toDevices: direction.optional().describe("Instead of the above, towards the devices."),
    cmts: z
      .strictObject({
        packetsPerSecond: z
          .number()
          .positive()
          .max(RATE_MAX)
          .describe("Datagrams a second that each CMTS passes on, each way."),
        queuePackets: atLeastOne(QUEUE_MAX)
          .default(100)
          .describe("Datagrams that wait at a CMTS; what comes on top is lost."),
      })
      .optional()
      .describe("The throttle of each CMTS; left out: none."),
  })
  .describe("What the network does to datagrams.");

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
