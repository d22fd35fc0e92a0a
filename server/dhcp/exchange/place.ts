import type { Host } from "../../config/model/model.ts";
import type { EngineParts } from "./engine-parts.ts";

/** An address that a client may get. */
export interface Place {
  readonly kind: "place";
  readonly address: number;
  /** In the lease table; -1 for a fixed address outside all ranges, which has no lease. */
  readonly index: number;
  /** The host declaration that the client gets its settings from. */
  readonly host: Host | undefined;
  /** The address is a `fixed-address` of the host. */
  readonly isStatic: boolean;
}

/** The lease that statements see there: dhcpd keeps none for a fixed address. */
export function leaseIndexOf({ index, isStatic }: Place): number {
  return isStatic ? -1 : index;
}

export function placeOfHost({ leases }: EngineParts, host: Host, address: number): Place {
  return { kind: "place", address, index: leases.indexOf(address), host, isStatic: true };
}
