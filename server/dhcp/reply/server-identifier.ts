import { RelayAgentCode } from "../../../protocol/dhcp/relay-agent.ts";
import { findSubOption } from "../../../protocol/dhcp/sub-options.ts";
import { readIpv4 } from "../../../protocol/ipv4.ts";
import type { Exchange } from "../exchange/exchange.ts";
import type { Policy } from "../policy/policy.ts";

/**
 * Option 54: the address that the relay asks for (RFC 5107: it then sees renewals too), else
 * `server-identifier`, else the address that the server is bound to, else the first address of the
 * receiving interface, else the address that was asked.
 */
export function serverIdentifierOf(exchange: Exchange, policy: Policy): number {
  const relayAgent = exchange.receivedRelayAgent;
  if (relayAgent !== undefined) {
    const override = findSubOption(relayAgent, RelayAgentCode.serverIdentifierOverride);
    if (override !== undefined && override.length === 4) return readIpv4(override, 0);
  }
  const { receivedOn, arrival, parts } = exchange;
  return (
    policy.serverIdentifier ??
    // 0.0.0.0 binds to every address and names none.
    (parts.config.process.localAddress || undefined) ??
    receivedOn?.addresses[0]?.address ??
    arrival.destinationAddress
  );
}
