import { runTool } from "../../lab/machine/ip-command.ts";
import { formatIpv4 } from "../../protocol/ipv4.ts";
import { Population } from "../../scenarios/population/population.ts";
import { principals } from "../contenders/contenders.ts";
import { perfdhcpCommand, perfdhcpVerdict, runPerfdhcp } from "../generators/perfdhcp.ts";
import { modems } from "../harness/bench-plan.ts";
import type { ContenderRun } from "../harness/contender-run.ts";
import { START_MS } from "../harness/expected-time.ts";
import { knowledgeOf, searchRate } from "../harness/rate-result.ts";
import {
  type Bench,
  onGeneratorSide,
  populationIn,
  type ServedDevices,
  startServer,
} from "../harness/server-start.ts";
import type { Suite } from "../harness/suite.ts";

const CLIENTS = 60_000;
const behindOneRelay = {
  workload: "bare",
  population: { ...modems(CLIENTS), cmtsCount: 1 },
} as const;
/** It needs a processor to itself long before our own generator does. */
const FIRST_RATE_MAX = 8000;

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
  method: ({ perfdhcpSeconds }) => [
    `The highest rate at which at most 2.5 % of perfdhcp's exchanges are lost, ${perfdhcpSeconds} s a ` +
      `trial, after one at half the first rate, ${CLIENTS.toLocaleString("en-US")} clients behind one relay, ` +
      "bare configuration with one subnet. Most completed: exchanges a second of the trial, the wait at its end " +
      "left out, in the best trial. Where perfdhcp sends less than it was asked for, it is the limit.",
  ],
  turnMs: ({ firstSearch, perfdhcpSeconds }) =>
    START_MS + (1 + firstSearch.trialsMax) * (1000 * perfdhcpSeconds + START_MS),
  measure,
};

async function measure(run: ContenderRun): Promise<void> {
  const { bench, contender, round } = run;
  const served = { name: `perfdhcp-${round}`, ...behindOneRelay };
  const relay = addRelay(bench, served);
  const server = await startServer(bench, contender, served);
  try {
    const firstRate = Math.min(contender.firstRate, FIRST_RATE_MAX);
    // Warm in every suite: what a server does in its first second is not its rate.
    await trial(bench, relay, Math.round(firstRate / 2));
    const found = await searchRate(firstRate, bench.plan.firstSearch, async (rate) => {
      const result = await trial(bench, relay, rate);
      server.check();
      const { sent, completed, verdict } = result;
      bench.onProgress(
        `${contender.name}: perfdhcp at ${rate}/s: ${sent} sent, ${completed} complete: ${verdict}`,
      );
      return result;
    });
    run.scoreRate("", "kept", found);
    const most = Math.max(...found.trials.map(({ completed }) => completed));
    const isBound = knowledgeOf(found) !== "found";
    run.score("", "peak", most / bench.plan.perfdhcpSeconds, isBound);
  } finally {
    await server.stop();
  }
}

async function trial(bench: Bench, relay: string, ratePerSecond: number) {
  const { network, plan, seed, signal } = bench;
  const seconds = plan.perfdhcpSeconds;
  const server = formatIpv4(network.serverAddress);
  const load = { server, relay, clients: CLIENTS, ratePerSecond, seconds, seed };
  const command = onGeneratorSide(bench, perfdhcpCommand(load));
  const counts = await runPerfdhcp(command, seconds, signal);
  const verdict = perfdhcpVerdict(counts, ratePerSecond * seconds);
  return { ratePerSecond, sent: counts.discovers, completed: counts.acks, verdict };
}

/**
 * Gives the generator's side the address of the only relay, and returns it. perfdhcp takes only an address that
 * an interface has, and hears only what comes in by that interface. It goes with the namespace in the end.
 */
export function addRelay(bench: Bench, served: ServedDevices): string {
  const { network } = bench;
  if (!network.hasInterface) throw new Error("perfdhcp needs root, for port 67");
  const address = formatIpv4(new Population(populationIn(bench, served)).cmts(0).giaddr);
  const words = ["ip", "address", "replace", `${address}/32`, "dev", network.generatorInterface];
  const [program, ...args] = network.onGeneratorSide(words);
  runTool(program!, ...args);
  return address;
}
