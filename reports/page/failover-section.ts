import type { RunResult } from "../result/run-result.ts";
import {
  failoverCells,
  failoverHead,
  failoverNotes,
  failoverWords,
} from "../text/failover-words.ts";
import { escapeHtml, note, table } from "./html.ts";
import { timeline } from "./timeline.ts";

/** The timeline, and below it the effects of each event; "" for a run in which nothing happened. */
export function failoverSection({ failover, durationMs }: RunResult): string {
  if (failover === undefined) return "";
  const rows = failover.events.map((event, index) => [
    String(index + 1),
    ...failoverCells(event).map(escapeHtml),
  ]);
  const items = failover.events.map((event) => {
    const what = event.outcome === undefined ? event.text : `${event.text}: ${event.outcome}`;
    const besides = failoverWords(event).map((words) => `; ${words}`);
    return `<li>${escapeHtml(what)}<span>${escapeHtml(besides.join(""))}</span></li>`;
  });
  const events =
    rows.length === 0 ? "" : `${table(["", ...failoverHead], rows)}<ol>${items.join("\n")}</ol>`;
  const notes = failoverNotes(failover).map((each) => note(escapeHtml(each)));
  return `${timeline(failover, durationMs)}
<div class="failover">${events}</div>${notes.join("")}
${note(
  "RTO: from the last ACK before to the first one after, of any server. Affected: devices that waited longer than 100 ms, or had to send again; their outage counts from the first intended send without an answer. Steady: answered share and p99 as before, for three seconds. The guide's pair takes 30 s, 18 s of them to detect (HA-8), and 12 s back (HA-15).",
)}`;
}
