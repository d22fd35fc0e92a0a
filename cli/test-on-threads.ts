import { availableParallelism } from "node:os";
import { runJobs } from "../base/worker-pool.ts";
import { type JudgeSettings, type MetricRuns, testedSides } from "../reports/compare/judge.ts";
import {
  type Effect,
  joinParts,
  permutationTest,
  type testPart,
} from "../reports/compare/permutation-test.ts";

/** Testing this many values takes about as long as starting a thread. */
const VALUES_A_THREAD_MIN = 500;

/** The permutation test of `judge`, on several threads when there are enough values. */
export async function testOnThreads(
  metrics: readonly MetricRuns[],
  { design, alpha, seed }: JudgeSettings,
): Promise<readonly Effect[]> {
  const sides = testedSides(metrics);
  const values = sides.reduce((sum, { base, current }) => sum + base.length + current.length, 0);
  const threads = Math.min(
    availableParallelism(),
    metrics.length,
    Math.floor(values / VALUES_A_THREAD_MIN),
  );
  if (threads < 2) return permutationTest(sides, design, { alpha, seed });
  const share = Math.ceil(sides.length / threads);
  const parts = Array.from({ length: Math.ceil(sides.length / share) }, (_, part) => ({
    ...{ design, alpha, seed },
    metrics: sides.slice(part * share, (part + 1) * share),
  }));
  const module = new URL("../reports/compare/permutation-test", import.meta.url);
  return joinParts(await runJobs<typeof testPart>(module, "testPart", parts));
}
