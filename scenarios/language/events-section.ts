import { z } from "zod";
import {
  linkDirections,
  memberVerbs,
  nodeChoices,
  nodeVerbs,
  type PairAction,
  type PairEvent,
  type PairVerb,
  storeDirections,
} from "./pair-event.ts";
import type { PairPlan } from "./pair-section.ts";
import type { Report } from "./scenario.ts";
import { duration } from "./schema-parts.ts";

const EVENTS_MAX = 200;
const STORE_MEMBERS = 3;

const node = z.enum(nodeChoices).describe("Which node; active and standby: as it is then.");
const member = z
  .number()
  .int()
  .min(1)
  .max(STORE_MEMBERS)
  .describe("Which member of etcd: 1 is beside node a, 2 beside node b, 3 the witness.");

const actionShapes = {
  kill: node.optional().describe("SIGKILL of a node's server; with for, it is started again."),
  pause: node.optional().describe("SIGSTOP of a node's server; with for, SIGCONT after that."),
  stop: node.optional().describe("SIGTERM of a node's server; with for, it is started again."),
  start: node.optional().describe("A node's server that has ended is started on its old files."),
  cutLink: z
    .strictObject({
      link: z
        .union([z.literal(1), z.literal(2)])
        .optional()
        .describe("Which link between the nodes; default: both."),
      direction: z.enum(linkDirections).default("both").describe("Whose packets are lost."),
    })
    .optional()
    .describe("A link between the nodes is cut; needs namespaces."),
  cutStore: z
    .strictObject({
      node,
      direction: z.enum(storeDirections).default("both").describe("Which packets are lost."),
    })
    .optional()
    .describe(
      "A node, and the member beside it, are cut from the other members of etcd; needs namespaces.",
    ),
  killStore: member.optional().describe("SIGKILL of a member; with for, it is started again."),
  pauseStore: member.optional().describe("SIGSTOP of a member; with for, SIGCONT after that."),
  fillDisk: node.optional().describe("No space is left on the disk of a node; needs root."),
  slowDisk: z
    .strictObject({ node, by: duration.describe("What each sync takes more, at most 10 s.") })
    .optional()
    .describe("The disk of a node, and of the member beside it, is slow; needs strace."),
  breakGateway: node.optional().describe("The gateway does not answer a node; needs namespaces."),
  skewClock: z
    .strictObject({
      node,
      by: duration.describe("How wrong the clock is."),
      direction: z.enum(["ahead", "behind"]).default("ahead").describe("Which way it is wrong."),
    })
    .optional()
    .describe("The wall clock of a node is wrong; needs libfaketime."),
  failback: z
    .literal(true, { error: "write `failback: true`" })
    .optional()
    .describe("The active node hands the service back."),
  cleanUp: node.optional().describe("The failed actions of a node are cleaned up (OPS-13)."),
};

/** `events:` of a scenario. */
export const eventsSection = z
  .array(
    z
      .strictObject({
        name: z
          .string()
          .regex(/^[a-z][a-z0-9-]{0,39}$/, "use lower-case letters, digits and hyphens, at most 40")
          .optional()
          .describe("How reports call it; default: what it does, such as kill-active."),
        at: duration.optional().describe("When, from the start of the run; or give phase."),
        phase: z.string().optional().describe("The phase from whose start the time is counted."),
        after: duration.optional().describe("When, from the start of the phase; default: at once."),
        for: duration.optional().describe("It is undone after that; default: never."),
        ...actionShapes,
      })
      .describe("One event: when, and exactly one key that says what."),
  )
  .max(EVENTS_MAX)
  .default([])
  .describe("What is done to the pair, and when.");

type EventFile = z.infer<typeof eventsSection>[number];

/** There is nothing to undo. */
const finalVerbs: readonly PairVerb[] = ["start", "failback", "cleanUp"];
/** Of our own pair alone. */
const ownVerbs: readonly PairVerb[] = [
  "failback",
  "cleanUp",
  "cutStore",
  ...memberVerbs,
  "breakGateway",
];
/** They cut something that loopback does not have. */
export const namespaceVerbs: readonly PairVerb[] = ["cutLink", "cutStore", "breakGateway"];
const SLOW_DISK_MS_MAX = 10_000;

