import { setTimeout as sleep } from "node:timers/promises";
import { formatIpv4 } from "../../protocol/ipv4.ts";
import { firstSecondPlan } from "../../simulator/capacity/trial.ts";
import { starting } from "../contenders/contenders.ts";
import {
  type PerfdhcpOutcome,
  perfdhcpCommand,
  type ReplyTime,
  replyTimesIn,
  runPerfdhcp,
} from "../generators/perfdhcp.ts";
import { modems } from "../harness/bench-plan.ts";
import type { ContenderRun } from "../harness/contender-run.ts";
import { withServer } from "../harness/dhcp-run.ts";
import { START_MS, startWithLeasesMs } from "../harness/expected-time.ts";
import { onGeneratorSide, startServer } from "../harness/server-start.ts";
import type { Suite } from "../harness/suite.ts";
import { addRelay } from "./perfdhcp.ts";
import { restartOnce } from "./restart.ts";

const RATE = 5000;
const HIGH_RATE = 10_000;
const SECONDS = 10;
/** A server that holds its port may not be ready yet: datagrams wait in its socket until it is. */
const READY_MS = 1000;
/** Until the second node of a pair has taken over. */
const PAIR_START_MS = 15_000;
const CLIENTS = 60_000;
const LEASES = 80_000;
const behindOneRelay = {
  workload: "bare",
  population: { ...modems(CLIENTS), cmtsCount: 1 },
} as const;

const ms = { digits: 1, better: "less", hasRatio: false } as const;

/** What clients that come at once notice of a server's start. */
export const firstSecond: Suite = {
  id: "first-second",
  title: "The first second of a server",
  contenders: starting,
  columns: [
    { id: "perfdhcp1", title: "perfdhcp, 1st s, p99 ms", ...ms },
    { id: "perfdhcp10", title: "10th s", ...ms },
    { id: "lost", title: "lost at 10,000/s", digits: 0, better: "less", hasRatio: false },
    { id: "lostLater", title: "once more", digits: 0, better: "less", hasRatio: false },
    { id: "simulator1", title: "simulator, 1st s, p99 ms", ...ms },
    { id: "simulator10", title: "10th s", ...ms },
    { id: "start", title: "first ACK, s", digits: 3, better: "less", hasRatio: false },
    { id: "startFree", title: "all processors", digits: 3, better: "less", hasRatio: false },
  ],
  method: () => [
    `Each figure is from a server that was just started, ${READY_MS / 1000} s after it holds its port, with the bare ` +
      `configuration. ${RATE} DORA/s for ${SECONDS} s: p99 ` +
      "of the first and of the tenth second, over OFFERs and ACKs for perfdhcp (by when they were asked for), over " +
      "whole exchanges for the simulator. Lost: perfdhcp's exchanges without an ACK in time, of " +
      `${SECONDS} s at ${HIGH_RATE}/s, and of ${SECONDS} s more with the same server. First ACK: as in the suite ` +
      `restart, with ${LEASES.toLocaleString("en-US")} leases, on the server's processor, and on all of them. The pair ` +
      "has all of them, and had no device before it was asked for.",
  ],
  takesOneRound: (contender) => contender !== starting[0],
  turnMs: (_, contender) =>
    3 * (START_MS + READY_MS) +
    4 * 1000 * SECONDS +
    (contender.hasAllProcessors ? 3 * PAIR_START_MS : 4 * startWithLeasesMs(LEASES)),
  measure,
};

async function measure(run: ContenderRun): Promise<void> {
  const { contender } = run;
  const [{ output }] = await playPerfdhcp(run, [RATE]);
  const replies = replyTimesIn(output);
  run.score("", "perfdhcp1", replyMsP99(replies, 0));
  run.score("", "perfdhcp10", replyMsP99(replies, SECONDS - 1));
  const [first, later] = await playPerfdhcp(run, [HIGH_RATE, HIGH_RATE]);
  run.score("", "lost", first.discovers - first.acks);
  run.score("", "lostLater", later.discovers - later.acks);
  const name = `first-second-simulator-${run.round}`;
  await withServer(run, { name, ...behindOneRelay }, async (server) => {
    await sleep(READY_MS);
    const measurement = await server.run((target, settings) =>
      firstSecondPlan(target, settings, RATE),
    );
    run.keep("simulator", measurement);
    const [first, last] = measurement.trials;
    run.score("", "simulator1", first.latencyMsP99, first.verdict === "generator-limited");
    run.score("", "simulator10", last.latencyMsP99, last.verdict === "generator-limited");
  });
  // A pair does not start with a lease file.
  if (contender.hasAllProcessors === true) return;
  run.score("", "start", await restartOnce(run, LEASES, ""));
  const free = { ...contender, hasAllProcessors: true };
  run.score("", "startFree", await restartOnce(run, LEASES, "", free));
}

/** Asks a new server at one rate after the other. */
async function playPerfdhcp(run: ContenderRun, rates: readonly number[]) {
  const { bench, contender, round } = run;
  const served = { name: `first-second-${rates[0]}-${round}`, ...behindOneRelay };
  const relay = addRelay(bench, served);
  const server = await startServer(bench, contender, served);
  const outcomes: PerfdhcpOutcome[] = [];
  try {
    await sleep(READY_MS);
    for (const ratePerSecond of rates) {
      const command = perfdhcpCommand({
        ...{ server: formatIpv4(bench.network.serverAddress), relay, clients: CLIENTS },
        ...{ ratePerSecond, seconds: SECONDS, seed: bench.seed, timesReplies: true },
      });
      const outcome = await runPerfdhcp(onGeneratorSide(bench, command), SECONDS, bench.signal);
      const { output: _, ...counts } = outcome;
      run.keep(`perfdhcp at ${ratePerSecond}/s`, counts);
      outcomes.push(outcome);
    }
    return outcomes;
  } finally {
    await server.stop();
  }
}

/** Of the replies asked for in that second; undefined without any. */
export function replyMsP99(replies: readonly ReplyTime[], second: number): number | undefined {
  const times = replies
    .filter(({ askedAtMs }) => Math.floor(askedAtMs / 1000) === second)
    .map(({ tookMs }) => tookMs)
    .sort((left, right) => left - right);
  return times[Math.max(0, Math.ceil(0.99 * times.length) - 1)];
}
