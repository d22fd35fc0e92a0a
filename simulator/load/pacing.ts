/**
 * A thread that sleeps is woken some 20 microseconds after its time, and later where it has to wait for a
 * processor. What is due sooner than this is waited for awake, and a sleep ends this much early.
 */
const AWAKE_MS = 0.03;

/**
 * How long a worker may sleep whose next arrival is due in `dueInMs`: until shortly before, or not at all.
 * It never waits awake for longer than AWAKE_MS, because the kernel gives the processor sooner to a thread
 * that has slept than to one that has used all of its time.
 */
export function sleepMs(dueInMs: number, msMax: number): number {
  return dueInMs <= AWAKE_MS ? 0 : Math.min(dueInMs - AWAKE_MS, msMax);
}
