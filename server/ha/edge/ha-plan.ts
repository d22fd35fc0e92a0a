import type { EtcdAccess } from "../../etcd/edge/etcd-access.ts";
import type { HeartbeatTimes } from "../heartbeat-times.ts";
import type { DiskWatchPlan } from "./disk-watch.ts";
import type { FloatingAddressPlan } from "./floating-address.ts";
import type { HeartbeatLinkPlan } from "./heartbeat-links.ts";

/** What an operator says of the pair, as plain data. */
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

/** How files are kept in step between the two nodes. */
export interface MirrorSettings {
  /** TCP port of both ends; undefined: the number of each link's own. */
  readonly port: number | undefined;
  readonly intervalMs: number;
  /** Path of each folder, by a name that both nodes have; undefined: what TFTP serves. */
  readonly folders: Readonly<Record<string, string>> | undefined;
}

/** What the thread that decides who serves is started with. */
export interface HaThreadPlan {
  readonly plan: HaPlan;
  /** Of this start of the program. */
  readonly bootId: string;
  /** Of `PairWords`: what it shares with the thread that serves. */
  readonly words: SharedArrayBuffer;
  /** Of `DataPlanePulse`. */
  readonly pulse: SharedArrayBuffer;
}
