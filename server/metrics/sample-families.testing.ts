import { DurationHistogram } from "../../base/duration-histogram.ts";
import { AnswerStages } from "../dhcp/loop/answer-stages.ts";
import { DhcpCounters } from "../dhcp/loop/counters.ts";
import type { LeaseCounts } from "../lease/table/lease-table.ts";
import { newNtpCounters, ntpFamilies } from "../ntp/edge/ntp-server.ts";
import { newSyslogCounters, syslogFamilies } from "../syslog/syslog-receiver.ts";
import { newTftpCounters, tftpFamilies } from "../tftp/counters.ts";
import { newTimeCounters, timeFamilies } from "../time/edge/time-server.ts";
import { dhcpFamilies } from "./dhcp-metrics.ts";
import { type Family, labelled } from "./exposition.ts";

const noCounts: LeaseCounts = {
  ...{ free: 0, active: 0, expired: 0, released: 0, abandoned: 0, reset: 0, backup: 0 },
  ...{ total: 0, neverUsed: 0 },
};

/** So many pools, with a bound lease more in each than in the one before. */
export function dhcpWith(poolCount: number): Family[] {
  const counters = new DhcpCounters();
  counters.countReceived(1);
  counters.countReceived(200);
  counters.countRejected("too-short");
  const syncs = new DurationHistogram();
  for (const ms of [0.05, 0.3, 0.3, 7, 9999]) syncs.recordMs(ms);
  const pools = Array.from({ length: poolCount }, (_, index) => ({
    index,
    ranges: [{ low: 0x0a000000 + index * 256, high: 0x0a000000 + index * 256 + 99 }],
    sharedNetwork: { name: `net "${index}"\\\n` },
  }));
  const total = (poolCount * (poolCount + 1)) / 2;
  return dhcpFamilies({
    counters,
    socket: { counters: { received: 1, sent: 2, truncated: 3, kernelDrops: 4, sendErrors: 5 } },
    pools: pools as unknown as Parameters<typeof dhcpFamilies>[0]["pools"],
    leases: { counts: (pool) => ({ ...noCounts, active: pool === undefined ? total : pool + 1 }) },
    syncs,
    stages: new AnswerStages(() => 0),
  });
}

/** Families of every service, with a label that has to be escaped. */
export const everyFamily = (): Family[] => [
  ...labelled(dhcpWith(2), { service: "dhcp" }),
  ...labelled(dhcpWith(1), { service: "dhcp-cpe" }),
  ...labelled(tftpFamilies(newTftpCounters(), { sessions: 3, waiting: 1 }), {
    service: "tftp",
  }),
  ...timeFamilies(newTimeCounters()),
  ...ntpFamilies(newNtpCounters(), 3),
  ...syslogFamilies(newSyslogCounters()),
];
