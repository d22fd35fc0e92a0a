import type { RunResult } from "../result/run-result.ts";

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

/**
 * Why the results cannot be compared, one sentence each; empty when they can. Traits in `allowed` may
 * differ. An invalid run is never comparable, because its figures are not the server's; nor is a run
 * that was broken off.
 */
export function incomparable(
  results: readonly NamedResult[],
  allowed: ReadonlySet<Trait>,
): readonly string[] {
  const unusable = results.flatMap(({ path, result }) => {
    if (result.verdict === "invalid") {
      return [`${path} is invalid: ${result.reasons.join(" ")}`.trim()];
    }
    return result.phases.length === 0 ? [`${path} has no phases: the run was broken off`] : [];
  });
  const different = traitNames.flatMap((name) => {
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
  return [...unusable, ...different];
}

/** The first number of a version: 20 of `v20.19.0`, 6 of `6.18.3-amd64`. */
function majorOf(version: string): string {
  return /\d+/.exec(version)?.[0] ?? version;
}
