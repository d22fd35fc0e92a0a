import type { Population } from "../../scenarios/population.ts";
import type { BenchNetwork } from "../network.ts";
import type { Contender } from "./contender.ts";

/** A DHCP server that takes part. */
export interface DhcpContender extends Contender<DhcpSetting> {
  /** What is on disk when an ACK leaves. */
  readonly durability: string;
  /** DORA a second that the first search begins with: a guess that only costs time when wrong. */
  readonly firstRate: number;
  /** It needs a network interface with a broadcast address, and port 67. */
  readonly needsInterface: boolean;
  /** Another setting of a server that takes part anyway: not in a quick run, else in one round. */
  readonly isVariant: boolean;
}

export interface DhcpSetting {
  /** Absolute, existing, this contender's own, and on the disk that is measured. */
  readonly folder: string;
  readonly network: BenchNetwork;
  readonly population: Population;
  readonly leaseSeconds: number;
}
