import { libc, libcMissingReason } from "./libc.ts";
import { PR_SET_TIMERSLACK } from "./linux.ts";

/**
 * From here on the calling thread is woken when its time is up. Linux otherwise takes up to 50 microseconds
 * more, to wake several threads at once (prctl PR_SET_TIMERSLACK). Without effect where the C library
 * cannot be called.
 */
export function wakePunctually(): void {
  if (libcMissingReason() === undefined) libc().prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
}
