import { formatCount } from "../../reports/text/format.ts";
import { type MarkdownColumn, markdownTable } from "../../reports/text/markdown-table.ts";
import type { DrillTally } from "./drill-tally.ts";
import type { DrillTrial } from "./drill-trial.ts";

const columns = [
  ...["drill", "condition", "runs", "RTO p50", "RTO max", "devices affected, median"],
  ...["outage p99, median", "lost", "duplicate", "changed", "without leadership", "verdicts"],
];

/** Markdown: a row for each condition. Figures of whole runs stand in the first row of a drill alone. */
export function drillTable(tallies: readonly DrillTally[]): string {
  const rows = tallies.flatMap((tally) => {
    const { drill, runs, lost, duplicate, changed, unled, verdicts } = tally;
    const counted = (["pass", "fail", "invalid"] as const).filter((each) => verdicts[each] > 0);
    const whole = [
      ...[lost, duplicate, changed, unled].map(formatCount),
      counted.map((each) => `${verdicts[each]} ${each}`).join(", "),
    ];
    const none = { name: "", text: "", times: 0 };
    const conditions = tally.conditions.length === 0 ? [none] : tally.conditions;
    return conditions.map((condition, index) => [
      index === 0 ? drill : "",
      condition.name === "" ? "" : `${condition.name}: ${condition.text}`,
      formatCount(index === 0 ? runs : condition.times),
      ...("rtoMsP50" in condition
        ? [
            ...[timeOf(condition.rtoMsP50), timeOf(condition.rtoMsMax)],
            formatCount(Math.round(condition.devicesAffectedMedian)),
            timeOf(condition.outageMsP99Median),
          ]
        : ["", "", "", ""]),
      ...(index === 0 ? whole : whole.map(() => "")),
    ]);
  });
  const heads = columns.map(
    (head, index): MarkdownColumn => [head, index < 2 || index === 11 ? "left" : "right"],
  );
  return markdownTable(heads, rows);
}

/** A list of the runs that were no pass, each with its reasons; empty when there are none. */
export function troubleList(trials: readonly DrillTrial[]): string {
  return trials
    .filter(({ verdict }) => verdict !== "pass")
    .map(
      ({ drill, seed, verdict, reasons }) =>
        `- ${drill}, seed ${seed}: ${verdict}. ${oneLine(reasons)}\n`,
    )
    .join("");
}

/** The reason of a failed event has the lines of a program of the system in it. */
export function oneLine(reasons: readonly string[]): string {
  return reasons.join("; ").replace(/\s+/g, " ");
}

/** The length of a gap; `none` when the service went on. */
function timeOf(ms: number | null): string {
  if (ms === null) return "not back";
  return ms === 0 ? "none" : `${(ms / 1000).toFixed(2)} s`;
}
