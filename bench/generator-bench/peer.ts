import { spawn } from "node:child_process";
import { once } from "node:events";
import { type CpuTimes, cpuTimesOf } from "../../lab/machine/process-usage.ts";

/** How perfdhcp is run for one measurement. */
export interface PerfdhcpLoad {
  readonly threads: "single" | "multi";
  /** DORA a second; undefined: as fast as it can. */
  readonly ratePerSecond: number | undefined;
  readonly seconds: number;
  readonly clients: number;
  readonly seed: number;
}

/** What perfdhcp says of a load. */
export interface PerfdhcpCounts {
  readonly discovers: number;
  readonly offers: number;
  readonly requests: number;
  readonly acks: number;
  /** Replies that came when it had already given their exchange up, after a second. */
  readonly late: number;
}

export interface PerfdhcpOutcome extends PerfdhcpCounts {
  /** Until shortly before its end; undefined where the kernel does not say. */
  readonly cpu: CpuUse | undefined;
}

export interface CpuUse extends CpuTimes {
  readonly elapsedMs: number;
}

/** After the last exchange, for replies on their way. */
const EXIT_WAIT_MICROSECONDS = 1_000_000;
const CPU_POLL_MS = 100;
const GRACE_MS = 30_000;
const OUTPUT_CHARACTERS_MAX = 64 * 1024;

/** The command line; perfdhcp plays a relay on the loopback interface. */
export function perfdhcpCommand(load: PerfdhcpLoad, server: string, port: number): string[] {
  return [
    ...["perfdhcp", "-4", "-g", load.threads, "-R", String(load.clients), "-s", String(load.seed)],
    ...(load.ratePerSecond === undefined ? [] : ["-r", String(load.ratePerSecond)]),
    ...["-p", String(load.seconds), "-W", String(EXIT_WAIT_MICROSECONDS)],
    ...["-l", "lo", "-N", String(port), "-L", String(port + 1), server],
  ];
}

/** Runs the command to its end; throws when it fails, or says nothing of its exchanges. */
export async function runPerfdhcp(
  command: readonly string[],
  seconds: number,
  signal: AbortSignal,
): Promise<PerfdhcpOutcome> {
  const [program, ...args] = command;
  const child = spawn(program!, args, {
    stdio: ["ignore", "pipe", "pipe"],
    signal: AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000 + GRACE_MS)]),
    killSignal: "SIGKILL",
  });
  let output = "";
  const take = (chunk: Buffer): void => {
    output = (output + chunk.toString("latin1")).slice(-OUTPUT_CHARACTERS_MAX);
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  const startedAtMs = performance.now();
  let cpu: CpuUse | undefined;
  // Nobody but its parent learns the times of a process that is gone, and node does not tell.
  const poll = setInterval(() => {
    const times = cpuTimesOf(child.pid);
    if (times !== undefined) cpu = { ...times, elapsedMs: performance.now() - startedAtMs };
  }, CPU_POLL_MS);
  // Its status is 3 when an exchange was not completed: that is a result.
  await once(child, "close").finally(() => clearInterval(poll));
  const counts = perfdhcpCountsOf(output);
  if (counts !== undefined) return { ...counts, cpu };
  throw new Error(`perfdhcp did not measure anything; it said:\n${output.slice(-1000)}`);
}

/** Reads its final report; undefined when that is none. */
export function perfdhcpCountsOf(output: string): PerfdhcpCounts | undefined {
  const numbers = (name: string): number[] =>
    [...output.matchAll(new RegExp(`^${name}: (\\d+)`, "gm"))].map((match) => Number(match[1]));
  const [discovers, requests] = numbers("sent packets");
  const [offers, acks] = numbers("received packets");
  const late = numbers("orphans").reduce((sum, count) => sum + count, 0);
  if (discovers === undefined || offers === undefined) return undefined;
  if (requests === undefined || acks === undefined) return undefined;
  return { discovers, offers, requests, acks, late };
}
