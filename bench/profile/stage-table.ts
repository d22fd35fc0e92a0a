import { markdownTable } from "../../reports/text/markdown-table.ts";
import { collectorStage, idleStage, otherStage, type StageRule } from "./stages.ts";

export interface StageRow {
  readonly stage: string;
  /** Wall time of the thread, nanoseconds a packet. */
  readonly nsPerPacket: number;
  /** Percent of the time that was not idle. */
  readonly percent: number;
}

/** Rows in the order of the rules, then the collector and the rest; stages that never ran are left out. */
export function stageRows(
  times: ReadonlyMap<string, number>,
  packets: number,
  rules: readonly StageRule[],
): readonly StageRow[] {
  if (packets <= 0) throw new Error("no packet passed while the profile was taken");
  const order = new Set([...packetWay, ...rules.map(({ stage }) => stage)]);
  for (const last of [collectorStage, otherStage]) order.add(last);
  order.delete(idleStage);
  const busyMicros = [...order].reduce((sum, stage) => sum + (times.get(stage) ?? 0), 0);
  return [...order].flatMap((stage) => {
    const micros = times.get(stage) ?? 0;
    if (micros === 0) return [];
    return [
      { stage, nsPerPacket: (micros * 1000) / packets, percent: (100 * micros) / busyMicros },
    ];
  });
}

/** The order of a packet's way, in both programs. */
const packetWay = [
  ...["receive", "admit", "decode", "classify", "decide"],
  ...["commit", "sync", "encode", "send"],
];

/** A Markdown table of the rows and their sum. */
export function stageTable(rows: readonly StageRow[]): string {
  const sum = rows.reduce((total, { nsPerPacket }) => total + nsPerPacket, 0);
  const all = { stage: "**all**", nsPerPacket: sum, percent: 100 };
  return markdownTable(
    [
      ["stage", "left"],
      ["ns a packet", "right"],
      ["% of busy time", "right"],
    ],
    [...rows, all].map(({ stage, nsPerPacket, percent }) => [
      ...[stage, Math.round(nsPerPacket).toLocaleString("en-US"), percent.toFixed(1)],
    ]),
  );
}
