import { execFile } from "node:child_process";
import { formatIpv4 } from "../../protocol/ipv4.ts";
import type { TrialVerdict } from "../../simulator/capacity/rate-search.ts";
import { searchPath } from "../contenders/contender.ts";

/** One run of perfdhcp at a rate, with the answers of the last second waited for. */
export interface PerfdhcpRun {
  readonly serverAddress: number;
  /** Its own address, which it writes into giaddr. */
  readonly relayAddress: number;
  readonly clients: number;
  readonly ratePerSecond: number;
  readonly periodMs: number;
  readonly seed: number;
}

export interface PerfdhcpResult {
  readonly ratePerSecond: number;
  /** DISCOVERs that it sent; fewer than the rate asks for when it was the limit itself. */
  readonly sent: number;
  /** ACKs that came within a second of their REQUEST, of OFFERs that came within one of their DISCOVER. */
  readonly completed: number;
  readonly verdict: TrialVerdict;
}

const WAIT_MS = 1200;
const RUN_GRACE_MS = 20_000;
/** It sends in bursts: a little less than asked for is no limit yet. */
const OFFERED_SHARE_MIN = 0.975;
const UNANSWERED_SHARE_MAX = 0.025;

/** Runs it; throws when it says nothing that can be read. */
export async function runPerfdhcp(
  run: PerfdhcpRun,
  wrap: (command: readonly string[]) => readonly string[],
  signal: AbortSignal,
): Promise<PerfdhcpResult> {
  const [program, ...args] = wrap(perfdhcpCommand(run));
  const output = await new Promise<string>((settle, fail) => {
    const options = {
      signal,
      timeout: run.periodMs + WAIT_MS + RUN_GRACE_MS,
      killSignal: "SIGKILL",
      env: { ...process.env, PATH: searchPath },
    } as const;
    execFile(program!, args, options, (error, stdout, stderr) => {
      // It ends with status 3 when something was lost, which is what is to be found out.
      if (signal.aborted || error?.killed) fail(error);
      else settle(stdout + stderr);
    });
  });
  return readPerfdhcp(output, run);
}

export function perfdhcpCommand(run: PerfdhcpRun): readonly string[] {
  const { serverAddress, relayAddress, clients, ratePerSecond, periodMs, seed } = run;
  return [
    ...["perfdhcp", "-4", "-r", String(ratePerSecond), "-R", String(clients)],
    ...["-p", String(Math.round(periodMs / 1000)), "-W", String(1000 * WAIT_MS)],
    ...["-s", String(seed), "-l", formatIpv4(relayAddress), formatIpv4(serverAddress)],
  ];
}

/** Reads its final report. Throws Error with the report when it is none. */
export function readPerfdhcp(
  output: string,
  { ratePerSecond, periodMs }: Pick<PerfdhcpRun, "ratePerSecond" | "periodMs">,
): PerfdhcpResult {
  const figures = (name: string): readonly number[] =>
    [...output.matchAll(new RegExp(`^${name}: (\\d+)`, "gm"))].map((match) => Number(match[1]));
  const [sent] = figures("sent packets");
  const [, completed] = figures("received packets");
  if (sent === undefined || completed === undefined) {
    throw new Error(`perfdhcp has no report:\n${output.trim().slice(-500)}`);
  }
  const asked = (ratePerSecond * periodMs) / 1000;
  const isOffered = sent >= OFFERED_SHARE_MIN * asked;
  const isKept = sent - completed <= UNANSWERED_SHARE_MAX * sent;
  const verdict = !isOffered ? "generator-limited" : isKept ? "kept" : "missed";
  return { ratePerSecond, sent, completed, verdict };
}
