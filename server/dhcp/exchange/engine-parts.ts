import type { ServerConfig } from "../../config/model/model.ts";
import type { LeaseTable } from "../../lease/table/lease-table.ts";
import type { PolicyCache } from "../policy/policy-cache.ts";
import type { StatementOutput } from "../policy/statement-output.ts";
import type { WordOptions } from "../policy/word-options.ts";
import type { LeaseEvents } from "./lease-events.ts";
import type { LeaseLimits } from "./lease-limits.ts";
import type { PacketLogging } from "./packet-log.ts";
import type { PendingOffers } from "./pending-offers.ts";
import type { PoolThresholds } from "./pool-thresholds.ts";

/** What every decision may use: the parts that one engine is made of. */
export interface EngineParts {
  readonly config: ServerConfig;
  readonly leases: LeaseTable;
  readonly limits: LeaseLimits;
  readonly policies: PolicyCache;
  readonly events: LeaseEvents;
  /** Takes what statements say and ask for. */
  readonly output: (output: StatementOutput) => void;
  readonly serverHostName: string | undefined;
  readonly thresholds: PoolThresholds;
  readonly pending: PendingOffers;
  readonly words: WordOptions;
  readonly ports: { readonly server: number; readonly client: number };
  readonly packetLogging: PacketLogging;
  readonly recordsEveryAck: boolean;
  readonly resolve: ((name: string) => readonly number[] | undefined) | undefined;
  readonly nameOf: ((address: number) => string | undefined) | undefined;
}
