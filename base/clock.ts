import { performance } from "node:perf_hooks";

/** A source of time. Cores never read a clock: an edge reads it and passes the number in. */
export interface Clock {
  /** Milliseconds since the Unix epoch; steps when the administrator or NTP steps the clock. */
  wallMs(): number;
  /**
   * Milliseconds (with a fraction) that never step back, on a scale that all worker threads of the
   * process share. Its zero has no meaning; only differences do.
   */
  monotonicMs(): number;
}

// `performance.timeOrigin + performance.now()` differs between threads, because each thread samples its
// own origin and the wall clock may have gained in between. `process.hrtime` reads CLOCK_MONOTONIC, which
// is the same for all, but it allocates; so it is read once for the offset.
function monotonicOffsetMs(): number {
  let offsetMs = 0;
  let windowMsMin = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 8; attempt += 1) {
    const beforeMs = performance.now();
    const [seconds, nanoseconds] = process.hrtime();
    const windowMs = performance.now() - beforeMs;
    if (windowMs >= windowMsMin) continue;
    windowMsMin = windowMs;
    offsetMs = seconds * 1000 + nanoseconds / 1e6 - (beforeMs + windowMs / 2);
  }
  return offsetMs;
}

const offsetMs = monotonicOffsetMs();

/** The machine's clocks. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => offsetMs + performance.now(),
};
