import { conditionSite } from "./condition.testing.ts";
import type { Site } from "./contender.testing.ts";
import { discoverSite } from "./discover.testing.ts";
import { expressionSite } from "./expression.testing.ts";
import { featureSite } from "./feature.testing.ts";
import { supported } from "./features.testing.ts";
import { giveBackSite } from "./give-back.testing.ts";
import { hostSite } from "./host.testing.ts";
import { informSites } from "./inform.testing.ts";
import { lifetimeSite } from "./lifetime.testing.ts";
import { localSites } from "./local.testing.ts";
import { matchingSite } from "./matching.testing.ts";
import { parameterSite } from "./parameter.testing.ts";
import { poolSite } from "./pool.testing.ts";
import { randomSite } from "./random.testing.ts";
import { requestSites } from "./request.testing.ts";
import { sizeSite } from "./size.testing.ts";

const otherSites: readonly Site[] = [
  ...[discoverSite, sizeSite, ...requestSites, giveBackSite, ...informSites, ...localSites],
  ...[parameterSite, hostSite, poolSite, lifetimeSite, conditionSite, expressionSite, randomSite],
  matchingSite,
];

/** Where the site of the features is in the list. */
export const featuresAt = otherSites.length;

/** Every configuration with scripts that were written by hand. */
export const sites: readonly Site[] = [
  ...otherSites,
  featureSite("features of the language", supported, featuresAt),
];
