import type { RunResult } from "../result/run-result.ts";
import { type SlowStep, slowStepsOf } from "../result/slow-step.ts";
import { formatCount, formatSpan } from "./format.ts";

/** The most lines of a run; the waterfall of the page has every step. */
const LINES_MAX = 5;

const stepNames: Readonly<Record<string, string>> = {
  modem: "waiting for its modem",
  dhcp: "DHCP",
  time: "Time",
  ntp: "NTP",
  tftp: "TFTP",
  check: "the check of its file",
  syslog: "Syslog",
};

/**
 * Where the time to on line went, where one step took most of it: `connect, cable-modem: p50 7.0 s: 7.0 s of it Time,
 * which 3,000 of 3,000 boots went on without`.
 */
export function slowStepLines({ phases }: Pick<RunResult, "phases">): string[] {
  return phases
    .flatMap(({ name, boot }) =>
      boot === undefined ? [] : slowStepsOf(boot).map((slow) => `${name}, ${lineOf(slow)}`),
    )
    .slice(0, LINES_MAX);
}

function lineOf({ kind, percentile, onlineMs, step, stepMs, boots, passedOver }: SlowStep): string {
  const took = `${formatSpan(stepMs)} of it ${stepNames[step] ?? step}`;
  const without =
    passedOver === 0
      ? ""
      : `, which ${formatCount(passedOver)} of ${formatCount(boots)} boots went on without`;
  return `${kind}: ${percentile} ${formatSpan(onlineMs)}: ${took}${without}`;
}
