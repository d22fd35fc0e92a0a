import { statfsSync } from "node:fs";
import { environmentOf } from "../lab/machine/environment.ts";
import { twoProcessors } from "../lab/machine/processors.ts";
import { chooseNetwork } from "../lab/machine/server-network.ts";
import type { DhcpContender } from "./contenders/dhcp-contender.ts";
import type { BenchPlan } from "./harness/bench-plan.ts";
import type { Capacities } from "./harness/contender-run.ts";
import { expectedMinutes } from "./harness/expected-time.ts";
import { killServers } from "./harness/server-process.ts";
import type { Bench } from "./harness/server-start.ts";
import type { Suite } from "./harness/suite.ts";
import { runSuite } from "./harness/suite-run.ts";
import { BENCH_SCHEMA, type BenchResult, type SuiteResult } from "./results/bench-result.ts";

export interface BenchRequest {
  readonly plan: BenchPlan;
  readonly suites: readonly Suite[];
  /** Instead of those that a suite compares; undefined: those. */
  readonly contenders: readonly DhcpContender[] | undefined;
  readonly seed: number;
  /** Exists; lease files go below it, so it must be on the disk that is meant. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
  /** As soon as a suite is over, with everything so far: what is measured is not lost with the next. */
  readonly onSuite: (result: BenchResult) => void;
}

/**
 * Runs the suites one after the other. A contender that fails is reported with the reason; the signal
 * ends the run early with what was measured so far. Leaves no process and no namespace.
 */
export async function runBench(request: BenchRequest): Promise<BenchResult> {
  const startedAtMs = Date.now();
  const { plan, seed, folder, signal, onProgress } = request;
  const network = chooseNetwork(onProgress);
  const cleanUp = (): void => {
    killServers();
    network.close();
  };
  process.on("exit", cleanUp);
  try {
    warnOfMemoryDisk(folder, onProgress);
    const processors = twoProcessors();
    const bench: Bench = { plan, network, processors, seed, folder, signal, onProgress };
    const environment = environmentOf({ durability: "by server", socket: "batch", workers: 1 });
    const capacities: Capacities = new Map();
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
      const contenders = request.contenders ?? suite.contenders;
      suites.push(await runSuite(bench, suite, contenders, capacities));
      request.onSuite(result());
    }
    return result();
  } finally {
    process.off("exit", cleanUp);
    network.close();
  }
}

function tellExpected({ plan, suites, contenders, onProgress }: BenchRequest): void {
  const minutes = suites.map((suite) =>
    expectedMinutes(plan, suite, contenders ?? suite.contenders),
  );
  const parts = suites.map(({ id }, index) => `${id} ${minutes[index]!.toFixed(1)}`).join(", ");
  const total = minutes.reduce((sum, each) => sum + each, 0);
  onProgress(`expected: about ${Math.ceil(total)} minutes (${parts})`);
}

const TMPFS_MAGIC = 0x0102_1994;

function warnOfMemoryDisk(folder: string, onProgress: (line: string) => void): void {
  if (statfsSync(folder).type !== TMPFS_MAGIC) return;
  onProgress(
    `${folder} is in memory: syncing costs nothing there, take a folder on a disk (--out)`,
  );
}
