import { expect, test } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { campaign, findingText, usualPairs } from "./differential/generated/campaign.testing.ts";
import { missingFaketime } from "./differential/generated/frozen-dhcpd.testing.ts";
import { onPurpose } from "./differential/on-purpose.testing.ts";
import { missingPeers } from "./namespaces.testing.ts";

/** `npm run differential` asks for more pairs, PROVLAB_SEED for others. */
const pairs = Number(process.env["PROVLAB_DIFFERENTIAL_PAIRS"] ?? usualPairs);
const firstSeed = Number(process.env["PROVLAB_SEED"] ?? 1);
const campaignMsMax = 60_000 + pairs * 500;

const missing = missingPeers(["dhcpd"]) ?? missingFaketime;

describeUnless(missing, "generated configurations and packets", () => {
  test(
    `${pairs} pairs from seed ${firstSeed}: no difference without a reason`,
    async () => {
      const seeds = Array.from({ length: pairs }, (_, at) => firstSeed + at);
      const { findings, replies, explained, ...result } = await campaign(seeds);
      expect(findings.map(findingText).join("\n\n")).toBe("");
      expect(result.pairs).toBe(pairs);
      expect(Object.keys(explained).filter((name) => onPurpose[name] === undefined)).toEqual([]);
      // A campaign whose packets nobody answers would prove nothing.
      expect(replies).toBeGreaterThan(2 * pairs);
      const met = Object.entries(explained).map(([name, times]) => `\n  ${times} times: ${name}`);
      process.stdout.write(`${pairs} pairs, ${replies} replies compared${met.join("")}\n`);
    },
    campaignMsMax,
  );
});
