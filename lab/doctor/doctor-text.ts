import type { Distribution } from "../../reports/result/distribution.ts";
import { formatMs, formatSpan } from "../../reports/text/format.ts";
import { hanging, type Paint, plainText, printable, row } from "../../reports/text/text-lines.ts";
import type { Advice, CheckResult, DoctorResult } from "./finding.ts";
import { guideLoad } from "./guide-load.ts";

const NAME_WIDTH = 12;
const WIDTHS = [1 - NAME_WIDTH, -30, 8, 8, 9, 9];
const STATE_WIDTH = 9;

const states = {
  fine: { word: "ok", paint: "good" },
  slow: { word: "SLOW", paint: "bad" },
  unknown: { word: "unknown", paint: "warn" },
} as const;

/** What the waits of a check are. */
const waitWords: Readonly<Record<string, string>> = {
  disk: "a record, written and synced",
  loopback: "a datagram there and back",
  timers: "a wait of 1 ms is too long by",
};

/** What was found, in 80 columns: figures, what they mean, what to change. */
export function doctorText(result: DoctorResult, paint: Paint = plainText): string {
  const { machine, checks, forecast, durationMs } = result;
  const { cpu, cores, kernel, node } = machine;
  const about = `${cpu}, ${cores} ${cores === 1 ? "core" : "cores"}, Linux ${kernel}, Node ${node}`;
  const advice = checks.flatMap(({ id, advice }) =>
    advice.flatMap((each) => adviceLines(id, each)),
  );
  const lines = [
    ...hanging(`${about}; measured for ${formatSpan(durationMs)}`, 0),
    "",
    row(["", "", "p50 ms", "p99 ms", "p99.9 ms", "max ms"], WIDTHS),
    ...checks.flatMap(({ id, waitsMs }) =>
      waitsMs === undefined || waitsMs.count === 0
        ? []
        : [waitRow(id, waitWords[id] ?? "", waitsMs, formatMs(waitsMs.max))],
    ),
    "",
    ...checks.flatMap((each) => stateLines(each, paint)),
    ...(forecast === undefined
      ? []
      : [
          "",
          `${guideLoad.discoversPerSecond} Discovers and ${guideLoad.renewsPerSecond} Renews a second: no server is faster here than`,
          waitRow("", "a Discover", forecast.discover, ""),
          waitRow("", "a Renew", forecast.renew, ""),
        ]),
    ...(advice.length === 0 ? [] : ["", "What to change", ...advice]),
  ];
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}

function waitRow(id: string, words: string, waitsMs: Distribution, max: string): string {
  const { p50, p99, p999 } = waitsMs;
  return row([id, words, ...[p50, p99, p999].map(formatMs), max], WIDTHS);
}

/** Colours come last, because they would count as columns. */
function stateLines({ id, state, said }: CheckResult, paint: Paint): string[] {
  const { word, paint: colour } = states[state];
  const start = id.padEnd(NAME_WIDTH);
  const [first = "", ...more] = hanging(
    start + word.padEnd(STATE_WIDTH) + said,
    NAME_WIDTH + STATE_WIDTH,
  );
  return [start + paint[colour](word) + first.slice(NAME_WIDTH + word.length), ...more];
}

/** The command stands whole on a line of its own, to be copied. */
function adviceLines(id: string, { text, command }: Advice): string[] {
  const sentence = `${id.padEnd(NAME_WIDTH)}${text}${command === undefined ? "." : ":"}`;
  return [
    ...hanging(sentence, NAME_WIDTH),
    ...(command === undefined ? [] : [`${" ".repeat(NAME_WIDTH + 2)}${printable(command)}`]),
  ];
}
