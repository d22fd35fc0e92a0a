import { afterEach, describe, expect, test } from "vitest";
import { MessageType } from "../../protocol/dhcp/message-type.ts";
import type { PopulationPlan } from "../../scenarios/population/population.ts";
import { type PhasePlan, type RunPlan, runDefaults } from "../../simulator/plan/run-plan.ts";
import { type Responder, startResponder } from "../../simulator/responder.testing.ts";
import { runSimulation } from "../../simulator/run/edge/coordinator.ts";
import type { PhaseSoFar } from "../../simulator/run/phase-watch.ts";

// So many devices that none is asked a second time while its first renewal is still unanswered.
const population: PopulationPlan = {
  ...{ cableModems: 3000, mtas: 0, cpes: 0, smartMeters: 0, cmtsCount: 4 },
};
const ANSWERS_A_SECOND = 300;
const STEP_MS = 2000;

let responder: Responder | undefined;

afterEach(async () => {
  await responder?.stop();
  responder = undefined;
});

/** Answers the first so many renewals of each of its seconds, and drops the others. */
function limited(answersASecond: number): () => boolean {
  let second = 0;
  let answered = 0;
  return () => {
    const now = Math.floor(performance.now() / 1000);
    if (now !== second) {
      second = now;
      answered = 0;
    }
    answered += 1;
    return answered > answersASecond;
  };
}

async function planFor(phase: Partial<PhasePlan>): Promise<RunPlan> {
  const isTooMany = limited(ANSWERS_A_SECOND);
  responder = await startResponder(population, {
    ignore: ({ ciaddr }, type) => type === MessageType.request && ciaddr !== 0 && isTooMany(),
  });
  const common = { timeLimitMs: 30_000, drainMs: 500, powerCycle: false };
  return {
    population,
    ...{ seed: 3, workers: 2, network: { lossPercent: 0 } },
    servers: [{ address: responder.address, port: responder.port }],
    ports: { relay: responder.port, client: responder.port + 1 },
    clients: {
      // Nothing is repeated within the second that a transaction has.
      retransmit: { ...runDefaults.clients.retransmit, firstDelayMs: 6000, jitterMs: 0 },
      ownTimers: false,
    },
    // The machine that runs the tests is busy with other tests; the limits have tests of their own.
    generator: {
      slipMsP99Max: 10_000,
      socketDropsMax: 0,
      cpuPercentMax: 1000,
      starvedPercentMax: 100,
    },
    phases: [
      {
        ...{ ...common, name: "connect", until: "all-bound" },
        streams: [{ kind: "outstanding", exchange: "discover", outstanding: 64 }],
      },
      { ...common, name: "rise", streams: [], until: { durationMs: 60_000 }, ...phase },
    ],
  };
}

const quiet = (): void => {};

describe("over real sockets and two workers", () => {
  test("a server that drops above a rate is found to break between two steps", async () => {
    const rates = [100, 200, 400, 800, 1600];
    const stages = rates.map((rate) => ({
      ...{ fromPerSecond: rate, toPerSecond: rate, durationMs: STEP_MS },
    }));
    const plan = await planFor({
      streams: [{ kind: "profile", exchange: "renew", stages, missedPercentMax: 2.5 }],
      until: { durationMs: rates.length * STEP_MS },
      isWatched: true,
    });
    const { phases, aborted } = await runSimulation(plan, quiet);
    const rise = phases[1];
    expect(rise.endedBy).toBe("breakage");
    expect(aborted).toBe(false);
    const [stream] = rise.streams;
    expect(stream!.breakage).toMatchObject({ lastKeptPerSecond: 200, firstMissedPerSecond: 400 });
    expect(stream!.breakage!.reason).toMatch(/^at 400\/s [\d.]+ % were not answered within 1 s/);
    // Known a second after the step has ended, and told once a second.
    expect(rise.durationMs).toBeGreaterThanOrEqual(3 * STEP_MS + 1000);
    expect(rise.durationMs).toBeLessThan(5 * STEP_MS);
    expect(stream!.stages!.slice(0, 2).map(({ counts }) => counts)).toMatchObject([
      { offered: 200, completed: 200 },
      { offered: 400, completed: 400 },
    ]);
    const missed = stream!.stages![2].counts;
    expect(missed.offered).toBe(800);
    expect(missed.inTime).toBeLessThan(800 * 0.975);
  }, 60_000);

  test("a judge hears of what both workers have seen, and ends the run", async () => {
    const seen: PhaseSoFar[] = [];
    const plan = await planFor({
      streams: [{ kind: "rate", exchange: "renew", ratePerSecond: 100 }],
      isWatched: true,
    });
    const outcome = await runSimulation(plan, quiet, undefined, (soFar) => {
      seen.push(soFar);
      return soFar.durationMs >= 2000 ? "enough" : undefined;
    });
    expect(outcome.aborted).toBe(false);
    expect(outcome.phases[1]).toMatchObject({ endedBy: "threshold", endedWhy: "enough" });
    const { offered, completed, timeouts } = outcome.phases[1].streams[0].counters;
    expect(completed + timeouts).toBe(offered);
    const last = seen.at(-1)!;
    // Each worker has half of the devices; only both together come to the whole rate.
    expect(last.streams[0].counters.offered).toBeGreaterThan(0.075 * last.durationMs);
    expect(last.streams[0].counters.offered).toBeLessThanOrEqual(offered);
  }, 60_000);
});
