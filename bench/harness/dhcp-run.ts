import type { Workload } from "../contenders/dhcp-contender.ts";
import { population, type SearchSteps } from "./bench-plan.ts";
import type { ContenderRun } from "./contender-run.ts";
import type { RateResult } from "./rate-result.ts";
import type { ServedDevices } from "./server-start.ts";
import { ServerUnderLoad } from "./server-under-load.ts";

/** Starts a server, measures it, and stops it in any case. */
export async function withServer<Result>(
  run: ContenderRun,
  served: ServedDevices,
  measure: (server: ServerUnderLoad) => Promise<Result>,
): Promise<Result> {
  const { bench, contender } = run;
  const server = await ServerUnderLoad.start(bench, contender, served, {
    ...{ settings: bench.plan.trial, onProgress: bench.onProgress },
  });
  try {
    return await measure(server);
  } finally {
    run.addViolations(server.violations);
    await server.stop();
  }
}

/** A rate to load it at where any will do: its capacity, or the lowest that was tried. */
export async function paceOf(run: ContenderRun, workload: Workload): Promise<number> {
  const { maximumPerSecond, trials } = await capacityOf(run, workload);
  return maximumPerSecond ?? Math.min(...trials.map(({ ratePerSecond }) => ratePerSecond));
}

/** Keeps what a search found, as a yardstick from now on. */
export function learnCapacity(run: ContenderRun, workload: Workload, found: RateResult): void {
  run.bench.capacities.set(keyOf(run, workload), found);
}

/** Where a search may begin, and in which steps. */
export function searchFrom(
  run: ContenderRun,
  workload: Workload,
): { readonly rate: number; readonly steps: SearchSteps } {
  const { firstSearch, laterSearch } = run.bench.plan;
  const known = run.bench.capacities.get(keyOf(run, workload))?.maximumPerSecond;
  return known === undefined
    ? { rate: run.contender.firstRate, steps: firstSearch }
    : { rate: known, steps: laterSearch };
}

/** The DORA rate that this contender keeps, searched when no suite did so before. */
export async function capacityOf(run: ContenderRun, workload: Workload): Promise<RateResult> {
  const known = run.bench.capacities.get(keyOf(run, workload));
  if (known !== undefined) return known;
  const served = { name: `capacity-${workload}`, workload, population };
  const { rate, steps } = searchFrom(run, workload);
  const found = await withServer(run, served, (server) => server.searchDora(rate, steps));
  run.keep(`capacity, ${workload}`, found);
  learnCapacity(run, workload, found);
  return found;
}

function keyOf({ contender }: ContenderRun, workload: Workload): string {
  return `${contender.id}/${workload}`;
}
