import type { EtcdAccess } from "../../etcd/edge/etcd-access.ts";
import type { HeartbeatTimes } from "../heartbeat-times.ts";
import type { DiskWatchPlan } from "./disk-watch.ts";
import type { FloatingAddressPlan } from "./floating-address.ts";
import type { HeartbeatLinkPlan } from "./heartbeat-links.ts";

/** The operator's settings of the pair, as plain data. */
export interface HaPlan {
  readonly node: string;
  readonly peerName: string;
  readonly isFirst: boolean;
  readonly times: HeartbeatTimes;
  readonly links: readonly HeartbeatLinkPlan[];
  readonly keyFile: string;
  readonly gatewayAddress: number | undefined;
  readonly commitMsMax: number;
  readonly etcd: EtcdAccess & { readonly prefix: string };
  readonly floatingAddress: FloatingAddressPlan | undefined;
  readonly diskWatch?: DiskWatchPlan;
  readonly mirror?: MirrorSettings;
}

/** How files are kept equal on the two nodes. */
export interface MirrorSettings {
  /** TCP port on both nodes; undefined: each link uses its heartbeat port number. */
  readonly port: number | undefined;
  readonly intervalMs: number;
  /** Path of each folder, by a name that both nodes use; undefined: the folders that TFTP serves. */
  readonly folders: Readonly<Record<string, string>> | undefined;
}

/** The data that starts the thread which decides who serves. */
export interface HaThreadPlan {
  readonly plan: HaPlan;
  /** Identifies this start of the program. */
  readonly bootId: string;
  /** Memory of `SharedPairState`, shared with the thread that serves. */
  readonly pairState: SharedArrayBuffer;
  /** Memory of `DataPlanePulse`. */
  readonly pulse: SharedArrayBuffer;
}
