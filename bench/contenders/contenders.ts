import type { DhcpContender } from "./dhcp-contender.ts";
import { iscDhcpd, iscDhcpdDelayed } from "./isc-dhcpd.ts";
import { kea, keaSingle } from "./kea.ts";
import { provlab, provlabCold, provlabTwoFiles, provlabUnsynced } from "./provlab.ts";
import { provlabPair, provlabTakenOver } from "./provlab-pair.ts";

/** Single servers in every setting, in the order of the table; ratios are to the first. */
export const contenders: readonly DhcpContender[] = [
  provlab("batch"),
  provlab("dgram"),
  kea,
  keaSingle,
  iscDhcpd,
  iscDhcpdDelayed,
];

/** One setting of each server: the ones that a suite compares unless it says otherwise. */
export const principals: readonly DhcpContender[] = [contenders[0], kea, iscDhcpd];

/** The cost of keeping leases on several machines. */
export const replicated: readonly DhcpContender[] = [contenders[0], provlabPair];

/** A server's first second: with its warm-up, without, after a take-over, and a peer that needs no warm-up. */
export const starting: readonly DhcpContender[] = [
  contenders[0],
  provlabCold,
  provlabTakenOver,
  kea,
];

/** A disk stands still: the only one, one of two, or one that nobody waits for. */
export const stalling: readonly DhcpContender[] = [contenders[0], provlabTwoFiles, kea];

/** Every contender that `--servers` may name. */
export const everybody: readonly DhcpContender[] = [
  ...contenders,
  provlabUnsynced,
  provlabCold,
  provlabTwoFiles,
  provlabPair,
  provlabTakenOver,
];
