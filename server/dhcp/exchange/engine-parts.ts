import type { ServerConfig } from "../../config/model/model.ts";
import type { LeaseTable } from "../../lease/table/lease-table.ts";
import type { TftpPair } from "../policy/crossed-tftp.ts";
import type { PolicyCache } from "../policy/policy-cache.ts";
import type { StatementOutput } from "../policy/statement-output.ts";
import type { WordOptions } from "../policy/word-options.ts";
import type { LeaseEvents } from "./lease-events.ts";
import type { LeaseLimits } from "./lease-limits.ts";
import type { LocalInterface } from "./outcome.ts";
import type { PacketLogging } from "./packet-log.ts";
import type { PendingOffers } from "./pending-offers.ts";
import type { PoolThresholds } from "./pool-thresholds.ts";

export interface DhcpEngineOptions {
  readonly config: ServerConfig;
  /** Holds the leases of the store. Only the engine changes it, except for `markDurable`. */
  readonly leases: LeaseTable;
  /** UDP ports of the server and of its clients: 67 and 68, or P and P + 1. */
  readonly ports: { readonly server: number; readonly client: number };
  readonly interfaces: readonly LocalInterface[];
  /** On a node of a pair (TFTP-2): replies name the other node's server first, this node's second. */
  readonly tftpServers?: TftpPair | undefined;
  /** Takes the output of `log` and `execute` statements, while a decision is made. */
  readonly output?: (output: StatementOutput) => void;
  /** `gethostname ()`. */
  readonly serverHostName?: string | undefined;
  /** How outcomes are logged: `text` by default. A line costs about as much as the decision. */
  readonly packetLogging?: PacketLogging;
  /** Addresses of a host name that stands in place of an address. From a cache: never waits. */
  readonly resolve?: ((name: string) => readonly number[] | undefined) | undefined;
  /** The name of an address in DNS (`get-lease-hostnames`). From a cache: never waits. */
  readonly nameOf?: ((address: number) => string | undefined) | undefined;
  /**
   * Every acknowledgement gets its own record, whatever `dhcp-cache-threshold` says: the store of a
   * pair commits only for the leader, and that commit decides who may acknowledge.
   */
  readonly recordsEveryAck?: boolean;
}

/** What every decision may use: the options, with defaults filled in, and the parts of one engine. */
export interface EngineParts extends DhcpEngineOptions {
  readonly output: (output: StatementOutput) => void;
  readonly packetLogging: PacketLogging;
  readonly limits: LeaseLimits;
  readonly policies: PolicyCache;
  readonly events: LeaseEvents;
  readonly thresholds: PoolThresholds;
  readonly pending: PendingOffers;
  readonly words: WordOptions;
}
