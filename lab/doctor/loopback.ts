import type { LatencyHistogram } from "../../base/histogram.ts";
import type { Finding } from "./finding.ts";

/** A datagram to another thread and back, both of them asleep until it comes. */
export interface LoopbackFigures {
  readonly waits: LatencyHistogram;
  readonly lost: number;
  readonly backend: "batch" | "dgram";
  /** Why there is no batched socket. */
  readonly batchMissing: string | undefined;
}

const P99_MS_MAX = 1;

export function judgeLoopback(figures: LoopbackFigures): Finding {
  const { waits, lost, backend, batchMissing } = figures;
  if (waits.count === 0) {
    return {
      state: "unknown",
      said: "no datagram came back",
      advice: [{ text: "Bring the loopback interface up", command: "ip link set lo up" }],
    };
  }
  const losses = lost === 0 ? "" : `; ${lost} of ${lost + waits.count} were lost`;
  const said = `between two threads, by the ${backend === "batch" ? "batched" : "portable"} socket${losses}`;
  const advice = [
    ...(backend === "batch" || batchMissing === undefined
      ? []
      : [
          {
            text: `The batched socket keeps several times the rate, but ${batchMissing}`,
            command: "npm install koffi",
          },
        ]),
    ...(waits.percentileMs(99) <= P99_MS_MAX
      ? []
      : [
          {
            text: "Each exchange waits for two round trips: stop other programs, or use more cores",
          },
        ]),
  ];
  return { state: advice.length === 0 && lost === 0 ? "fine" : "slow", said, advice };
}
