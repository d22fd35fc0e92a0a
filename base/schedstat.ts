/** A thread's time so far, in ms. */
export interface ThreadTimes {
  readonly cpuMs: number;
  /** Ready to run, while other threads had the processors. */
  readonly starvedMs: number;
}

/**
 * Reads Linux' `schedstat` of a thread: nanoseconds on a CPU, nanoseconds ready but not running, time
 * slices. Undefined for another text.
 */
export function parseSchedstat(text: string): ThreadTimes | undefined {
  const match = /^(\d+) (\d+) \d+\s*$/.exec(text);
  if (match === null) return undefined;
  return { cpuMs: Number(match[1]) / 1e6, starvedMs: Number(match[2]) / 1e6 };
}
