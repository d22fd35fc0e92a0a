import type { StallReason } from "../../base/stall-reason.ts";
import { streamNameOf } from "../../scenarios/language/phase-plan.ts";
import type { Distribution } from "../result/distribution.ts";
import type { PhaseResult, RunResult, StreamResult } from "../result/run-result.ts";
import type { ServerStages, TailBand } from "../result/tail.ts";
import { formatSpan, percentileName } from "./format.ts";

// A percentile is far from the median when it is ten times as long, and at least 5 ms longer.
const FAR_TIMES = 10;
const FAR_MS = 5;

/** The part of the transactions that is slower. */
const slowerShare = { p99: 0.01, p999: 0.001 } as const;
type TailPercentile = keyof typeof slowerShare;

/**
 * For each stream whose p99 (or else p99.9) is far from its p50: what most of the time was, in one line.
 * Nothing where nothing is known.
 */
export function tailLines({ phases }: Pick<RunResult, "phases">): string[] {
  return phases.flatMap((phase) =>
    phase.streams.flatMap((stream) => {
      const percentile = farPercentile(stream.latencyMs);
      const cause = percentile && causeOf(phase, stream, percentile);
      if (percentile === undefined || cause === undefined) return [];
      const span = `${percentileName(percentile)} ${formatSpan(stream.latencyMs[percentile])}`;
      return [`${phase.name}, ${streamNameOf(stream)}: ${span}: ${cause}`];
    }),
  );
}

function farPercentile(spans: Distribution): TailPercentile | undefined {
  const isFar = (ms: number): boolean => ms >= FAR_TIMES * spans.p50 && ms >= spans.p50 + FAR_MS;
  if (isFar(spans.p99)) return "p99";
  return isFar(spans.p999) ? "p999" : undefined;
}

function causeOf(
  phase: PhaseResult,
  stream: StreamResult,
  percentile: TailPercentile,
): string | undefined {
  const latencyMs = stream.latencyMs[percentile];
  const slowerCount = slowerShare[percentile] * stream.latencyMs.count;
  const ownMs = latencyMs - stream.serviceMs[percentile];
  if (ownMs >= latencyMs / 2) return `${formatSpan(ownMs)} of it the generator's own delay`;
  const server = phase.server && serverCause(phase.server, latencyMs, slowerCount);
  if (server !== undefined) return server;
  if (isSentAgain(phase, stream, slowerCount)) {
    return `no answer to the first message, which was sent again`;
  }
  const slowest = phase.server?.bands.at(-1);
  if (slowest === undefined || stream.exchange === "boot" || stream.exchange === "download") {
    return undefined;
  }
  const most = slowest.toMs === null ? "" : `, which took ${formatSpan(slowest.toMs)} at most`;
  return `not in the server's answers${most}`;
}

/** What most of the time of the server's answers about this slow was; undefined when it had too few. */
function serverCause(
  server: ServerStages,
  latencyMs: number,
  slowerCount: number,
): string | undefined {
  const about = server.bands.filter(
    ({ fromMs, toMs }) => (toMs ?? Infinity) > latencyMs / 2 && fromMs < 2 * latencyMs,
  );
  const answers = about.reduce((sum, band) => sum + band.answers, 0);
  if (answers === 0 || answers < slowerCount / 2) return undefined;
  const mean = (part: Exclude<keyof TailBand, "fromMs" | "toMs">): number =>
    about.reduce((sum, band) => sum + band.answers * band[part], 0) / answers;
  const totalMs = mean("queueMs") + mean("decideMs") + mean("commitMs") + mean("sendMs");
  const of = (partMs: number, what: string): string =>
    `${formatSpan((latencyMs * partMs) / totalMs)} of it ${what}`;
  const pausedMs = mean("pausedMs");
  const pause = pausedMs >= totalMs / 2 ? pauseOf(server, pausedMs / 2) : undefined;
  // A turn with slow decisions is a pause, too.
  const isDeciding = pause === "event-loop" && mean("decideMs") >= pausedMs / 2;
  if (pause !== undefined && !isDeciding) return of(pausedMs, pauseWords[pause]);
  const parts: readonly (readonly [partMs: number, what: string])[] = [
    [mean("syncMs"), syncWords(server, mean("syncMs"), mean("syncs"))],
    [mean("queueMs"), "in the kernel's queue, behind other requests"],
    [mean("decideMs"), "deciding"],
    [mean("commitMs") - mean("syncMs"), "waiting for a commit to begin"],
    [mean("sendMs"), "waiting to be sent"],
  ];
  return of(...parts.reduce((most, part) => (part[0] > most[0] ? part : most)));
}

/** What kept an answer waiting. */
export const pauseWords: Readonly<Record<StallReason, string>> = {
  sync: "a sync of the disk",
  "garbage-collection": "the server's garbage collection",
  processor: "the server's wait for a processor that other programs had",
  stopped: "a stop of the server's process, or of its machine",
  "event-loop": "long work of the server's own thread",
};

/** The reason of the longest pause; a sync in which the loop waited is one where there is no other. */
function pauseOf({ stalls }: ServerStages, msMin: number): StallReason | undefined {
  const long = stalls
    .filter(({ durationMs }) => durationMs >= msMin)
    .toSorted((a, b) => b.durationMs - a.durationMs);
  return (long.find(({ reason }) => reason !== "sync") ?? long[0])?.reason;
}

const numbers = ["a sync", "a sync", "two syncs", "three syncs", "four syncs"];

/** An answer that came during a long sync also waits for its own, which may be too short to tell. */
function syncWords({ stalls }: ServerStages, syncMs: number, syncs: number): string {
  const long = stalls.filter(({ reason }) => reason === "sync");
  const isOne = long.some(({ durationMs }) => durationMs >= syncMs);
  const count = isOne ? 1 : Math.round(syncs);
  return `${numbers[count] ?? `${count} syncs`} of the disk`;
}

/** Most of the slowest were sent again, and enough of all were. */
function isSentAgain(phase: PhaseResult, stream: StreamResult, slowerCount: number): boolean {
  const slowest = (phase.slowest ?? []).filter(
    ({ exchange, name }) => exchange === stream.exchange && name === stream.name,
  );
  const again = slowest.filter(({ retransmissions }) => retransmissions > 0);
  return again.length > slowest.length / 2 && stream.retransmissions >= slowerCount / 2;
}
