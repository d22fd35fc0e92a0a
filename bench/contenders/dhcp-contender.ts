import type { ServerNetwork } from "../../lab/machine/server-network.ts";
import type { Population } from "../../scenarios/population/population.ts";
import type { Launch, ServerContender } from "./contender.ts";

/**
 * What servers are told of the devices. `bare`: a subnet with one range for each relay, for anybody,
 * without classes and hosts. `docsis`: every device is registered by a host and a subclass, with
 * classes, groups, their options and files, and a pool for each class: the guide's headend.
 */
export const workloads = ["bare", "docsis"] as const;
export type Workload = (typeof workloads)[number];

/** A DHCP server that takes part. */
export interface DhcpContender extends ServerContender<DhcpSetting> {
  readonly prepare: (setting: DhcpSetting) => DhcpLaunch;
  readonly durability: string;
  /** DORA a second that the first search begins with: a guess that only costs time when wrong. */
  readonly firstRate: number;
  /** It is more than one program: one processor would be too few. */
  readonly hasAllProcessors?: boolean;
}

export interface DhcpSetting {
  /** Absolute, existing, this contender's own, and on the disk that is measured. */
  readonly folder: string;
  readonly network: ServerNetwork;
  readonly workload: Workload;
  readonly population: Population;
  readonly leaseSeconds: number;
}

export interface DhcpLaunch extends Launch {
  /** Empty when `prepare` returns: a server that is to begin with leases finds them here. */
  readonly leaseFile: string;
  readonly leaseFormat: "isc" | "kea";
  /** It serves once it has said this; unless told, once it holds its port. */
  readonly readyText?: string;
}
