/**
 * The kernel wakes a thread that sleeps some 50 microseconds late (its timer slack), and then the thread
 * has to be given a processor. What is due sooner than that is waited for awake.
 */
const AWAKE_MS = 0.15;

/**
 * How long a worker may sleep whose next arrival is due in `dueInMs`: until then, or not at all. Where
 * arrivals are further apart than AWAKE_MS it always sleeps, so that only a rate of many thousands a second
 * costs a whole core.
 */
export function sleepMs(dueInMs: number, msMax: number): number {
  return dueInMs <= AWAKE_MS ? 0 : Math.min(dueInMs, msMax);
}
