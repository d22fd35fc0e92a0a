import { median } from "../../base/median.ts";
import type { Verdict } from "../../reports/result/run-result.ts";
import type { DrillScale } from "./drill-scale.ts";
import type { DrillEvent, DrillHarms, DrillTrial } from "./drill-trial.ts";

/** The runs of one drill together. Its harms are those of invalid runs too: they must not happen there either. */
export interface DrillTally extends DrillHarms {
  readonly drill: string;
  readonly runs: number;
  readonly verdicts: Readonly<Record<Verdict, number>>;
  readonly conditions: readonly ConditionTally[];
}

/** One event over the valid runs of its drill. Null: the service did not come back. */
export interface ConditionTally {
  readonly name: string;
  readonly text: string;
  readonly times: number;
  readonly rtoMsP50: number | null;
  readonly rtoMsMax: number | null;
  readonly devicesAffectedMedian: number;
  readonly devicesUnservedMax: number;
  readonly outageMsP99Median: number;
}

/** The runs still to be played, every drill with the first seed first, so that a campaign cut short has each. */
export function remaining(
  drills: readonly string[],
  seeds: readonly number[],
  done: readonly DrillTrial[],
): readonly { readonly drill: string; readonly seed: number }[] {
  const isDone = (drill: string, seed: number): boolean =>
    done.some(
      (trial) => trial.drill === drill && trial.seed === seed && trial.verdict !== "invalid",
    );
  return seeds
    .flatMap((seed) => drills.map((drill) => ({ drill, seed })))
    .filter(({ drill, seed }) => !isDone(drill, seed));
}

/** The last trial of each run of that size: an invalid one was played again. */
export function latest(
  trials: readonly DrillTrial[],
  { devices, loadPercent, atOnce }: DrillScale,
): readonly DrillTrial[] {
  const last = new Map<string, DrillTrial>();
  for (const trial of trials) {
    if (trial.devices !== devices || trial.loadPercent !== loadPercent) continue;
    if (trial.atOnce !== atOnce) continue;
    last.set(`${trial.drill} ${trial.seed}`, trial);
  }
  return [...last.values()];
}

export function talliesOf(
  drills: readonly string[],
  trials: readonly DrillTrial[],
): readonly DrillTally[] {
  return drills.flatMap((drill) => {
    const runs = trials.filter((trial) => trial.drill === drill);
    if (runs.length === 0) return [];
    const sum = (harm: keyof DrillHarms): number =>
      runs.reduce((total, trial) => total + trial[harm], 0);
    const ofVerdict = (verdict: Verdict): number =>
      runs.filter((trial) => trial.verdict === verdict).length;
    return [
      {
        ...{ drill, runs: runs.length },
        verdicts: {
          ...{ pass: ofVerdict("pass"), fail: ofVerdict("fail"), invalid: ofVerdict("invalid") },
        },
        ...{ lost: sum("lost"), duplicate: sum("duplicate") },
        ...{ changed: sum("changed"), unled: sum("unled") },
        conditions: conditionsOf(runs.filter(({ verdict }) => verdict !== "invalid")),
      },
    ];
  });
}

function conditionsOf(runs: readonly DrillTrial[]): readonly ConditionTally[] {
  const names = [...new Set(runs.flatMap(({ events }) => events.map(({ name }) => name)))];
  return names.map((name) => {
    const events = runs.flatMap((run) => run.events.filter((event) => event.name === name));
    const middle = (value: (event: DrillEvent) => number): number => median(events.map(value))!;
    const rtoMs = events.map((event) => event.rtoMs ?? Number.POSITIVE_INFINITY);
    return {
      ...{ name, text: events[0].text, times: events.length },
      rtoMsP50: finite(median(rtoMs)!),
      rtoMsMax: finite(Math.max(...rtoMs)),
      devicesAffectedMedian: middle(({ devicesAffected }) => devicesAffected),
      devicesUnservedMax: Math.max(...events.map(({ devicesUnserved }) => devicesUnserved)),
      outageMsP99Median: middle(({ outageMsP99 }) => outageMsP99),
    };
  });
}

function finite(ms: number): number | null {
  return Number.isFinite(ms) ? ms : null;
}

/** Whether nothing failed and nothing happened that must not; invalid runs prove neither. */
export function isClean(tallies: readonly DrillTally[]): boolean {
  return tallies.every(
    ({ verdicts, lost, duplicate, changed, unled }) =>
      verdicts.fail + lost + duplicate + changed + unled === 0,
  );
}
