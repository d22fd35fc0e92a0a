import { RunMetrics } from "../../cli/run/watch/run-metrics.ts";
import { sampleBootResult } from "../../reports/result/sample-boot-result.testing.ts";
import { haFamilies } from "../../server/ha/ha-metrics.ts";
import type { PairStatus } from "../../server/ha/pair-status.ts";
import { SharedPairState } from "../../server/mandate/shared-pair-state.ts";
import { type Family, gauge } from "../../server/metrics/exposition.ts";
import { pairFamilies } from "../../server/metrics/pair-metrics.ts";
import { emptyCounters } from "../../simulator/measure/recorder.ts";

const pairNode = {
  bootId: "1",
  isInSync: true,
  filesInStep: true,
  revision: 51,
  isAble: false,
  troubles: [],
};
const pairStatus: PairStatus = {
  schema: "provlab/pair-status@1",
  ...{ seenBy: "a", epoch: 1, leader: "a", storeAnswers: true, failureInProgress: false },
  nodes: [
    { ...pairNode, node: "a", role: "active" },
    { ...pairNode, node: "b", role: "standby" },
  ],
  peerLife: "alive",
  clockApartMs: 400,
  leaseTimeAheadMs: 0,
  links: [{ state: "up", roundTripMs: 0.3 }],
};

/** What a single server does not export: the metrics of a run, and those of a node of a pair. */
export function otherFamilies(): Family[] {
  const counters = emptyCounters();
  const simulated = new RunMetrics("s");
  const boots = { online: 1, states: { online: 1 } };
  const latency = { latencyMsP50: 1, latencyMsP99: 2, latencyMsMax: 3 };
  const row = {
    ...{ second: 0, phase: "p", exchanges: { boot: counters }, bound: 1, states: { bound: 1 } },
    ...{ boots, ...latency },
  };
  simulated.second(
    {
      ...{ phase: "p", phaseIndex: 0, phaseCount: 1, phaseElapsedMs: 0, phaseMsMax: 1 },
      ...{ devices: 1, pace: 1, row },
    },
    {
      ...sampleBootResult().timeSeries[0]!,
      ...latency,
      serverCpuPercent: 1,
      serverResidentMiB: 1,
    },
  );
  const takeOvers = { count: 1, silentMs: 400, claimMs: 100 };
  return [
    ...simulated.families(),
    ...pairFamilies(new SharedPairState()),
    ...haFamilies(pairStatus, takeOvers),
    gauge("provlab_mirror_in_step", "", 1),
  ];
}
