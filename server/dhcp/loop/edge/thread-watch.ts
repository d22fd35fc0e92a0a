import { closeSync, openSync, readSync } from "node:fs";
import { PerformanceObserver, performance } from "node:perf_hooks";
import { parseSchedstat, type ThreadTimes } from "../../../../base/schedstat.ts";

const SCHEDSTAT_BYTES_MAX = 64;

/** Watches the calling thread: its time on processors, and its garbage collections. */
export class ThreadWatch {
  readonly #bytes = Buffer.alloc(SCHEDSTAT_BYTES_MAX);
  readonly #observer: PerformanceObserver;
  #file: number | undefined;

  /** `onCollection`: garbage was collected, from `startMs` on the scale of `nowMs`. Called after a while. */
  constructor(nowMs: () => number, onCollection: (startMs: number, durationMs: number) => void) {
    const offsetMs = nowMs() - performance.now();
    this.#observer = new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries()) {
        onCollection(startTime + offsetMs, duration);
      }
    });
    this.#observer.observe({ entryTypes: ["gc"] });
    try {
      // Opened by this thread, it stays this thread's.
      this.#file = openSync("/proc/thread-self/schedstat", "r");
    } catch {
      // Not on this system.
    }
  }

  /** Undefined where the kernel does not say. A system call. */
  times(): ThreadTimes | undefined {
    if (this.#file === undefined) return undefined;
    const length = readSync(this.#file, this.#bytes, 0, SCHEDSTAT_BYTES_MAX, 0);
    return parseSchedstat(this.#bytes.toString("latin1", 0, length));
  }

  end(): void {
    this.#observer.disconnect();
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
