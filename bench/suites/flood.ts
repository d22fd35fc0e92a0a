import { setTimeout as sleep } from "node:timers/promises";
import { Population } from "../../scenarios/population/population.ts";
import { mixedPlan } from "../../simulator/capacity/trial.ts";
import { principals } from "../contenders/contenders.ts";
import type { FloodRequest, FloodResult } from "../generators/flood.ts";
import { GeneratorProcess } from "../generators/generator-process.ts";
import { population } from "../harness/bench-plan.ts";
import type { ContenderRun } from "../harness/contender-run.ts";
import { withServer } from "../harness/dhcp-run.ts";
import { guideBindMs, START_MS } from "../harness/expected-time.ts";
import { type Bench, onGeneratorSide, populationIn } from "../harness/server-start.ts";
import type { ServerUnderLoad } from "../harness/server-under-load.ts";
import { type Suite, simulator } from "../harness/suite.ts";

const floodProgram = new URL("../generators/flood.js", import.meta.url);
/** The flood begins this long before the known devices' part, at the earliest, and outlasts it. */
const FLOOD_LEAD_MS = 1000;
const FLOOD_TAIL_MS = 10_000;
const FLOOD_GRACE_MS = 20_000;
/** A flood that reaches less than this share of its rate does not count as one. */
const FLOOD_SHARE_MIN = 0.98;

/** Whether known devices are served while unknown ones ask without end (PRE-3). */
export const flood: Suite = {
  id: "flood",
  title: "A flood of unknown devices",
  generator: `${simulator}, and a flood`,
  contenders: principals,
  columns: [
    { id: "answered", title: "answered %", digits: 3, better: "more", hasRatio: false },
    { id: "p99", title: "p99 ms", digits: 2, better: "less", hasRatio: true },
    { id: "flood", title: "flood/s", digits: 0, better: "more", hasRatio: false },
    { id: "before", title: "server MiB before", digits: 0, better: "less", hasRatio: false },
    { id: "after", title: "after", digits: 0, better: "less", hasRatio: false },
  ],
  method: ({ guide, trial }) => [
    `${guide.floodPerSecond.toLocaleString("en-US")} DISCOVERs a second of modems that no configuration ` +
      `knows, on top of ${guide.discoverPerSecond} Discovers and ${guide.renewPerSecond} Renews a second ` +
      `of known devices for ${guide.floodMs / 1000} s; configuration of the docsis suite. Answered: of the ` +
      `known devices, within ${trial.answerMsMax / 1000} s; p99: of those that were answered at all. Both ` +
      "generators share one processor.",
  ],
  turnMs: (plan) => START_MS + guideBindMs(plan) + plan.guide.floodMs,
  measure,
};

async function measure(run: ContenderRun): Promise<void> {
  const { bench, round } = run;
  const served = { name: `flood-${round}`, workload: "docsis", population } as const;
  const { guide } = bench.plan;
  await withServer(run, served, async (server) => {
    const { known, strangers, memory } = await underFlood(
      bench,
      server,
      new Population(populationIn(bench, served)),
    );
    const isFlood = strangers.achievedPerSecond >= FLOOD_SHARE_MIN * guide.floodPerSecond;
    run.keep("", { strangers, memory });
    for (const trial of known.trials) {
      const { exchange } = trial;
      const isBound = trial.problems.length > 0 || !isFlood;
      run.score(exchange, "answered", 100 * (1 - trial.unansweredShare), isBound);
      run.score(exchange, "p99", trial.latencyMsP99, isBound);
      run.score(exchange, "flood", strangers.achievedPerSecond);
      run.score(exchange, "before", memory.before);
      run.score(exchange, "after", memory.after);
      run.keep(exchange, trial);
    }
  });
}

async function underFlood(bench: Bench, server: ServerUnderLoad, devices: Population) {
  const { guide } = bench.plan;
  const generator = new GeneratorProcess<FloodRequest, FloodResult>(floodProgram, (words) =>
    onGeneratorSide(bench, words),
  );
  try {
    const request = floodRequest(bench, devices);
    const strangers = generator.run(
      request,
      request.delayMs + request.durationMs + FLOOD_GRACE_MS,
      bench.signal,
    );
    // Both are awaited below, where a failure is told; until then it counts as handled.
    strangers.catch(() => undefined);
    const before = sleep(request.delayMs, undefined, { signal: bench.signal }).then(
      () => server.server.memoryMiB()?.now,
    );
    before.catch(() => undefined);
    const known = await server.run((target, settings) =>
      mixedPlan(target, settings, { ...guide, measureMs: guide.floodMs }),
    );
    const after = server.server.memoryMiB()?.now;
    return {
      known,
      strangers: await strangers,
      memory: { before: await before, after },
    };
  } finally {
    generator.stop();
  }
}

function floodRequest({ network, plan }: Bench, devices: Population): FloodRequest {
  const { guide } = plan;
  return {
    server: { address: network.serverAddress, port: network.ports.relay },
    giaddrs: Array.from({ length: devices.cmtsCount }, (_, index) => devices.cmts(index).giaddr),
    ratePerSecond: guide.floodPerSecond,
    delayMs: Math.max(0, guideBindMs(plan) - FLOOD_LEAD_MS),
    durationMs: FLOOD_LEAD_MS + guide.floodMs + FLOOD_TAIL_MS,
  };
}
