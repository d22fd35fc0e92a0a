import type { LatencyHistogram } from "../../base/histogram.ts";
import { formatMs } from "../../reports/text/format.ts";
import type { Finding } from "./finding.ts";

/** How late a thread wakes that waits 1 ms for datagrams, as the loops of server and simulator do. */
export interface TimerFigures {
  readonly waits: LatencyHistogram;
}

const P99_MS_MAX = 1;

export function judgeTimers({ waits }: TimerFigures): Finding {
  const p99Ms = waits.percentileMs(99);
  const said = "a thread that waits for datagrams wakes so late";
  if (p99Ms <= P99_MS_MAX) return { state: "fine", said, advice: [] };
  const text =
    `One wait in a hundred ends ${formatMs(p99Ms)} ms late or more, and packets leave as late: give the run ` +
    "processors that nobody else uses";
  return { state: "slow", said, advice: [{ text }] };
}
