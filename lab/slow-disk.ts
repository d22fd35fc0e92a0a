import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { LabError } from "./machine/lab-error.ts";

const ATTACH_MS = 500;

/**
 * Delays each sync of running programs, by strace's fault injection. Tracing slows down their other system
 * calls, too. Rejects with LabError when they cannot be traced; call the result to release them.
 */
export async function slowSyncs(
  pids: readonly number[],
  delayMs: number,
): Promise<() => Promise<void>> {
  const inject = `fdatasync,fsync:delay_enter=${Math.round(delayMs * 1000)}`;
  const args = [
    ...["--pdeathsig", "TERM", "strace", "-f", "-qq", "-o", "/dev/null"],
    ...["-e", "trace=fdatasync,fsync", "-e", `inject=${inject}`],
    ...pids.flatMap((pid) => ["-p", String(pid)]),
  ];
  const tracer = spawn("setpriv", args, { stdio: ["ignore", "ignore", "pipe"], detached: true });
  let said = "";
  tracer.stderr!.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  // strace is silent when it has attached, and ends at once when it cannot.
  const isOver = await endsWithin(tracer, ATTACH_MS);
  if (isOver) throw new LabError(`strace: ${said.trim() || "ended at once"}`);
  return async () => {
    tracer.kill("SIGTERM");
    if (await endsWithin(tracer, 10 * ATTACH_MS)) return;
    tracer.kill("SIGKILL");
    throw new LabError("strace did not let go of the programs");
  };
}

async function endsWithin(child: ChildProcess, ms: number): Promise<boolean> {
  if (child.exitCode !== null || child.signalCode !== null) return true;
  try {
    await once(child, "exit", { signal: AbortSignal.timeout(ms) });
    return true;
  } catch (error) {
    if ((error as Error).name === "AbortError" || (error as Error).name === "TimeoutError") {
      return false;
    }
    throw error;
  }
}