/** The events in their order; tells what no run could play. */
export function eventsOf(
  section: readonly EventFile[],
  pair: PairPlan | undefined,
  phases: readonly { readonly name: string }[],
  report: Report,
): readonly PairEvent[] {
  if (section.length > 0 && pair === undefined) {
    report(["events"], "are done to a pair, and the scenario has none", "`pair: {}`");
  }
  const events: PairEvent[] = [];
  for (const [index, written] of section.entries()) {
    const path = ["events", index];
    const action = actionOf(written);
    if (action === undefined) {
      const verbs = Object.keys(actionShapes).join(", ");
      report(path, "needs exactly one thing that happens, such as `kill: active`", `of ${verbs}`);
      continue;
    }
    const { verb } = action;
    const checked = { path, verb, written, report };
    refuse(checked, pair, phases, action);
    const name = written.name ?? freeName(defaultName(action), events);
    if (events.some((earlier) => earlier.name === name)) {
      report([...path, "name"], `"${name}" is taken by an earlier event`);
    }
    events.push({ name, moment: momentOf(written), action, forMs: written.for });
  }
  return events;
}

interface Checked {
  readonly path: readonly (string | number)[];
  readonly verb: PairVerb;
  readonly written: EventFile;
  readonly report: Report;
}

function refuse(
  { path, verb, written, report }: Checked,
  pair: PairPlan | undefined,
  phases: readonly { readonly name: string }[],
  action: PairAction,
): void {
  if ((written.at === undefined) === (written.phase === undefined)) {
    report(path, "needs exactly one of `at: 20 s` and `phase: NAME`, the latter with `after: 5 s`");
  }
  if (written.after !== undefined && written.phase === undefined) {
    report([...path, "after"], "goes with `phase: NAME`");
  }
  if (written.phase !== undefined && !phases.some(({ name }) => name === written.phase)) {
    report([...path, "phase"], `"${written.phase}" is no phase of the scenario`);
  }
  if (written.for !== undefined && finalVerbs.includes(verb)) {
    report([...path, "for"], `goes with a fault that can be undone, and ${verb} is none`);
  }
  if (action.verb === "slowDisk" && action.delayMs > SLOW_DISK_MS_MAX) {
    report([...path, verb, "by"], "is more than 10 s");
  }
  if (pair === undefined) return;
  if (pair.kind !== "provlab" && ownVerbs.includes(verb)) {
    report([...path, verb], `is nothing that a pair of kind ${pair.kind} has`);
  }
  if (pair.network === "loopback" && namespaceVerbs.includes(verb)) {
    report([...path, verb], "needs namespaces, and the pair is on loopback");
  }
}

/** Undefined unless the event has exactly one verb. */
function actionOf(written: EventFile): PairAction | undefined {
  const given = (Object.keys(actionShapes) as (keyof typeof actionShapes)[]).filter(
    (key) => written[key] !== undefined,
  );
  if (given.length !== 1) return undefined;
  const { cutLink, cutStore, slowDisk, skewClock } = written;
  for (const verb of nodeVerbs) {
    const chosen = written[verb];
    if (chosen !== undefined) return { verb, node: chosen };
  }
  for (const verb of memberVerbs) {
    const chosen = written[verb];
    if (chosen !== undefined) return { verb, member: chosen };
  }
  if (cutLink !== undefined) {
    const links = cutLink.link === undefined ? ([1, 2] as const) : [cutLink.link];
    return { verb: "cutLink", links, direction: cutLink.direction };
  }
  if (cutStore !== undefined) return { verb: "cutStore", ...cutStore };
  if (slowDisk !== undefined)
    return { verb: "slowDisk", node: slowDisk.node, delayMs: slowDisk.by };
  if (skewClock !== undefined) {
    const offsetMs = skewClock.direction === "ahead" ? skewClock.by : -skewClock.by;
    return { verb: "skewClock", node: skewClock.node, offsetMs };
  }
  return { verb: "failback" };
}

function momentOf({ at, phase, after = 0 }: EventFile): PairEvent["moment"] {
  if (phase !== undefined) return { kind: "phase", phase, afterMs: after };
  return { kind: "run", atMs: at ?? 0 };
}

function defaultName(action: PairAction): string {
  const verb = action.verb.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  if ("node" in action) return `${verb}-${action.node}`;
  return "member" in action ? `${verb}-${action.member}` : verb;
}

/** A name that nobody has: the second one is numbered 2. */
function freeName(wanted: string, events: readonly PairEvent[]): string {
  const taken = (name: string): boolean => events.some((event) => event.name === name);
  if (!taken(wanted)) return wanted;
  let number = 2;
  while (taken(`${wanted}-${number}`)) number += 1;
  return `${wanted}-${number}`;
}
