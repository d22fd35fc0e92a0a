import { existsSync } from "node:fs";
import { namespaceVerbs } from "../scenarios/language/events-section.ts";
import type { PairEvent, PairVerb } from "../scenarios/language/pair-event.ts";
import type { PairPlan } from "../scenarios/language/pair-section.ts";
import { hasTool, namespacesMissing } from "./machine/ip-command.ts";

const fakeTimeLibraries = ["x86_64-linux-gnu", "aarch64-linux-gnu", "."].map(
  (folder) => `/usr/lib/${folder}/faketime/libfaketimeMT.so.1`,
);

/** libfaketime for programs with threads; undefined when it is not installed. */
export function fakeTimeLibrary(): string | undefined {
  return fakeTimeLibraries.find((path) => existsSync(path));
}

/** Whether the nodes of a pair get their own namespaces. */
export function takesNamespaces({ network }: PairPlan): boolean {
  return network !== "loopback" && namespacesMissing() === undefined;
}

/** Whether an address moves with the service. `missingFor` reports one that is impossible here. */
export function takesServiceAddress(pair: PairPlan): boolean {
  return pair.kind === "provlab" && pair.serviceAddress !== false && takesNamespaces(pair);
}

/** Why a pair or an event is impossible on this machine, in a sentence; undefined when all is possible. */
export function missingFor(pair: PairPlan, events: readonly PairEvent[]): string | undefined {
  const missing = toolsMissing(pair);
  if (missing !== undefined) return `pair: ${missing}`;
  for (const { name, action } of events) {
    const reason = missingForVerb(pair, action.verb);
    if (reason !== undefined) return `event ${name} (${action.verb}): ${reason}`;
  }
  return undefined;
}

/** The same for one verb, if the pair itself is possible. */
export function missingForVerb(pair: PairPlan, verb: PairVerb): string | undefined {
  return needs.find(({ verbs }) => verbs.includes(verb))?.missing(pair);
}

function toolsMissing(pair: PairPlan): string | undefined {
  if (process.platform !== "linux") return "a lab with a pair needs Linux";
  if (!hasTool("setpriv")) return "the command `setpriv` (Debian: util-linux) is missing";
  if (pair.kind === "provlab" && !hasTool("etcd")) {
    return "the program `etcd` (Debian: etcd-server) is missing; a pair keeps its leases there";
  }
  const needsSpaces =
    pair.network === "namespaces" || pair.kind !== "provlab" || pair.serviceAddress === true;
  return needsSpaces ? namespacesMissing() : undefined;
}

interface Need {
  readonly verbs: readonly PairVerb[];
  readonly missing: (pair: PairPlan) => string | undefined;
}

const needs: readonly Need[] = [
  {
    verbs: namespaceVerbs,
    missing: (pair) =>
      takesNamespaces(pair) ? undefined : `nothing can be cut here: ${namespacesMissing()}`,
  },
  {
    verbs: ["fillDisk"],
    missing: () =>
      process.getuid?.() === 0 ? undefined : "a disk of its own for a node (tmpfs) needs root",
  },
  {
    verbs: ["slowDisk"],
    missing: () =>
      hasTool("strace", "-V") ? undefined : "the command `strace` (Debian: strace) is missing",
  },
  {
    verbs: ["skewClock"],
    missing: () =>
      fakeTimeLibrary() === undefined ? "libfaketime (Debian: libfaketime) is missing" : undefined,
  },
];
