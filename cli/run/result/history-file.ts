import { Population } from "../../../scenarios/population/population.ts";
import { flagsOf } from "../../../simulator/load/arrival-log.ts";
import { NO_DEVICE } from "../../../simulator/load/arrivals.ts";
import type { RunPlan } from "../../../simulator/plan/run-plan.ts";
import type { PhaseOutcome } from "../../../simulator/run/outcome.ts";

/**
 * One line for each arrival, sorted by device, phase and intended time. Columns: device number, kind, phase,
 * exchange, ms since the phase began (`-` in a closed loop, which has no schedule), and whether the exchange
 * began. Runs with the same seed have the same history, however many processes play them.
 */
export function* historyLines(
  plan: Pick<RunPlan, "population" | "phases">,
  phases: readonly PhaseOutcome[],
): Generator<string> {
  const population = new Population(plan.population);
  const columns = phases.flatMap(({ history = [] }, phase) =>
    history.map((arrivals) => ({ phase, ...arrivals })),
  );
  const entries = columns.flatMap(({ device }, column) =>
    Array.from(device.keys(), (at) => ({ column, at })),
  );
  type Entry = (typeof entries)[number];
  const of = ({ column, at }: Entry) => {
    const { phase, device, stream, atMs, flags } = columns[column];
    const plans = plan.phases[phase];
    const ms = plans.streams[stream[at]].kind === "outstanding" ? 0 : atMs[at];
    return { phase, device: device[at], stream: stream[at], ms, flags: flags[at] };
  };
  const byDevice = (left: Entry, right: Entry): number => {
    const [a, b] = [of(left), of(right)];
    return a.device - b.device || a.phase - b.phase || a.ms - b.ms || a.stream - b.stream;
  };
  yield "device\tkind\tphase\texchange\tatMs\tbegan\n";
  for (const entry of entries.sort(byDevice)) {
    const { phase, device, stream, ms, flags } = of(entry);
    const { name, streams } = plan.phases[phase];
    const { kind, exchange } = streams[stream];
    const { leaves, hasStarted } = flagsOf(flags);
    const who = device === NO_DEVICE ? "-\t-" : `${device}\t${population.kindOf(device)}`;
    const what = leaves ? "leave" : exchange;
    const when = kind === "outstanding" ? "-" : ms.toFixed(3);
    yield `${who}\t${name}\t${what}\t${when}\t${hasStarted ? "yes" : "no"}\n`;
  }
  const lost = columns.reduce((sum, column) => sum + column.lost, 0);
  if (lost > 0) yield `# ${lost} more arrivals were too many to keep\n`;
}
