import type { Clock } from "../../base/clock.ts";
import type { SharedPairState } from "../mandate/shared-pair-state.ts";

/** The clock of a pair's data plane: its wall clock is the time of leases, which the deciding thread keeps. */
export function leaseClock(
  { monotonicMs }: Pick<Clock, "monotonicMs">,
  pairState: Pick<SharedPairState, "leaseBaseMs">,
): Clock {
  return { monotonicMs, wallMs: () => pairState.leaseBaseMs + monotonicMs() };
}
