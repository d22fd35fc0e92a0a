import { z } from "zod";
import type { Report } from "../yaml/problems.ts";

export const pairKinds = ["provlab", "isc", "kea"] as const;
export type PairKind = (typeof pairKinds)[number];

/**
 * The times of a pair. `guide`: those of the guide (HA-28), of another server the example of its manual;
 * `fast`: short ones.
 */
export const pairProfiles = ["guide", "fast"] as const;
export type PairProfile = (typeof pairProfiles)[number];

/** `pair:` of a scenario. */
export const pairSection = z
  .strictObject({
    kind: z
      .enum(pairKinds)
      .default("provlab")
      .describe(
        "Whose pair: our own with its etcd, ISC dhcpd's failover, or Kea's hot standby; the last two need namespaces.",
      ),
    profile: z
      .enum(pairProfiles)
      .default("guide")
      .describe(
        "How soon a pair notices a failure: guide: by the guide's times, or those in the manual of another server; fast: by short ones.",
      ),
    network: z
      .enum(["auto", "loopback", "namespaces"])
      .default("auto")
      .describe(
        "Where the nodes meet: each in a network namespace of its own, which needs root, or all on loopback; auto: namespaces where they can be had.",
      ),
    serviceAddress: z
      .boolean()
      .optional()
      .describe(
        "Whether devices renew at an address that moves with the service, instead of at the node that gave the lease; true for our own pair in namespaces unless told, and nowhere else.",
      ),
  })
  .optional()
  .describe("Two servers instead of one, with what they stand on; relays forward to both.");

/** The two servers that a scenario is run against, instead of one. */
export type PairPlan = NonNullable<z.output<typeof pairSection>>;

/** Reports what a pair cannot be asked for. */
export function pairOf(
  section: PairPlan | undefined,
  boots: boolean,
  report: Report,
): PairPlan | undefined {
  if (section === undefined) return undefined;
  if (section.kind !== "provlab" && section.network === "loopback") {
    const message = `is loopback, but a pair of kind ${section.kind} serves on real interfaces only`;
    report(["pair", "network"], message, "`network: namespaces`, as root");
  }
  if (section.serviceAddress === true && section.kind !== "provlab") {
    const message = `is true, but a pair of kind ${section.kind} has none`;
    report(["pair", "serviceAddress"], message, "leave it out");
  }
  if (section.serviceAddress === true && section.network === "loopback") {
    const message = "is true, but nothing moves on loopback";
    report(["pair", "serviceAddress"], message, "`network: namespaces`, as root");
  }
  if (boots) {
    report(
      ["pair"],
      "serves DHCP alone, and a stream of the scenario boots or downloads",
      "`exchange: discover` instead of boot",
    );
  }
  return section;
}
