import { z } from "zod";
import type { Report } from "../yaml/problems.ts";
import { atLeastOne, duration, inMs, name } from "../yaml/schema-parts.ts";
import {
  linkDirections,
  memberVerbs,
  nodeChoices,
  type PairAction,
  type PairEvent,
  type PairVerb,
  skewDirections,
  storeDirections,
} from "./pair-event.ts";
import type { PairPlan } from "./pair-section.ts";

const EVENTS_MAX = 200;
const STORE_MEMBERS = 3;

const node = z.enum(nodeChoices).describe("Which node; active and standby: as it is then.");
const member = atLeastOne(STORE_MEMBERS).describe(
  "Which member of etcd: 1 is beside node a, 2 beside node b, 3 the witness.",
);

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
  slowDisk: inMs(
    z.strictObject({ node, by: duration.describe("What each sync takes more, at most 10 s.") }),
    "by",
  )
    .optional()
    .describe("The disk of a node, and of the member beside it, is slow; needs strace."),
  slowStore: inMs(
    z.strictObject({ by: duration.describe("What each answer takes more, at most 10 s.") }),
    "by",
  )
    .optional()
    .describe("Every member of etcd answers late."),
  breakGateway: node.optional().describe("The gateway does not answer a node; needs namespaces."),
  skewClock: inMs(
    z.strictObject({
      node,
      by: duration.describe("How wrong the clock is."),
      direction: z.enum(skewDirections).default("ahead").describe("Which way it is wrong."),
    }),
    "by",
  )
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
        name: name
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

const verbs = Object.keys(actionShapes) as PairVerb[];

/** Verbs that leave nothing to undo. */
const finalVerbs: readonly PairVerb[] = ["start", "failback", "cleanUp"];
/** Verbs that only our own pair knows. */
const ownVerbs: readonly PairVerb[] = [
  "failback",
  "cleanUp",
  "cutStore",
  "slowStore",
  ...memberVerbs,
  "breakGateway",
];
/** Verbs that cut something that loopback does not have. */
export const namespaceVerbs: readonly PairVerb[] = ["cutLink", "cutStore", "breakGateway"];
const SLOW_MS_MAX = 10_000;

/** The events in their order; reports what no run could play. */
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
      const known = `of ${verbs.join(", ")}`;
      report(path, "needs exactly one thing that happens, such as `kill: active`", known);
      continue;
    }
    refuse(written, action, pair, phases, (at, ...told) => report([...path, ...at], ...told));
    const eventName = written.name ?? freeName(defaultName(action), events);
    if (events.some((earlier) => earlier.name === eventName)) {
      report([...path, "name"], `"${eventName}" is taken by an earlier event`);
    }
    events.push({ name: eventName, moment: momentOf(written), action, forMs: written.for });
  }
  return events;
}

/** Reports what is wrong with one event, by paths within it. */
function refuse(
  written: EventFile,
  action: PairAction,
  pair: PairPlan | undefined,
  phases: readonly { readonly name: string }[],
  report: Report,
): void {
  const { verb } = action;
  if ((written.at === undefined) === (written.phase === undefined)) {
    report([], "needs exactly one of `at: 20 s` and `phase: NAME`, the latter with `after: 5 s`");
  }
  if (written.after !== undefined && written.phase === undefined) {
    report(["after"], "goes with `phase: NAME`");
  }
  if (written.phase !== undefined && !phases.some(({ name }) => name === written.phase)) {
    report(["phase"], `"${written.phase}" is no phase of the scenario`);
  }
  if (written.for !== undefined && finalVerbs.includes(verb)) {
    report(["for"], `goes with a fault that can be undone, and ${verb} is none`);
  }
  const isSlow = action.verb === "slowDisk" || action.verb === "slowStore";
  if (isSlow && action.byMs > SLOW_MS_MAX) {
    report([verb, "by"], "is more than 10 s");
  }
  if (pair === undefined) return;
  if (pair.kind !== "provlab" && ownVerbs.includes(verb)) {
    report([verb], `is nothing that a pair of kind ${pair.kind} has`);
  }
  if (pair.network === "loopback" && namespaceVerbs.includes(verb)) {
    report([verb], "needs namespaces, and the pair is on loopback");
  }
}

/** Undefined unless the event has exactly one verb. */
function actionOf(written: EventFile): PairAction | undefined {
  const [verb, another] = verbs.filter((each) => written[each] !== undefined);
  if (verb === undefined || another !== undefined) return undefined;
  const value = written[verb];
  if (value === true) return { verb } as PairAction;
  if (typeof value === "object") return { verb, ...value } as PairAction;
  const object = typeof value === "number" ? { member: value } : { node: value };
  return { verb, ...object } as PairAction;
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

/** A name that no earlier event has: the second one is numbered 2. */
function freeName(wanted: string, events: readonly PairEvent[]): string {
  const taken = (name: string): boolean => events.some((event) => event.name === name);
  if (!taken(wanted)) return wanted;
  let number = 2;
  while (taken(`${wanted}-${number}`)) number += 1;
  return `${wanted}-${number}`;
}
