import { z } from "zod";
import { atLeastOne, durationUpTo, inMs, RATE_MAX } from "../yaml/schema-parts.ts";

const QUEUE_MAX = 65_536;
/** A network that holds a datagram longer than this loses it. */
const WAIT_MS_MAX = 10_000;

const percent = z.number().min(0).max(50);

const wait = durationUpTo(WAIT_MS_MAX, "10 s", ["20 ms"]);

const delay = inMs(
  z.union(
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
  ),
  ...(["fixed", "min", "max", "mean", "jitter"] as const),
);

const directionShape = {
  lossPercent: percent.optional().describe("Percentage of datagrams that is lost."),
  duplicatePercent: percent.optional().describe("Percentage of datagrams that arrives twice."),
  reorderPercent: percent.optional().describe("Percentage of datagrams that is held back."),
  reorderBy: wait.optional().describe("For how long those are held back; default 20 ms."),
  delay: delay.optional().describe("How long every datagram takes."),
};

const direction = inMs(z.strictObject(directionShape), "reorderBy");

/** `network:` of a scenario and of a phase. Values of one direction replace those of both. */
export const networkSection = inMs(
  z
    .strictObject({
      ...directionShape,
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
    .describe("What the network does to datagrams."),
  "reorderBy",
);

/** What happens to datagrams between the devices and their servers, whatever the protocol. */
export type NetworkPlan = z.output<typeof networkSection>;

/**
 * How long a datagram is on its way. Normal and exponential delays have a mean and a standard deviation
 * of `jitterMs`: a bell that is cut at 0, or a shortest way of mean less jitter with a long tail.
 */
export type NetworkDelay = z.output<typeof delay>;

/** What one CMTS forwards in each direction. It drops a datagram that finds the queue full. */
export type CmtsThrottlePlan = NonNullable<NetworkPlan["cmts"]>;
