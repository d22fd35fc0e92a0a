import { isInMemory } from "../lab/doctor/edge/machine.ts";
import { environmentOf } from "../lab/machine/environment.ts";
import { twoProcessors } from "../lab/machine/processors.ts";
import { type ServerNetwork, withNetwork } from "../lab/machine/server-network.ts";
import type { Contender } from "./contenders/contender.ts";
import type { BenchPlan } from "./harness/bench-plan.ts";
import { expectedMinutes } from "./harness/expected-time.ts";
import type { Bench } from "./harness/server-start.ts";
import type { Suite } from "./harness/suite.ts";
import { runSuite } from "./harness/suite-run.ts";
import { BENCH_SCHEMA, type BenchResult, type SuiteResult } from "./results/bench-result.ts";

export interface BenchRequest<Member extends Contender> {
  readonly plan: BenchPlan;
  readonly suites: readonly Suite<Member>[];
  /** Take part instead of those that a suite compares, where given. */
  readonly contenders?: readonly Member[] | undefined;
  readonly network: ServerNetwork;
  readonly seed: number;
  /** Exists; lease files go below it, so it must be on the disk that is to be measured. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
  /** Called after each suite with all results so far, so that a later failure loses none of them. */
  readonly onSuite: (result: BenchResult) => void;
}

/**
 * Runs the suites one after the other. A contender that fails is reported with the reason; the signal
 * ends the run early with what was measured so far. Leaves no process and no namespace.
 */
export function runBench<Member extends Contender>(
  request: BenchRequest<Member>,
): Promise<BenchResult> {
  const startedAtMs = Date.now();
  const { plan, network, seed, folder, signal, onProgress } = request;
  return withNetwork(network, async () => {
    warnOfMemoryDisk(folder, onProgress);
    const processors = twoProcessors();
    const bench: Bench = {
      ...{ plan, network, processors, seed, folder, signal, onProgress },
      capacities: new Map(),
    };
    const environment = environmentOf({ durability: "by server", socket: "batch", workers: 1 });
    const suites: SuiteResult[] = [];
    const result = (): BenchResult => ({
      schema: BENCH_SCHEMA,
      startedAt: new Date(startedAtMs).toISOString(),
      durationMs: Date.now() - startedAtMs,
      environment,
      method: {
        ...{ seed, network: network.description },
        ...(processors === undefined ? {} : { processors }),
      },
      suites: [...suites],
    });
    tellExpected(request);
    for (const suite of request.suites) {
      if (signal.aborted) break;
      suites.push(await runSuite(bench, suite, request.contenders ?? suite.contenders));
      request.onSuite(result());
    }
    return result();
  });
}

function tellExpected<Member extends Contender>(request: BenchRequest<Member>): void {
  const { plan, suites, contenders, onProgress } = request;
  const minutes = suites.map((suite) =>
    expectedMinutes(plan, suite, contenders ?? suite.contenders),
  );
  const parts = suites.map(({ id }, index) => `${id} ${minutes[index].toFixed(1)}`).join(", ");
  const total = minutes.reduce((sum, each) => sum + each, 0);
  onProgress(`expected: about ${Math.ceil(total)} minutes (${parts})`);
}

function warnOfMemoryDisk(folder: string, onProgress: (line: string) => void): void {
  if (!isInMemory(folder)) return;
  onProgress(
    `${folder} is in memory: syncing costs nothing there, take a folder on a disk (--out)`,
  );
}
