import type { Suite } from "../harness/suite.ts";
import { cold, million } from "./cold.ts";
import { firstSecond } from "./first-second.ts";
import { flood } from "./flood.ts";
import { growth } from "./growth.ts";
import { latency } from "./latency.ts";
import { memory } from "./memory.ts";
import { overload } from "./overload.ts";
import { pair } from "./pair.ts";
import { perfdhcp } from "./perfdhcp.ts";
import { docsis, rate } from "./rate.ts";
import { restart } from "./restart.ts";
import { stall } from "./stall.ts";

/** The suites of DHCP servers, in the order in which they run: the first ones find a yardstick for the later ones. */
export const suites: readonly Suite[] = [
  ...[rate, docsis, latency, cold, memory, restart, firstSecond],
  ...[flood, overload, perfdhcp, stall, growth, million, pair],
];
