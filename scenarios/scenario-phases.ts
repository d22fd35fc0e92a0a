import { networkOf } from "./network-section.ts";
import type { Report, ScenarioExchange, ScenarioPhase, ScenarioStream } from "./scenario.ts";
import type { PhaseFile } from "./scenario-schema.ts";

type Path = readonly (string | number)[];

/** The phases in their order; tells what cannot be, in each of them and between them. */
export function phasesOf(phases: readonly PhaseFile[], report: Report): readonly ScenarioPhase[] {
  const earlier: ScenarioPhase[] = [];
  for (const [index, written] of phases.entries()) {
    const path = ["phases", index];
    const phase = phaseOf(written, path, report);
    if (earlier.some(({ name }) => name === phase.name)) {
      report([...path, "name"], `"${phase.name}" is taken by an earlier phase`);
    }
    checkDownload(phase, earlier, path, report);
    // Without an end, or with two, there is nothing that could be reached.
    if ((written.duration === undefined) !== (written.until === undefined)) {
      checkGoal(phase, earlier, path, report);
    }
    earlier.push(phase);
  }
  return earlier;
}

function phaseOf(phase: PhaseFile, path: Path, report: Report): ScenarioPhase {
  if ((phase.duration === undefined) === (phase.until === undefined)) {
    const boots = phase.streams.some(({ exchange }) => exchange === "boot");
    const goal = boots ? "all-online" : "all-bound";
    report(path, `needs exactly one of \`duration: 20 s\` and \`until: ${goal}\``);
  }
  const streams = phase.streams.map((stream, index): ScenarioStream => {
    const { exchange, ratePerSecond, allWithin, outstanding } = stream;
    const given = [ratePerSecond, allWithin, outstanding].filter((value) => value !== undefined);
    if (given.length !== 1) {
      report(
        [...path, "streams", index],
        "needs exactly one of `ratePerSecond: 300`, `allWithin: 10 s` and `outstanding: 256`",
      );
    }
    if (outstanding !== undefined) return { kind: "outstanding", exchange, outstanding };
    if (ratePerSecond !== undefined) return { kind: "rate", exchange, ratePerSecond };
    return { kind: "all-at-once", exchange, withinMs: allWithin ?? 0 };
  });
  const exchanges = streams.map(({ exchange }) => exchange);
  for (const [index, exchange] of exchanges.entries()) {
    if (exchanges.indexOf(exchange) === index) continue;
    report([...path, "streams", index], `is the phase's second ${exchange} stream: join the two`);
  }
  return {
    name: phase.name,
    streams,
    until:
      phase.duration === undefined ? (phase.until ?? "all-bound") : { durationMs: phase.duration },
    timeLimitMs: phase.timeLimit,
    drainMs: phase.drain,
    powerCycle: phase.powerCycle,
    ...(phase.network && { network: networkOf(phase.network) }),
  };
}

/** Who is on line before a phase came on line in an earlier one. */
function checkDownload(
  phase: ScenarioPhase,
  earlier: readonly ScenarioPhase[],
  path: Path,
  report: Report,
): void {
  const index = phase.streams.findIndex(({ exchange }) => exchange === "download");
  if (index < 0 || earlier.some((before) => has(before, "boot"))) return;
  report(
    [...path, "streams", index, "exchange"],
    "needs devices that are on line when the phase begins, and no earlier phase boots any",
    "before it, a phase with `exchange: boot` and `until: all-online`",
  );
}

/** A goal that is never reached lasts for the whole time limit; one that is reached already, not at all. */
function checkGoal(
  phase: ScenarioPhase,
  earlier: readonly ScenarioPhase[],
  path: Path,
  report: Report,
): void {
  if (phase.until === "all-bound" && !has(phase, "discover") && !has(phase, "boot")) {
    report(
      [...path, "until"],
      "is all-bound, but no stream of the phase gives a device its lease",
      "say how long: `duration: 20 s`",
    );
  }
  if (phase.until !== "all-online") return;
  if (!has(phase, "boot")) {
    const hasDiscover = has(phase, "discover");
    report(
      [...path, "until"],
      "is all-online, but no stream of the phase boots a device",
      hasDiscover
        ? "`exchange: boot` instead of discover, or `until: all-bound`"
        : "say how long: `duration: 20 s`",
    );
    return;
  }
  const discover = phase.streams.findIndex(({ exchange }) => exchange === "discover");
  if (discover >= 0) {
    report(
      [...path, "streams", discover, "exchange"],
      "takes devices that stay without their boot, so they are never all on line",
      "leave the stream out, or say how long: `duration: 20 s`",
    );
  }
  if (phase.powerCycle) return;
  const holder = earlier.find((before) => has(before, "discover") || before.until === "all-online");
  if (holder === undefined) return;
  report(
    [...path, "until"],
    `is all-online, but the devices that hold a lease since phase ${holder.name} do not boot again`,
    "`powerCycle: true`",
  );
}

function has({ streams }: ScenarioPhase, wanted: ScenarioExchange): boolean {
  return streams.some(({ exchange }) => exchange === wanted);
}
