import { streamOf } from "./executors-section.ts";
import { networkOf } from "./network-section.ts";
import type { Report, ScenarioExchange, ScenarioPhase, ScenarioStream } from "./scenario.ts";
import type { PhaseFile } from "./scenario-schema.ts";
import { ownEndMs, streamNameOf } from "./scenario-streams.ts";

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
  const streams = phase.streams.map((stream, index): ScenarioStream => {
    const { exchange, name, ...keys } = stream;
    const place = { exchange, ...(name === undefined ? {} : { name }) };
    return streamOf(place, keys, [...path, "streams", index], report);
  });
  checkNames(streams, path, report);
  checkStarts(phase, streams, path, report);
  return {
    name: phase.name,
    streams,
    until: untilOf(phase, streams, path, report),
    timeLimitMs: phase.timeLimit,
    drainMs: phase.drain,
    powerCycle: phase.powerCycle,
    ...(phase.network && { network: networkOf(phase.network) }),
  };
}

/** Streams that all end by themselves say how long their phase is. */
function untilOf(
  phase: PhaseFile,
  streams: readonly ScenarioStream[],
  path: Path,
  report: Report,
): ScenarioPhase["until"] {
  const { duration, until } = phase;
  const ends = streams.map(ownEndMs);
  const isNeeded = ends.includes(undefined);
  if (duration === undefined && until === undefined && !isNeeded) {
    return { durationMs: Math.max(...ends.map(Number)) };
  }
  if ((duration === undefined) === (until === undefined)) {
    const boots = streams.some(({ exchange }) => exchange === "boot");
    const goal = boots ? "all-online" : "all-bound";
    report(path, `needs exactly one of \`duration: 20 s\` and \`until: ${goal}\``);
  }
  return duration === undefined ? (until ?? "all-bound") : { durationMs: duration };
}

function checkNames(streams: readonly ScenarioStream[], path: Path, report: Report): void {
  const names = streams.map(streamNameOf);
  for (const [index, name] of names.entries()) {
    if (names.indexOf(name) === index) continue;
    report(
      [...path, "streams", index],
      `is the phase's second ${name} stream: join the two`,
      "or give one of them another name: `name: second`",
    );
  }
}

function checkStarts(
  phase: PhaseFile,
  streams: readonly ScenarioStream[],
  path: Path,
  report: Report,
): void {
  for (const [index, { kind, startAfterMs = 0 }] of streams.entries()) {
    const at = [...path, "streams", index];
    if (phase.duration !== undefined && startAfterMs >= phase.duration) {
      report([...at, "startAfter"], "is when the phase is over already");
    }
    if (kind === "churn" && phase.until !== undefined) {
      report([...at, "churn"], "goes on for ever, so the phase needs `duration: 20 s`");
    }
  }
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
