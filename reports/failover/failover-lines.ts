import { cut } from "../text/format.ts";
import { hanging, printable } from "../text/text-lines.ts";
import type { FailoverResult } from "./failover-result.ts";
import { failoverCells, failoverHead, failoverNotes, failoverWords } from "./failover-words.ts";

const WIDTHS = [18, 9, 9, 9, 9, 11, 13];
/** Of a run with many events the terminal has the first ones; every other format has all. */
const EVENTS_MAX = 20;

/** The events in 80 columns: a table, and below it what each one did besides. */
export function failoverLines(failover: FailoverResult | undefined): string[] {
  if (failover === undefined || failover.events.length === 0) return [];
  const events = failover.events.slice(0, EVENTS_MAX);
  const more = failover.events.length - events.length;
  return [
    row(failoverHead),
    ...events.map((event) => row(failoverCells(event))),
    ...(more > 0 ? [`and ${more} more`] : []),
    ...events.flatMap((event) => {
      const words = failoverWords(event);
      return words.length === 0 ? [] : hanging(`${event.name}: ${words.join("; ")}`, 4);
    }),
    ...failoverNotes(failover).flatMap((note) => hanging(note, 4)),
    "",
  ];
}

function row(cells: readonly string[]): string {
  const padded = cells.map((cell, column) => {
    const width = WIDTHS[column]!;
    return column === 0 ? cut(cell, width).padEnd(width) : cell.padStart(width);
  });
  return printable(padded.join(""));
}
