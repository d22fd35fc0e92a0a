import type { StallReason } from "../../base/stall-reason.ts";
import type { RunResult } from "../result/run-result.ts";
import { formatCount, formatSpan, quoted } from "./format.ts";
import { labelled } from "./text-lines.ts";

/** Shorter ones do not spoil a run. */
const STALL_MS_MIN = 50;
/** Above this, other programs and not the load make the generator late. */
const STARVED_PERCENT_MIN = 2;

/**
 * What of this machine a run suffered from, which `prov doctor` looks into. Empty for a run that suffered from nothing,
 * and for one that other machines played.
 */
function machineTroubles({ phases, generator, segments }: RunResult): readonly string[] {
  if (segments !== undefined) return [];
  const { socketDrops, starvedPercentMax = 0, problems } = generator;
  const longestMs = (reasons: readonly StallReason[]): number => {
    const stalls = phases.flatMap(({ server }) => server?.stalls ?? []);
    const own = stalls.filter(({ reason }) => reasons.includes(reason));
    return Math.max(0, ...own.map(({ durationMs }) => durationMs));
  };
  const [syncMs, pauseMs] = [longestMs(["sync"]), longestMs(["processor", "stopped"])];
  const found: readonly (readonly [isFound: boolean, what: string])[] = [
    [syncMs >= STALL_MS_MIN, `a sync of the disk took ${formatSpan(syncMs)}`],
    [pauseMs >= STALL_MS_MIN, `the server had no processor for ${formatSpan(pauseMs)}`],
    [
      problems.length > 0 && starvedPercentMax >= STARVED_PERCENT_MIN,
      `the generator had no processor for ${Math.round(starvedPercentMax)} % of the time`,
    ],
    [socketDrops > 0, `receive buffers lost ${formatCount(socketDrops)} replies`],
  ];
  return found.flatMap(([isFound, what]) => (isFound ? [what] : []));
}

/** The trouble, and the command that looks into it, on the disk that holds the run's files. */
export function machineLines(result: RunResult, files: readonly string[]): string[] {
  const troubles = machineTroubles(result);
  if (troubles.length === 0) return [];
  const folder = files[0]?.replace(/\/?[^/]*$/, "") ?? "";
  const command = ["npx prov doctor", ...(folder === "" ? [] : [quoted(folder)])].join(" ");
  return [
    ...labelled("machine", `${troubles.join(", ")}; what it can do now:`),
    ...labelled("", command),
  ];
}
