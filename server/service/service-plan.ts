import type { LogLevel, LogLine } from "../../base/log.ts";
import type { TftpPair } from "../dhcp/policy/crossed-tftp.ts";
import type { ControlLine, ControlRequest } from "../ha/control-messages.ts";
import type { HaThreadPlan } from "../ha/edge/ha-plan.ts";
import type { Family } from "../metrics/exposition.ts";
import type { MirrorPlan } from "../mirror/mirror-plan.ts";
import type { AdmissionLimits } from "../overload/admission.ts";
import type { PairPlane, PlaneEnd } from "../pair/pair-plane.ts";
import type { DeviceFilesPlan } from "../tftp/edge/device-files.ts";
import type { TftpServerOptions } from "../tftp/edge/tftp-server.ts";

/** One service of a PROV, as plain data: it crosses to the thread that runs it. Port 0: any. */
export type ServicePlan =
  | {
      readonly service: "dhcp";
      /** Of one of several on a node (DHCP-13). */
      readonly name?: string;
      readonly configFile: string;
      readonly leaseFile: string;
      readonly port?: number;
      readonly interfaceNames: readonly string[];
      /** Of a pair of nodes with one configuration (TFTP-2). */
      readonly tftpServers?: TftpPair;
      readonly overload?: Partial<AdmissionLimits>;
      /** One node of a warm-standby pair. */
      readonly pair?: PairPlane;
    }
  | ({
      readonly service: "tftp";
      readonly root: string;
      readonly address: number;
      readonly port?: number;
      /** Files of single devices, made on demand. */
      readonly deviceFiles?: DeviceFilesPlan;
    } & TftpTuning)
  /** Who serves, of the two nodes of a pair. */
  | ({ readonly service: "ha" } & HaThreadPlan)
  | { readonly service: "time"; readonly address: number; readonly port?: number }
  | {
      readonly service: "ntp";
      readonly address: number;
      readonly port?: number;
      /** No limit of requests of one address; the server's own limits without it. */
      readonly rateLimits?: false;
    }
  | {
      readonly service: "syslog";
      readonly directory: string;
      readonly address: number;
      readonly port?: number;
      readonly daysKept?: number;
      /** Of all log files together. */
      readonly totalBytesMax?: number;
    }
  /** `pairState` is the memory of SharedPairState, which says whether this node serves. */
  | ({ readonly service: "mirror"; readonly pairState: SharedArrayBuffer } & MirrorPlan);

/** What an operator may change of the TFTP server; see `TftpServerOptions`. */
export type TftpTuning = Pick<
  TftpServerOptions,
  | "sessionsMax"
  | "queueMax"
  | "portsMax"
  | "blockBytesMax"
  | "windowBlocksMax"
  | "retrySeconds"
  | "sessionSeconds"
  | "logTransfers"
>;

/** What a service is called in logs and lists: `dhcp-docsis` for an instance with a name. */
export function serviceName(plan: ServicePlan): string {
  return plan.service === "dhcp" && plan.name !== undefined ? `dhcp-${plan.name}` : plan.service;
}

export type ToService =
  | { readonly kind: "stop" }
  /** Tell `metrics` once a second from now on. */
  | { readonly kind: "tell-metrics" }
  /** To the service `ha` only. */
  | { readonly kind: "ask"; readonly id: number; readonly request: ControlRequest };

export type FromService =
  | { readonly kind: "metrics"; readonly families: readonly Family[] }
  | {
      readonly kind: "serving";
      readonly port: number;
      /** How DHCP keeps its leases: "fsync", "os" or "replicated". */
      readonly durability?: string;
    }
  /** It has ended by itself, in good order, and may be started anew. */
  | { readonly kind: "over"; readonly reason: PlaneEnd }
  /** A line of the answer to the `ask` of this id. */
  | { readonly kind: "told"; readonly id: number; readonly line: ControlLine }
  /** It could not start, for a reason that the operator mends. */
  | { readonly kind: "refused"; readonly message: string }
  | { readonly kind: "log"; readonly lines: readonly LogLine[] };

/** What the thread of a service is started with. */
export interface ServiceStart {
  readonly plan: ServicePlan;
  readonly logLevel: LogLevel;
  /** Of `ThreadLog`. */
  readonly linesUnderWay: SharedArrayBuffer;
}
