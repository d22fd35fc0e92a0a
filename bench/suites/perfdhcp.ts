import { execFileSync } from "node:child_process";
import { onProcessor } from "../../lab/machine/processors.ts";
import { formatIpv4 } from "../../protocol/ipv4.ts";
import { Population } from "../../scenarios/population/population.ts";
import { RateSearch } from "../../simulator/capacity/rate-search.ts";
import { principals } from "../contenders/contenders.ts";
import { type PerfdhcpResult, runPerfdhcp } from "../generators/perfdhcp.ts";
import { modems, rateLimits } from "../harness/bench-plan.ts";
import type { Turn } from "../harness/contender-run.ts";
import { START_MS } from "../harness/expected-time.ts";
import { knowledgeOf } from "../harness/rate-result.ts";
import { type Arena, type Bench, populationIn, startServer } from "../harness/server-start.ts";
import type { Suite } from "../harness/suite.ts";

const CLIENTS = 60_000;
/** It needs a processor to itself long before our own generator does. */
const FIRST_RATE_MAX = 8000;
const COMMAND_MS_MAX = 10_000;

/** The rates that perfdhcp, which ISC publishes figures with, gets out of each server. */
export const perfdhcp: Suite = {
  id: "perfdhcp",
  title: "Highest rate with perfdhcp as the generator",
  generator: "perfdhcp",
  contenders: principals,
  columns: [
    { id: "kept", title: "DORA/s", digits: 0, better: "more", hasRatio: true },
    { id: "peak", title: "most completed/s", digits: 0, better: "more", hasRatio: true },
  ],
  method: ({ perfdhcpMs }) => [
    `The highest rate at which at most 2.5 % of perfdhcp's exchanges are lost, ${perfdhcpMs / 1000} s a ` +
      `trial, after one at half the rate that is begun with, ${CLIENTS.toLocaleString("en-US")} clients behind one relay, bare configuration with one ` +
      "subnet. Most completed: exchanges a second of the trial, the wait at its end left out, in the best trial. " +
      "Where perfdhcp sends less than it was asked for, it is the limit.",
  ],
  turnMs: ({ firstSearch, perfdhcpMs }) =>
    START_MS + (1 + firstSearch.trialsMax) * (perfdhcpMs + START_MS),
  measure,
};

async function measure(turn: Turn): Promise<void> {
  const { bench, contender, round } = turn;
  if (!bench.network.hasInterface) throw new Error("perfdhcp needs root, for port 67");
  const population = { ...modems(CLIENTS), cmtsCount: 1 };
  const arena: Arena = { name: `perfdhcp-${round}`, workload: "bare", population };
  const relayAddress = new Population(populationIn(bench, arena)).cmts(0).giaddr;
  addAddress(bench, relayAddress);
  const server = await startServer(bench, contender, arena);
  try {
    const { min: rateMin, max: rateMax } = rateLimits;
    const firstRate = Math.min(contender.firstRate, FIRST_RATE_MAX);
    // Caches and compilers are warm in every suite: what a server does in its first second is not its rate.
    await trial(bench, relayAddress, Math.round(firstRate / 2));
    const search = new RateSearch({ firstRate, rateMin, rateMax, ...bench.plan.firstSearch });
    const trials: PerfdhcpResult[] = [];
    for (let rate = search.nextRate(); rate !== undefined; rate = search.nextRate()) {
      const result = await trial(bench, relayAddress, rate);
      server.check();
      search.record(rate, result.verdict);
      trials.push(result);
      const { sent, completed, verdict } = result;
      bench.onProgress(
        `${contender.name}: perfdhcp at ${rate}/s: ${sent} sent, ${completed} complete: ${verdict}`,
      );
    }
    const found = { maximumPerSecond: search.maximum, end: search.end ?? "trials", trials };
    turn.scoreRate("", "kept", found);
    const most = Math.max(...trials.map(({ completed }) => completed));
    const isBound = knowledgeOf(found) !== "found";
    turn.score("", "peak", (1000 * most) / bench.plan.perfdhcpMs, isBound);
  } finally {
    await server.stop();
  }
}

function trial(bench: Bench, relayAddress: number, ratePerSecond: number) {
  const { network, processors, plan, seed, signal } = bench;
  return runPerfdhcp(
    {
      ...{ serverAddress: network.serverAddress, relayAddress, clients: CLIENTS },
      ...{ ratePerSecond, periodMs: plan.perfdhcpMs, seed },
    },
    (command) => network.onGeneratorSide(onProcessor(processors?.generator, command)),
    signal,
  );
}

/**
 * perfdhcp takes only an address that an interface has, and hears only what comes in by that interface.
 * The namespace goes in the end, and the address with it.
 */
function addAddress({ network }: Bench, address: number): void {
  const words = ["ip", "address", "replace", `${formatIpv4(address)}/32`];
  const device = ["dev", network.generatorInterface];
  const [program, ...args] = network.onGeneratorSide([...words, ...device]);
  execFileSync(program!, args, { stdio: "ignore", timeout: COMMAND_MS_MAX });
}
