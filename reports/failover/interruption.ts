import type { Interruption } from "../result/failover-result.ts";
import { type AckLine, activeMsIn, type Gap } from "./ack-line.ts";
import type { MeasuredRun, Window } from "./history.ts";

/** A gap with fewer missing ACKs, at the rate around it, may be chance. */
const MISSED_ACKS_MIN = 10;
/** An interruption is this much longer than the longest normal gap. */
const GAP_FACTOR = 2;
/** The rate around a gap is measured after it, or before it if the gap has no end. */
const NEARBY_MS = 5000;
const DIP_WINDOW_MS = 1000;
const DIP_STEP_MS = 100;

/**
 * The longest abnormal gap. It is more than twice as long as the longest gap of the calm time, most of
 * it was under load, and at least 10 ACKs are missing in it at the calm rate (or at the rate around
 * the gap, if that is lower). Null if there is no such gap.
 */
export function interruptionOf(
  { active, nameOf }: MeasuredRun,
  line: AckLine,
  gaps: readonly Gap[],
  calm: Window,
  offeredPerSecond: number | null,
): Interruption | null {
  const normalGapMs = Math.max(
    0,
    ...line
      .gaps(calm.fromMs, calm.toMs)
      .map(({ fromMs, toMs }) => Math.min(toMs, calm.toMs) - fromMs),
  );
  const perMsIn = (fromMs: number, toMs: number): number => {
    const ms = activeMsIn(active, fromMs, toMs);
    return ms === 0 ? 0 : line.countIn(fromMs, toMs) / ms;
  };
  const before = perMsIn(calm.fromMs, calm.toMs);
  const found = gaps
    .filter((gap) => lengthOf(gap) > GAP_FACTOR * normalGapMs)
    .toSorted((a, b) => lengthOf(b) - lengthOf(a))
    .find(({ fromMs, toMs, serverAfter }) => {
      const loadedMs = activeMsIn(active, fromMs, toMs);
      const isLast = serverAfter === undefined;
      const nearby = isLast ? perMsIn(fromMs - NEARBY_MS, fromMs) : perMsIn(toMs, toMs + NEARBY_MS);
      const isLoaded = isLast || loadedMs > (toMs - fromMs) / 2;
      return isLoaded && loadedMs * Math.min(before, nearby) >= MISSED_ACKS_MIN;
    });
  if (found === undefined) return null;
  const { fromMs, toMs, serverBefore, serverAfter } = found;
  const hasEnd = serverAfter !== undefined;
  return {
    fromMs: rounded(fromMs),
    toMs: hasEnd ? rounded(toMs) : null,
    rtoMs: hasEnd ? rounded(toMs - fromMs) : null,
    normalGapMs: rounded(normalGapMs),
    offeredPerSecond: offeredPerSecond === null ? null : rounded(offeredPerSecond),
    offeredMeanwhile:
      hasEnd && offeredPerSecond !== null
        ? Math.round(((toMs - fromMs) * offeredPerSecond) / 1000)
        : null,
    serverBefore: nameOf(serverBefore),
    serverAfter: hasEnd ? nameOf(serverAfter) : null,
  };
}

/**
 * How far the worst second fell short of the calm rate of ACKs, in percent, over windows that slide by
 * 100 ms. Null if the rate is too low to tell.
 */
export function dipOf(
  line: AckLine,
  active: readonly Window[],
  calm: Window,
  felt: Window,
): number | null {
  const span = active.find(({ fromMs, toMs }) => fromMs <= felt.fromMs && toMs > felt.fromMs);
  const calmMs = activeMsIn(active, calm.fromMs, calm.toMs);
  if (span === undefined || calmMs === 0) return null;
  const normal = (line.countIn(calm.fromMs, calm.toMs) * DIP_WINDOW_MS) / calmMs;
  if (normal < MISSED_ACKS_MIN) return null;
  let least = normal;
  const lastMs = Math.min(felt.toMs, span.toMs) - DIP_WINDOW_MS;
  for (let startMs = felt.fromMs; startMs <= lastMs; startMs += DIP_STEP_MS) {
    least = Math.min(least, line.countIn(startMs, startMs + DIP_WINDOW_MS));
  }
  return rounded(100 * (1 - least / normal));
}

function lengthOf({ fromMs, toMs }: Gap): number {
  return toMs - fromMs;
}

/** To a tenth, which is finer than the measurements. */
export function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
