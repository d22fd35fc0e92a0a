import { z } from "zod";
import { formatDurationMs } from "../yaml/duration.ts";
import type { Report } from "../yaml/problems.ts";
import { atLeastOne, duration, inMs, RATE_MAX, whole } from "../yaml/schema-parts.ts";

/** A DATA packet of this size fills an Ethernet frame: 1500 less 20 (IP), 8 (UDP) and 4 (TFTP). */
const BLOCK_BYTES_MAX = 1468;
const TRIES_MAX = 255;
const METER_IMAGE_BYTES_MIN = 1024;
const METER_IMAGE_BYTES_MAX = 16 * 2 ** 20;

const tftp = inMs(
  z
    .strictObject({
      blockBytes: whole(8, BLOCK_BYTES_MAX)
        .default(1428)
        .describe("Block size in bytes (RFC 2348)."),
      windowBlocks: atLeastOne(64)
        .default(1)
        .describe("Blocks for one ACK (RFC 7440); 1 asks for no window."),
      timeoutSeconds: atLeastOne(255)
        .optional()
        .describe("What the server is asked to wait, in seconds (RFC 2349); left out: not asked."),
      firstRetry: duration.prefault("1 s").describe("Wait before the device repeats a packet."),
      maxRetry: duration
        .prefault("16 s")
        .describe("Each wait is twice the one before, up to this."),
      triesMax: atLeastOne(TRIES_MAX)
        .default(16)
        .describe("Transmissions of one packet to one server, the first included."),
      roundsMax: atLeastOne(TRIES_MAX)
        .default(3)
        .describe("How often the list of servers is gone through in one boot."),
    })
    .describe("How devices fetch their files."),
  ...(["firstRetry", "maxRetry"] as const),
);

const modemsPerSecond = z.number().positive().max(RATE_MAX).optional();

/** `boot:` of a scenario. */
export const bootSection = z
  .strictObject({
    tftp: tftp.prefault({}),
    cmts: z
      .strictObject({
        rangingPerSecond: modemsPerSecond.describe(
          "Modems a second that each CMTS ranges; left out: never the limit.",
        ),
        registrationPerSecond: modemsPerSecond.describe(
          "Modems a second that each CMTS registers; left out: never the limit.",
        ),
      })
      .prefault({})
      .describe("The pace of the CMTSs."),
    reboot: inMs(
      z.strictObject({
        firstDelay: duration.prefault("5 s").describe("Wait before the second boot."),
        maxDelay: duration
          .prefault("60 s")
          .describe("Each wait is twice the one before, up to this."),
        bootsMax: atLeastOne(TRIES_MAX)
          .default(5)
          .describe("Boots after which the device gives up."),
      }),
      ...(["firstDelay", "maxDelay"] as const),
    )
      .prefault({})
      .describe("What follows a boot that failed."),
    files: z
      .strictObject({
        meterImageBytes: whole(METER_IMAGE_BYTES_MIN, METER_IMAGE_BYTES_MAX)
          .default(65_536)
          .describe("Size in bytes of the image in a smart meter's archive."),
      })
      .prefault({})
      .describe("The files that devices fetch."),
  })
  .describe("How devices come on line once they hold a lease.");

/** How devices come on line once they hold a lease. */
export type BootSection = z.output<typeof bootSection>;

/** Reports waits that would never begin or never grow. */
export function checkBoot(
  { tftp: { firstRetryMs, maxRetryMs }, reboot }: BootSection,
  report: Report,
): void {
  const waits = [
    ["tftp", "firstRetry", firstRetryMs, "maxRetry", maxRetryMs],
    ["reboot", "firstDelay", reboot.firstDelayMs, "maxDelay", reboot.maxDelayMs],
  ] as const;
  for (const [section, first, firstMs, longest, longestMs] of waits) {
    if (firstMs <= 0) {
      report(["boot", section, first], "is no wait: write a duration of 1 ms or more");
    }
    if (longestMs < firstMs) {
      const message = `is shorter than ${first}, which is ${formatDurationMs(firstMs)}`;
      report(["boot", section, longest], message);
    }
  }
}
