import type { DhcpPacket } from "../../../protocol/dhcp/packet.ts";
import type { Variables } from "./variables.ts";

/** What an expression may look at while one packet is decided. */
export interface EvaluationContext {
  /** Undefined when a lease expires: what looks at the packet is null then. */
  readonly packet: DhcpPacket | undefined;
  /** The client has a host declaration, in any scope. */
  readonly known: boolean;
  /** The whole datagram, for `packet (offset, length)`; without it that expression is null. */
  readonly raw?: Uint8Array | undefined;
  /** Option 82 to use when the packet has none: that of the lease (`stash-agent-options`). */
  readonly relayAgent?: Uint8Array | undefined;
  /** `leased-address`; 0.0.0.0 cannot be leased, so undefined means none. */
  readonly leaseAddress?: number | undefined;
  /** `lease-time`: seconds until the lease ends. */
  readonly leaseSeconds?: number | undefined;
  /** `static`: the address comes from a host's fixed-address. */
  readonly isStatic?: boolean | undefined;
  /** `host-decl-name`. */
  readonly hostName?: string | undefined;
  /** `check "default"`: the packet belongs to some class. */
  readonly isClassified?: boolean | undefined;
  /** `gethostname ()`: the name of the machine that the server runs on. */
  readonly serverHostName?: string | undefined;
  /** The variables of the lease, which statements read and change; without them, new ones. */
  readonly variables?: Variables | undefined;
  /**
   * What values of options see in place of those: dhcpd works them out with the variables of the top
   * level, once the lease has been dealt with. Without them, `variables`.
   */
  readonly optionVariables?: Variables | undefined;
  /** Addresses of a host name, from a cache: must not block. Unknown names: undefined. */
  readonly resolve?: ((name: string) => readonly number[] | undefined) | undefined;
}
