export const RESTART_MS_MIN = 1000;
export const RESTART_MS_MAX = 60_000;

/** How long a service that broke waits before its next start: 1 s, then twice as long each time, up to a minute. */
export class RestartDelay {
  #breaks = 0;

  /** Milliseconds. A service that has lived for a minute begins anew with a second. */
  next(livedMs: number): number {
    this.#breaks = livedMs < RESTART_MS_MAX ? this.#breaks + 1 : 1;
    return Math.min(RESTART_MS_MAX, RESTART_MS_MIN * 2 ** (this.#breaks - 1));
  }
}
