import { streamNameOf } from "../../scenarios/language/phase-plan.ts";
import type { Distribution } from "../result/distribution.ts";
import type { RunResult } from "../result/run-result.ts";

/**
 * An HdrHistogram log, format 1.3: a line for each stream of each phase, tagged `PHASE.EXCHANGE`, over
 * the interval of its phase, then time to bound and to on line by kind over the whole run. Timestamps
 * are seconds since the run began. Recorded values are microseconds, Interval_Max is milliseconds.
 */
export function renderHlog(result: RunResult): string {
  const startSeconds = Date.parse(result.startedAt) / 1000;
  const ofKinds = (name: string, spans: Readonly<Record<string, Distribution>>): string[] =>
    Object.entries(spans).map(([kind, each]) =>
      line(`${name}.${kind}`, 0, result.durationMs, each),
    );
  return `${[
    "#[Histogram log format version 1.3]",
    `#[StartTime: ${startSeconds.toFixed(3)} (seconds since epoch), ${new Date(startSeconds * 1000).toISOString()}]`,
    `#[BaseTime: ${startSeconds.toFixed(3)} (seconds since epoch)]`,
    "#[Values are microseconds; Interval_Max is milliseconds]",
    '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
    ...result.phases.flatMap(({ name, startedAtMs, durationMs, streams }) =>
      streams.map((stream) =>
        line(`${name}.${streamNameOf(stream)}`, startedAtMs, durationMs, stream.latencyMs),
      ),
    ),
    ...ofKinds("time-to-bound", result.timeToBoundMs),
    ...ofKinds("time-to-online", result.timeToOnlineMs ?? {}),
  ].join("\n")}\n`;
}

function line(tag: string, fromMs: number, lengthMs: number, spans: Distribution): string {
  const numbers = [fromMs / 1000, lengthMs / 1000, spans.max].map((each) => each.toFixed(3));
  return `Tag=${tagOf(tag)},${numbers.join(",")},${spans.histogram}`;
}

/** A tag ends at a comma, and readers split lines at blanks, too. */
function tagOf(text: string): string {
  return text.replace(/[\s,#"]/g, "_");
}
