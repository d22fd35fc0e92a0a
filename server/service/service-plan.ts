import type { LogLevel, LogLine } from "../../base/log.ts";
import type { StagesTaken } from "../dhcp/loop/answer-stages.ts";
import type { TftpPair } from "../dhcp/policy/crossed-tftp.ts";
import type { ControlLine, ControlRequest } from "../ha/control-messages.ts";
import type { HaThreadPlan } from "../ha/edge/ha-plan.ts";
import type { LeasePaths } from "../lease/store/open-lease-files.ts";
import type { Family } from "../metrics/exposition.ts";
import type { MirrorPlan } from "../mirror/mirror-plan.ts";
import type { AdmissionLimits } from "../overload/admission.ts";
import type { PairPlane, PlaneEnd } from "../pair/pair-plane.ts";
import type { SyslogRateLimits } from "../syslog/syslog-rates.ts";
import type { DeviceFilesPlan } from "../tftp/edge/device-files.ts";
import type { TftpTuning } from "../tftp/edge/tftp-server.ts";

/** One service of a PROV, as plain data that is sent to its thread. Port 0: any free port. */
export type ServicePlan =
  | {
      readonly service: "dhcp";
      /** Distinguishes several instances on one node (DHCP-13). */
      readonly name?: string;
      readonly configFile: string;
      readonly leaseFile: LeasePaths;
      readonly createsLeaseFile?: boolean;
      readonly port?: number;
      readonly interfaceNames: readonly string[];
      /** The TFTP servers of a pair of nodes with one configuration (TFTP-2). */
      readonly tftpServers?: TftpPair;
      readonly overload?: Partial<AdmissionLimits>;
      /** `false`: it serves before its code is compiled. */
      readonly warmsUp?: boolean | undefined;
      /** Set on a node of a warm-standby pair. */
      readonly pair?: PairPlane;
    }
  | ({
      readonly service: "tftp";
      readonly root: string;
      readonly address: number;
      readonly port?: number;
      /** Devices' own files, made on demand. */
      readonly deviceFiles?: DeviceFilesPlan;
    } & TftpTuning)
  /** Decides which node of a pair serves. */
  | ({ readonly service: "ha" } & HaThreadPlan)
  | { readonly service: "time"; readonly address: number; readonly port?: number }
  | {
      readonly service: "ntp";
      readonly address: number;
      readonly port?: number;
      /** `false`: no request limit for an address; by default the server's own limits apply. */
      readonly rateLimits?: false;
    }
  | {
      readonly service: "syslog";
      readonly directory: string;
      readonly address: number;
      readonly port?: number;
      readonly daysKept?: number;
      /** The limit for all log files together. */
      readonly totalBytesMax?: number;
      readonly rateLimits?: Partial<SyslogRateLimits>;
      /** Addresses that many devices send from. */
      readonly relays?: readonly number[];
    }
  /** `pairState` is the memory of `SharedPairState`, which says whether this node serves. */
  | ({ readonly service: "mirror"; readonly pairState: SharedArrayBuffer } & MirrorPlan);

/** The service's name in logs and lists: `dhcp-docsis` for a named instance. */
export function serviceName(plan: ServicePlan): string {
  return plan.service === "dhcp" && plan.name !== undefined ? `dhcp-${plan.name}` : plan.service;
}

export type ToService =
  | { readonly kind: "stop" }
  /** Send `metrics` once a second from now on. */
  | { readonly kind: "tell-metrics" }
  /** Log all counters once. */
  | { readonly kind: "log-counters" }
  /** Only for DHCP: answered by `stages`. */
  | { readonly kind: "take-stages" }
  /** Only for the service `ha`. */
  | { readonly kind: "ask"; readonly id: number; readonly request: ControlRequest };

export type FromService =
  | { readonly kind: "metrics"; readonly families: readonly Family[] }
  | { readonly kind: "stages"; readonly taken: StagesTaken }
  | {
      readonly kind: "serving";
      readonly port: number;
      /** How DHCP keeps its leases: "fsync", "os" or "replicated". */
      readonly durability?: string;
    }
  /** It has ended by itself, without an error, and may be restarted. */
  | { readonly kind: "over"; readonly reason: PlaneEnd }
  /** One line of the answer to the `ask` with this id. */
  | { readonly kind: "told"; readonly id: number; readonly line: ControlLine }
  /** It cannot start, for a reason that the operator has to fix. */
  | { readonly kind: "refused"; readonly message: string }
  | { readonly kind: "log"; readonly lines: readonly LogLine[] };

/** The input of a service's thread. */
export interface ServiceStart {
  readonly plan: ServicePlan;
  readonly logLevel: LogLevel;
  /** The counter that `ThreadLog` shares with the main thread. */
  readonly linesUnderWay: SharedArrayBuffer;
  /** See `listDescriptorsIn`. */
  readonly descriptors: SharedArrayBuffer;
}
