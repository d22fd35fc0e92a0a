/**
 * A sleeping thread wakes some 20 microseconds late, and later still if it has to wait for a processor. So a
 * worker stays awake for anything due sooner than this, and sleeps this much less.
 */
const AWAKE_MS = 0.03;

/**
 * How long a worker may sleep when its next arrival is due in `dueInMs`: until shortly before, or not at all.
 * It never waits awake for longer than AWAKE_MS, because the kernel prefers a thread that has slept to one
 * that has used up its time.
 */
export function sleepMs(dueInMs: number, msMax: number): number {
  return dueInMs <= AWAKE_MS ? 0 : Math.min(dueInMs - AWAKE_MS, msMax);
}
