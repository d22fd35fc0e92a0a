import { collectorStage, idleStage, otherStage, type StageRule } from "./stages.ts";

export interface StageRow {
  readonly stage: string;
  /** Wall time of the thread that it took, nanoseconds a packet. */
  readonly nsPerPacket: number;
  /** Of the time that was not idle, percent. */
  readonly percent: number;
}

/** Rows in the order of the rules, then the collector and the rest; what never ran is left out. */
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

/** The way of a packet, for both programs. */
const packetWay = [
  ...["receive", "admit", "decode", "classify", "decide"],
  ...["commit", "sync", "encode", "send"],
];

/** A GitHub table of the rows and their sum. */
export function stageTable(rows: readonly StageRow[]): string {
  const sum = rows.reduce((total, { nsPerPacket }) => total + nsPerPacket, 0);
  const line = (stage: string, ns: number, percent: number): string =>
    `| ${stage} | ${Math.round(ns).toLocaleString("en-US")} | ${percent.toFixed(1)} |`;
  return [
    "| stage | ns a packet | % of busy time |",
    "|---|---:|---:|",
    ...rows.map(({ stage, nsPerPacket, percent }) => line(stage, nsPerPacket, percent)),
    line("**all**", sum, 100),
    "",
  ].join("\n");
}
