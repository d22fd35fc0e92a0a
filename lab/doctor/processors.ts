import { formatMs } from "../../reports/text/format.ts";
import type { Advice, Finding } from "./finding.ts";

/** What became of threads that only read the clock, one for the server and one for the generator. */
export interface ProcessorFigures {
  readonly cores: number;
  /** Share of the time in which they did not run. */
  readonly takenPercent: number;
  /** The longest time at once. */
  readonly takenMsMax: number;
  /** The part of `takenPercent` in which programs of this machine ran; undefined where Linux does not say. */
  readonly waitedPercent: number | undefined;
  /** Share of this machine's processor time that its host gave to others. */
  readonly stealPercent: number | undefined;
  /** The part in which a quota of the container held them. */
  readonly throttledPercent: number | undefined;
  /** Other programs by their use of a core, the busiest first. */
  readonly busiest: readonly BusyProgram[];
}

export interface BusyProgram {
  readonly pid: number;
  readonly name: string;
  readonly cpuPercent: number;
}

/** One for the server and one for the generator. */
const CORES_MIN = 2;
const TAKEN_PERCENT_MAX = 2;
const TAKEN_MS_MAX = 10;
const NOTICED_PERCENT = 1;
const BUSY_PERCENT_MIN = 2;
const PROGRAMS_SHOWN = 3;

export function judgeProcessors(figures: ProcessorFigures): Finding {
  const { cores, takenPercent, takenMsMax } = figures;
  const said = `${cores} ${cores === 1 ? "core" : "cores"}; taken away for ${takenPercent.toFixed(1)} % of the time, at most ${formatMs(takenMsMax)} ms at once`;
  const isTaken = takenPercent > TAKEN_PERCENT_MAX || takenMsMax > TAKEN_MS_MAX;
  const advice = [
    ...(cores < CORES_MIN
      ? [{ text: "Server and generator share one core: take a machine with two or more" }]
      : []),
    ...(isTaken ? whoTook(figures) : []),
  ];
  return { state: isTaken || cores < CORES_MIN ? "slow" : "fine", said, advice };
}

/** In the order in which they can be mended without anybody's help. */
function whoTook(figures: ProcessorFigures): Advice[] {
  const { waitedPercent = 0, stealPercent = 0, throttledPercent = 0 } = figures;
  const advice: Advice[] = [];
  if (waitedPercent >= NOTICED_PERCENT) {
    const busy = figures.busiest
      .filter(({ cpuPercent }) => cpuPercent >= BUSY_PERCENT_MIN)
      .slice(0, PROGRAMS_SHOWN);
    const names = busy.map(({ name, cpuPercent }) => `${name} ${cpuPercent.toFixed(0)} %`);
    advice.push(
      busy.length === 0
        ? { text: "Many small programs of this machine had them: stop what can be stopped" }
        : {
            text: `Other programs had them (of a core: ${names.join(", ")}): stop them, or make them wait`,
            command: `renice -n 19 -p ${busy.map(({ pid }) => pid).join(" ")}`,
          },
    );
  }
  if (throttledPercent >= NOTICED_PERCENT) {
    advice.push({
      text: `The container's quota held programs for ${throttledPercent.toFixed(0)} % of the time: raise it (docker run --cpus)`,
    });
  }
  if (stealPercent >= NOTICED_PERCENT) {
    advice.push({
      text: `The host gave ${stealPercent.toFixed(0)} % of the processors' time to other machines (steal): nothing here mends that, a machine with processors of its own does`,
    });
  }
  return advice.length > 0
    ? advice
    : [{ text: "Neither this machine's programs nor its host say who had them: try again later" }];
}
