import type { RunResult } from "../result/run-result.ts";
import { formatCount, formatSpan } from "./format.ts";

const states: ReadonlyMap<string, string> = new Map([
  ["all-online", "on line"],
  ["all-bound", "bound"],
]);

/** How long it took until all devices had a lease or were on line, for each phase that came to that. */
export function goalsOf({
  phases,
  population,
}: RunResult): readonly { readonly what: string; readonly durationMs: number }[] {
  return phases.flatMap(({ endedBy, durationMs }) => {
    const state = states.get(endedBy);
    const devices = formatCount(population.devices);
    return state === undefined ? [] : [{ what: `${devices} devices ${state}`, durationMs }];
  });
}

/** `goalsOf`, a line each. */
export function goalLines(result: RunResult): readonly string[] {
  return goalsOf(result).map(({ what, durationMs }) => `${what} in ${formatSpan(durationMs)}`);
}
