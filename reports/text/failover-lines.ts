import type { FailoverResult } from "../result/failover-result.ts";
import { failoverCells, failoverHead, failoverNotes, failoverWords } from "./failover-words.ts";
import { cut } from "./format.ts";
import { hanging, row } from "./text-lines.ts";

const NAME_WIDTH = 18;
const WIDTHS = [-NAME_WIDTH, 9, 9, 9, 9, 11, 13];
/** The terminal has the first events of many; every other format has all. */
const EVENTS_MAX = 20;

/** The events in 80 columns: a table, and below it the other effects of each event. */
export function failoverLines(failover: FailoverResult | undefined): string[] {
  if (failover === undefined || failover.events.length === 0) return [];
  const events = failover.events.slice(0, EVENTS_MAX);
  const more = failover.events.length - events.length;
  return [
    row(failoverHead, WIDTHS, ""),
    ...events.map((event) => {
      const [name, ...cells] = failoverCells(event);
      return row([cut(name!, NAME_WIDTH), ...cells], WIDTHS, "");
    }),
    ...(more > 0 ? [`and ${more} more`] : []),
    ...events.flatMap((event) => {
      const words = failoverWords(event);
      return words.length === 0 ? [] : hanging(`${event.name}: ${words.join("; ")}`, 4);
    }),
    ...failoverNotes(failover).flatMap((note) => hanging(note, 4)),
    "",
  ];
}
