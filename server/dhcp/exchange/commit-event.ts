import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import { Variables } from "../../config/language/variables.ts";
import { runEvent } from "../../config/model/evaluate.ts";
import { VENDOR_CLASS_VARIABLE } from "../../lease/lease.ts";
import type { Policy } from "../policy/policy.ts";
import type { Exchange } from "./exchange.ts";

/**
 * Runs `on commit` before a lease is stored and its reply is made. `leaseSeconds` is the length of the
 * new lease. Returns the policy for the reply: statements may have set options, and values that follow
 * from variables or from the lease's end may have changed.
 */
export function commitEvent(exchange: Exchange, policy: Policy, leaseSeconds: number): Policy {
  const isEvent = policy.settings.event("commit").length > 0;
  exchange.leaseSeconds = leaseSeconds;
  if (isEvent || exchange.areVariablesUsed) rememberVendorClass(exchange);
  if (!isEvent) return settled(exchange, policy);
  const { variables } = exchange;
  const settings = policy.constant ? policy.settings.copyFor(variables) : policy.settings;
  const before = settings.revision + variables.changes;
  exchange.say(runEvent(settings, "commit", exchange));
  if (settings.revision + variables.changes === before) return settled(exchange, policy);
  settings.refresh(exchange);
  return exchange.parts.policies.again(policy, settings);
}

/** The policy of a reply in which the lease has `exchange.leaseSeconds` left. */
export function settled(exchange: Exchange, policy: Policy): Policy {
  if (policy.constant || !exchange.isLeaseTimeUsed) return policy;
  policy.settings.refresh(exchange);
  return exchange.parts.policies.again(policy, policy.settings);
}

/** As dhcpd does before the event. */
function rememberVendorClass(exchange: Exchange): void {
  const { packet, variables } = exchange;
  const vendorClass = packet.options.get(OptionCode.vendorClassIdentifier);
  if (vendorClass === undefined || vendorClass.length === 0) return;
  // A copy: a view of the packet does not outlive it.
  const value = (): Uint8Array => vendorClass.slice();
  if (variables.isUsed) variables.set(VENDOR_CLASS_VARIABLE, value());
  else {
    // Most events read no variable, so the lease's are not loaded unless one does.
    exchange.variables = new Variables(undefined, () => [
      ...variables.entries(),
      [VENDOR_CLASS_VARIABLE, value()],
    ]);
  }
}
