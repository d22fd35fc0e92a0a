import { libc, libcMissingReason } from "./libc.ts";
import { PR_SET_TIMERSLACK } from "./linux.ts";

/**
 * Makes the kernel wake the calling thread when its time is up. Otherwise Linux takes up to 50
 * microseconds more, to wake several threads at once (prctl PR_SET_TIMERSLACK). Has no effect when the C
 * library cannot be called.
 */
export function wakePunctually(): void {
  if (libcMissingReason() === undefined) libc().prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
}
