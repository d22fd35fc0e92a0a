import type { Contender } from "./contender.ts";
import { iscDhcpd, iscDhcpdDelayed } from "./isc-dhcpd.ts";
import { kea, keaSingle } from "./kea.ts";
import { provlab } from "./provlab.ts";

/** In the order of the table; ratios are to the first. */
export const contenders: readonly Contender[] = [
  provlab("batch"),
  provlab("dgram"),
  kea,
  keaSingle,
  iscDhcpd,
  iscDhcpdDelayed,
];
