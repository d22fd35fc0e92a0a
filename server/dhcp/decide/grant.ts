import type { Exchange } from "../exchange/exchange.ts";
import { type BillingDecision, notBilled } from "../exchange/lease-limits.ts";
import { leaseIndexOf, type Place } from "../exchange/place.ts";
import type { Policy } from "../policy/policy.ts";
import { type DropOutcome, drop, refuse } from "./drop.ts";

/** A place that the client may have, and what its reply depends on. */
export interface Grant {
  readonly kind: "granted";
  readonly place: Place;
  readonly policy: Policy;
  readonly billing: BillingDecision;
}

/** May this client be served at this place? Changes nothing in the table. */
export function grant(exchange: Exchange, place: Place): Grant | DropOutcome {
  exchange.turnTo(leaseIndexOf(place));
  const policy = exchange.policyAt(place);
  // A host that only has fixed addresses elsewhere does not apply here, so the client stays unknown.
  if (place.host === undefined && !policy.unknownClients) {
    return refuse(exchange, policy, "unknown-clients", "unknown-client", "unknown client");
  }
  if (!policy.booting) {
    return refuse(exchange, policy, "booting", "booting-denied", "booting disallowed");
  }
  const { limits } = exchange.parts;
  const billing = place.index < 0 ? notBilled : limits.decide(place.index, exchange.members);
  if (billing.kind === "full") {
    const note = `no available billing: lease limit reached in all matching classes (last: '${billing.className}')`;
    return drop(exchange, "no-available-billing", note);
  }
  return { kind: "granted", place, policy, billing };
}
