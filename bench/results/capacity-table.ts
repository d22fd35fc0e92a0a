import { markdownTable } from "../../reports/text/markdown-table.ts";

/** What two searches of one server found. */
export interface FoundTwice {
  readonly name: string;
  readonly first: Found;
  readonly second: Found;
}

export interface Found {
  /** Null: it could not be searched, or kept nothing. */
  readonly maximumPerSecond: number | null;
  /** `found`, `bound`, `none`, `unsafe`, or why there is no result. */
  readonly verdict: string;
}

/** The second search confirms the first when they differ by this share at most. */
export const APART_MAX = 0.05;

/** How far apart the two are, as a share of the smaller; undefined without two answers. */
export function apart({ first, second }: FoundTwice): number | undefined {
  const [one, other] = [first.maximumPerSecond, second.maximumPerSecond];
  if (one === null || other === null) return undefined;
  return Math.abs(one - other) / Math.min(one, other);
}

/** Whether every server's own limit was found twice, within APART_MAX. */
export function isRepeated(rows: readonly FoundTwice[]): boolean {
  return rows.every((row) => {
    const distance = apart(row);
    const isFound = row.first.verdict === "found" && row.second.verdict === "found";
    return isFound && distance !== undefined && distance <= APART_MAX;
  });
}

/** GitHub-flavoured Markdown. */
export function capacityTable(rows: readonly FoundTwice[]): string {
  const rateOf = ({ maximumPerSecond, verdict }: Found): string => {
    if (maximumPerSecond === null) return verdict;
    const text = Math.round(maximumPerSecond).toLocaleString("en-US");
    return verdict === "found" ? text : `${text} (${verdict})`;
  };
  const cells = rows.map((row) => {
    const distance = apart(row);
    const percent = distance === undefined ? "-" : `${(100 * distance).toFixed(1)} %`;
    return [row.name, rateOf(row.first), rateOf(row.second), percent];
  });
  const figures = ["first, DORA/s", "again, DORA/s", "apart"];
  return markdownTable(
    [["server", "left"], ...figures.map((head) => [head, "right"] as const)],
    cells,
  );
}
