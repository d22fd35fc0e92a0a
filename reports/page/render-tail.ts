import { stallReasons } from "../../base/stall-reason.ts";
import { streamNameOf } from "../../scenarios/language/phase-plan.ts";
import type { PhaseResult, RunResult } from "../result/run-result.ts";
import type { SlowTransaction } from "../result/tail.ts";
import { formatMs, formatSpan, percentileCells, percentileName } from "../text/format.ts";
import { pauseWords } from "../text/tail-words.ts";
import { laneNames } from "./charts.ts";
import { escapeHtml, note, textTable } from "./html.ts";

const percentiles = ["p50", "p90", "p99", "p999", "max"] as const;

const stages = [
  ["in the kernel's queue", "queueMs"],
  ["deciding", "decideMs"],
  ["waiting for the commit", "commitMs"],
  ["of it the sync", "syncMs"],
  ["sending", "sendMs"],
] as const;

/** What the lanes below the latency are; "" without any. */
export function stallNote({ phases }: Pick<RunResult, "phases">): string {
  const stalls = phases.flatMap(({ server }) => server?.stalls ?? []);
  if (stalls.length === 0) return "";
  const lanes = stallReasons.flatMap((reason) => {
    const ms = stalls.filter((each) => each.reason === reason).map(({ durationMs }) => durationMs);
    if (ms.length === 0) return [];
    return [`${laneNames[reason]}: ${pauseWords[reason]}, at most ${formatSpan(Math.max(...ms))}`];
  });
  return note(
    `Below the latency, when answers of the server had to wait: ${lanes.map(escapeHtml).join("; ")}. Shown are the longest sync and the longest pause of each second, from 5 ms; the longer, the taller.`,
  );
}

/** Where the time of the bundled server's answers went, by phase; "" for somebody else's server. */
export function stageTable({ phases }: Pick<RunResult, "phases">): string {
  const rows = phases.flatMap(({ name, server }) =>
    server === undefined
      ? []
      : stages.map(([stage, spans], index) => [
          index === 0 ? name : "",
          stage,
          ...percentileCells(server[spans], percentiles),
        ]),
  );
  if (rows.length === 0) return "";
  const head = ["phase", "stage", ...percentiles.map(percentileName)];
  return `<div class="named">${textTable(head, rows)}</div>`;
}

/** The slowest transactions of each phase; "" where a result has none. */
export function slowestTables({ phases }: Pick<RunResult, "phases">): string {
  const tables = phases.flatMap((phase) => slowestTable(phase));
  if (tables.length === 0) return "";
  const hasAnswers = phases.some(({ server }) => server !== undefined);
  return `${tables.join("\n")}
${note(`In ms, the slowest first. Sent late: the generator's own delay. ${hasAnswers ? SERVER_NOTE : FOREIGN_NOTE}`)}`;
}

const SERVER_NOTE =
  "Queue to sending: the time of the server's answers to the device, and how much of it the server's loop stood still; without it the server answered in time.";
const FOREIGN_NOTE = "How the time passed inside the server is not known.";

function slowestTable({ name, slowest = [], server }: PhaseResult): string[] {
  if (slowest.length === 0) return [];
  const rows = slowest.map((slow) => [
    slow.mac,
    streamNameOf(slow),
    formatSpan(slow.intendedAtMs),
    formatMs(slow.latencyMs),
    formatMs(slow.slipMs),
    String(slow.retransmissions),
    ...(server === undefined ? [] : answerCells(slow)),
    slow.kind,
    String(slow.cmts),
  ]);
  const head = ["device", "exchange", "at", "latency", "sent late", "sent again"];
  const ofServer = server === undefined ? [] : answerParts.map(([what]) => what);
  return [
    `<h3>Phase ${escapeHtml(name)}</h3>
<div class="tight slowest">${textTable([...head, ...ofServer, "kind", "CMTS"], rows)}</div>`,
  ];
}

const answerParts = [
  ["queue", "queueMs"],
  ["deciding", "decideMs"],
  ["commit", "commitMs"],
  ["its sync", "syncMs"],
  ["sending", "sendMs"],
  ["stood still", "pausedMs"],
] as const;

/** A DISCOVER and a REQUEST have an answer each. */
function answerCells({ answers = [] }: SlowTransaction): string[] {
  return answerParts.map(([, part]) =>
    answers.length === 0 ? "-" : formatMs(answers.reduce((sum, answer) => sum + answer[part], 0)),
  );
}
