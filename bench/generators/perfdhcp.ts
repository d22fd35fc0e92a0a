import { searchPath } from "../../lab/machine/peer-program.ts";
import { type CpuTimes, cpuTimesOf } from "../../lab/machine/process-usage.ts";
import { runToEnd } from "../../lab/machine/run-to-end.ts";
import type { TrialVerdict } from "../../simulator/capacity/rate-search.ts";

/** How perfdhcp is run for one measurement. It plays a relay. */
export interface PerfdhcpLoad {
  readonly server: string;
  /** Its own address, which it writes into giaddr, or an interface's name. */
  readonly relay: string;
  /** The server's port; its own is the next one. 67, and any port of its own, when left out. */
  readonly port?: number;
  readonly threads?: "single" | "multi";
  /** DORA a second; undefined: as fast as it can. */
  readonly ratePerSecond: number | undefined;
  readonly seconds: number;
  /** It ends after so many exchanges, not by time, so that none is cut off on its way. */
  readonly exchanges?: number;
  readonly clients: number;
  readonly seed: number;
  /** Whether its report has the times of every reply; see `replyTimesIn`. */
  readonly timesReplies?: boolean;
}

/** What perfdhcp reports. */
export interface PerfdhcpCounts {
  /** DISCOVERs sent; fewer than the rate asks for when perfdhcp itself was the limit. */
  readonly discovers: number;
  /** ACKs within a second of their REQUEST, whose OFFER came within a second of its DISCOVER. */
  readonly acks: number;
  /** Replies that came after it had given their exchange up, after a second. */
  readonly late: number;
  /** From a REQUEST to its ACK at most, in ms; 0 where it does not say. */
  readonly ackMsMax: number;
}

export interface PerfdhcpOutcome extends PerfdhcpCounts {
  /** Until shortly before its end; undefined where the kernel does not say. */
  readonly cpu: (CpuTimes & { readonly elapsedMs: number }) | undefined;
  readonly output: string;
}

/** A reply, OFFER or ACK, as its client saw it. */
export interface ReplyTime {
  /** Since the first packet. */
  readonly askedAtMs: number;
  readonly tookMs: number;
}

/** After the last exchange, for replies on their way. */
const WAIT_MS = 1200;
const RUN_GRACE_MS = 20_000;
const CPU_LOOK_MS = 100;
/** A line for each reply, where they are timed. */
const OUTPUT_CHARACTERS_MAX = 32 << 20;

export function perfdhcpCommand(load: PerfdhcpLoad): readonly string[] {
  const { server, relay, port, threads, ratePerSecond, seconds, exchanges, clients, seed } = load;
  const length = exchanges === undefined ? ["-p", String(seconds)] : ["-n", String(exchanges)];
  return [
    ...["perfdhcp", "-4", ...(threads === undefined ? [] : ["-g", threads])],
    ...(ratePerSecond === undefined ? [] : ["-r", String(ratePerSecond)]),
    ...["-R", String(clients), ...length, "-W", String(1000 * WAIT_MS)],
    ...["-s", String(seed), "-l", relay],
    ...(load.timesReplies === true ? ["-x", "t"] : []),
    ...(port === undefined ? [] : ["-N", String(port), "-L", String(port + 1)]),
    server,
  ];
}

/** Runs a command of perfdhcp to its end; throws when it reports nothing. */
export async function runPerfdhcp(
  command: readonly string[],
  seconds: number,
  signal: AbortSignal,
): Promise<PerfdhcpOutcome> {
  const startedAtMs = performance.now();
  let cpu: PerfdhcpOutcome["cpu"];
  // Only its parent could ask for the times of a process that has ended, and node does not.
  const look = (pid: number): void => {
    const times = cpuTimesOf(pid);
    if (times !== undefined) cpu = { ...times, elapsedMs: performance.now() - startedAtMs };
  };
  // Its status is 3 when an exchange was not completed: that is a result.
  const { output } = await runToEnd(command, {
    ...{ signal, msMax: 1000 * seconds + WAIT_MS + RUN_GRACE_MS },
    environment: { PATH: searchPath },
    outputCharactersMax: OUTPUT_CHARACTERS_MAX,
    watch: { everyMs: CPU_LOOK_MS, look },
  });
  const counts = perfdhcpCountsOf(output);
  if (counts !== undefined) return { ...counts, cpu, output };
  throw new Error(`perfdhcp has no report; it said:\n${output.trim().slice(-1000)}`);
}

/** Reads its final report; undefined when there is none. */
export function perfdhcpCountsOf(output: string): PerfdhcpCounts | undefined {
  const numbers = (name: string): readonly number[] =>
    [...output.matchAll(new RegExp(`^${name}: ([\\d.]+)`, "gm"))].map((match) => Number(match[1]));
  const [discovers] = numbers("sent packets");
  const [, acks] = numbers("received packets");
  const late = numbers("orphans").reduce((sum, count) => sum + count, 0);
  const [, ackMsMax = 0] = numbers("max delay");
  if (discovers === undefined || acks === undefined) return undefined;
  return { discovers, acks, late, ackMsMax };
}

/** The replies in a report with `timesReplies`. */
export function replyTimesIn(output: string): readonly ReplyTime[] {
  const lines = output.matchAll(/^sent \/ received: (\d+\.\d+) \/ (\d+\.\d+)/gm);
  return [...lines].map(([, asked, answered]) => ({
    askedAtMs: Number(asked) * 1000,
    tookMs: (Number(answered) - Number(asked)) * 1000,
  }));
}

/** It sends in bursts: a little less than asked for is no limit yet. */
const OFFERED_SHARE_MIN = 0.975;
const UNANSWERED_SHARE_MAX = 0.025;

/** Whether the server kept the rate. */
export function perfdhcpVerdict({ discovers, acks }: PerfdhcpCounts, asked: number): TrialVerdict {
  if (discovers < OFFERED_SHARE_MIN * asked) return "generator-limited";
  return discovers - acks <= UNANSWERED_SHARE_MAX * discovers ? "kept" : "missed";
}
