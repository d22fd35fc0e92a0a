import type { RunResult } from "../result/run-result.ts";
import type { Design } from "./permutation-test.ts";

/** What results must have in common to be compared, under the names that `--allow` takes. */
const traits = {
  scenario: { what: "scenario (SHA-256)", of: ({ scenario }) => scenario.sha256 },
  target: { what: "kind of target", of: ({ target }) => target.kind },
  durability: { what: "durability", of: ({ environment }) => environment.durability },
  cpu: {
    what: "processor",
    of: ({ environment: { cpu, cores } }) => `${cores} x ${cpu}`,
  },
  kernel: { what: "kernel", of: ({ environment }) => majorOf(environment.kernel) },
  node: { what: "Node", of: ({ environment }) => majorOf(environment.node) },
  socket: { what: "socket", of: ({ environment }) => environment.socket },
  workers: { what: "worker threads", of: ({ environment }) => String(environment.workers) },
} as const satisfies Readonly<
  Record<string, { readonly what: string; readonly of: (result: RunResult) => string }>
>;

export type Trait = keyof typeof traits;
export const traitNames = Object.keys(traits) as readonly Trait[];

/** A result and the path of its file. */
export interface NamedResult {
  readonly path: string;
  readonly result: RunResult;
}

/** The runs of both sides. */
export interface Sides {
  readonly base: readonly NamedResult[];
  readonly current: readonly NamedResult[];
}

/** The runs that can be compared, and the others with the reason: `is invalid: …`. */
export interface SortedSides extends Sides {
  readonly leftOut: readonly { readonly path: string; readonly why: string }[];
}

/**
 * Leaves out invalid runs, because their figures are not the server's; runs whose generator was late without harm to
 * the verdict, because their latencies are too high, like those of a slower server; and runs that were broken off. Of
 * pairs, which both sides have equally many of, the other run goes too.
 */
export function withoutUnusable({ base, current }: Sides, design: Design): SortedSides {
  const isUsable = (side: readonly NamedResult[]) => (run: NamedResult, index: number) =>
    whyUnusable(run) === undefined &&
    (design === "groups" || whyUnusable(side[index]!) === undefined);
  return {
    base: base.filter(isUsable(current)),
    current: current.filter(isUsable(base)),
    leftOut: [...base, ...current].flatMap((run) => {
      const why = whyUnusable(run);
      return why === undefined ? [] : [{ path: run.path, why }];
    }),
  };
}

/** Why a run cannot be compared: words that follow its path; undefined if it can. */
export function whyUnusable({ result }: NamedResult): string | undefined {
  if (result.verdict === "invalid") return `is invalid: ${result.reasons.join(" ")}`.trim();
  const { problems } = result.generator;
  if (problems.length > 0) return `is too inexact to compare: ${problems.join("; ")}`;
  return result.phases.length === 0 ? "has no phases: the run was broken off" : undefined;
}

/** What differs between the results that must not, one sentence each. Traits in `allowed` may differ. */
export function incomparable(
  { base, current }: Sides,
  allowed: ReadonlySet<Trait>,
): readonly string[] {
  const results = [...base, ...current];
  return traitNames.flatMap((name) => {
    if (allowed.has(name)) return [];
    const { what, of } = traits[name];
    const values = new Map<string, string>();
    for (const { path, result } of results) {
      const value = of(result);
      if (!values.has(value)) values.set(value, path);
    }
    if (values.size <= 1) return [];
    const list = [...values].map(([value, path]) => `${value} (${path})`).join(", ");
    return [`${what} differs: ${list}; --allow ${name} compares all the same`];
  });
}

/** The first number of a version: 20 of `v20.19.0`, 6 of `6.18.3-amd64`. */
function majorOf(version: string): string {
  return /\d+/.exec(version)?.[0] ?? version;
}
