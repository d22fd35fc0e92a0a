import { z } from "zod";
import type { Path, Report } from "../yaml/problems.ts";
import { duration, inMs, name } from "../yaml/schema-parts.ts";
import { streamOf, streamSection } from "./executors-section.ts";
import { networkSection } from "./network-section.ts";
import {
  ownLengthMs,
  type PhasePlan,
  phaseGoals,
  type StreamExchange,
  type StreamPlan,
  streamNameOf,
} from "./phase-plan.ts";

const STREAMS_MAX = 8;

/** `phases:` of a scenario, one of them. */
export const phaseSection = inMs(
  z
    .strictObject({
      name: name.describe("How thresholds and reports call the phase."),
      streams: z
        .array(streamSection)
        .min(1)
        .max(STREAMS_MAX)
        .describe("Loads at the same time, on disjoint devices; each with an exchange of its own."),
      duration: duration.optional().describe("How long the phase lasts; or give until."),
      until: z
        .enum(phaseGoals)
        .optional()
        .describe("The goal that ends the phase; or give duration."),
      timeLimit: duration
        .prefault("10 min")
        .describe("When a phase with a goal ends at the latest, which fails the run."),
      drain: duration
        .prefault("5 s")
        .describe("How long the phase then waits for what is still on its way."),
      powerCycle: z
        .boolean()
        .default(false)
        .describe(
          "Whether devices of discover and boot streams lose power, and their leases, first.",
        ),
      network: networkSection.optional().describe("Instead of the scenario's own, in this phase."),
    })
    .describe("One part of the run; phases follow one another."),
  ...(["duration", "timeLimit", "drain"] as const),
);

type PhaseSection = z.output<typeof phaseSection>;

/** The phases in their order; reports what cannot be, in each of them and between them. */
export function phasesOf(phases: readonly PhaseSection[], report: Report): readonly PhasePlan[] {
  const earlier: PhasePlan[] = [];
  for (const [index, written] of phases.entries()) {
    const path = ["phases", index];
    const phase = phaseOf(written, path, report);
    if (earlier.some(({ name }) => name === phase.name)) {
      report([...path, "name"], `"${phase.name}" is taken by an earlier phase`);
    }
    checkDownload(phase, earlier, path, report);
    // A phase without an end, or with two, has no goal to check.
    if ((written.durationMs === undefined) !== (written.until === undefined)) {
      checkGoal(phase, earlier, path, report);
    }
    earlier.push(phase);
  }
  return earlier;
}

function phaseOf(phase: PhaseSection, path: Path, report: Report): PhasePlan {
  const streams = phase.streams.map((stream, index) =>
    streamOf(stream, [...path, "streams", index], report),
  );
  checkNames(streams, path, report);
  checkStarts(phase, streams, path, report);
  const { durationMs, ...rest } = phase;
  return { ...rest, streams, until: untilOf(phase, streams, path, report) };
}

/** Streams that all end by themselves say how long their phase is. */
function untilOf(
  phase: PhaseSection,
  streams: readonly StreamPlan[],
  path: Path,
  report: Report,
): PhasePlan["until"] {
  const { durationMs, until } = phase;
  const endMs = Math.max(
    ...streams.map((stream) => (stream.startAfterMs ?? 0) + ownLengthMs(stream)),
  );
  if (durationMs === undefined && until === undefined && endMs < Number.POSITIVE_INFINITY) {
    return { durationMs: endMs };
  }
  if ((durationMs === undefined) === (until === undefined)) {
    const boots = streams.some(({ exchange }) => exchange === "boot");
    const goal = boots ? "all-online" : "all-bound";
    report(path, `needs exactly one of \`duration: 20 s\` and \`until: ${goal}\``);
  }
  return durationMs === undefined ? (until ?? "all-bound") : { durationMs };
}

function checkNames(streams: readonly StreamPlan[], path: Path, report: Report): void {
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
  phase: PhaseSection,
  streams: readonly StreamPlan[],
  path: Path,
  report: Report,
): void {
  for (const [index, { kind, startAfterMs = 0 }] of streams.entries()) {
    const at = [...path, "streams", index];
    if (phase.durationMs !== undefined && startAfterMs >= phase.durationMs) {
      report([...at, "startAfter"], "is when the phase is over already");
    }
    if (kind === "churn" && phase.until !== undefined) {
      report([...at, "churn"], "goes on for ever, so the phase needs `duration: 20 s`");
    }
  }
}

/** A download needs devices that an earlier phase brought on line. */
function checkDownload(
  phase: PhasePlan,
  earlier: readonly PhasePlan[],
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

/** A phase with a goal that is never reached lasts for its whole time limit. */
function checkGoal(
  phase: PhasePlan,
  earlier: readonly PhasePlan[],
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

function has({ streams }: PhasePlan, wanted: StreamExchange): boolean {
  return streams.some(({ exchange }) => exchange === wanted);
}
