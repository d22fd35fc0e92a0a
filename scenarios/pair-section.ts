import { z } from "zod";
import type { Report } from "./scenario.ts";

export const pairKinds = ["provlab", "isc", "kea"] as const;
export type PairKind = (typeof pairKinds)[number];

/**
 * The times of a pair. `guide`: those of the guide (HA-28), of another server the example of its manual;
 * `fast`: short ones.
 */
export const pairProfiles = ["guide", "fast"] as const;
export type PairProfile = (typeof pairProfiles)[number];

/** The two servers that a scenario is run against, instead of one. */
export interface PairPlan {
  readonly kind: PairKind;
  readonly profile: PairProfile;
  /** `auto`: namespaces where they can be had. */
  readonly network: "auto" | "loopback" | "namespaces";
}

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
  })
  .optional()
  .describe("Two servers instead of one, with what they stand on; relays forward to both.");

/** Tells what a pair cannot be asked for. */
export function pairOf(
  section: z.infer<typeof pairSection>,
  boots: boolean,
  report: Report,
): PairPlan | undefined {
  if (section === undefined) return undefined;
  if (section.kind !== "provlab" && section.network === "loopback") {
    const message = `is loopback, but a pair of kind ${section.kind} serves on real interfaces only`;
    report(["pair", "network"], message, "`network: namespaces`, as root");
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
