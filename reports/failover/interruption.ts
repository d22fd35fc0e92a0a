import type { Interruption } from "../result/failover-result.ts";
import { type AckLine, activeMsIn, type Gap } from "./ack-line.ts";
import type { Window } from "./device-outages.ts";
import type { ActiveSpan } from "./history.ts";

/** Of a gap at the rate before and after: with fewer ACKs missing it may be chance. */
const MISSED_ACKS_MIN = 10;
/** An interruption is longer than so many times the longest gap of the calm seconds. */
const GAP_FACTOR = 2;
/** The seconds after a gap (of one without an end: before it) that say whether the load is the same. */
const NEARBY_MS = 5000;
const DIP_WINDOW_MS = 1000;
const DIP_STEP_MS = 100;

interface Load {
  readonly active: readonly ActiveSpan[];
  readonly nameOf: (server: number) => string;
}

/**
 * The longest of the gaps that is no normal one: more than twice as long as the longest gap of the calm
 * seconds, and at least 10 ACKs are missing in it at the rate of those seconds (or at the rate beside it,
 * if that is lower). Most of it lies where there was a load. Null when there is none.
 */
export function interruptionOf(
  { active, nameOf }: Load,
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
 * By how many percent the ACKs of a second fell short of those of the calm seconds, at worst: over windows
 * that slide by 100 ms. Null where a second has too few to tell.
 */
export function dipOf(
  line: AckLine,
  active: readonly ActiveSpan[],
  calm: Window,
  felt: Window,
): number | null {
  const span = active.find(({ startMs, endMs }) => startMs <= felt.fromMs && endMs > felt.fromMs);
  const calmMs = activeMsIn(active, calm.fromMs, calm.toMs);
  if (span === undefined || calmMs === 0) return null;
  const normal = (line.countIn(calm.fromMs, calm.toMs) * DIP_WINDOW_MS) / calmMs;
  if (normal < MISSED_ACKS_MIN) return null;
  let least = normal;
  const lastMs = Math.min(felt.toMs, span.endMs) - DIP_WINDOW_MS;
  for (let startMs = felt.fromMs; startMs <= lastMs; startMs += DIP_STEP_MS) {
    least = Math.min(least, line.countIn(startMs, startMs + DIP_WINDOW_MS));
  }
  return rounded(100 * (1 - least / normal));
}

function lengthOf({ fromMs, toMs }: Gap): number {
  return toMs - fromMs;
}

/** To a tenth: finer than anybody measures here. */
export function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
