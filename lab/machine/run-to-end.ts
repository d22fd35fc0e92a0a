import { spawn } from "node:child_process";
import { once } from "node:events";

interface ProgramRun {
  readonly signal: AbortSignal;
  /** The longest run time. */
  readonly msMax: number;
  /** From SIGTERM to SIGKILL when it has to be ended; 0, which is the default: SIGKILL at once. */
  readonly stopMsMax?: number;
  /** Whether its standard error goes to ours; otherwise the end of both its streams is returned. */
  readonly showsErrors?: boolean;
  /** How much of the end of its output is returned; 64 KiB unless told. */
  readonly outputCharactersMax?: number;
  readonly folder?: string;
  /** Added to our own. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Called every `everyMs` while it runs. */
  readonly watch?: { readonly everyMs: number; readonly look: (pid: number) => void };
}

export interface ProgramEnd {
  /** Null when a signal ended it. */
  readonly status: number | null;
  /** It was ended because it took too long. */
  readonly isOver: boolean;
  readonly elapsedMs: number;
  /** The end of its output. */
  readonly output: string;
}

const OUTPUT_CHARACTERS_MAX = 64 * 1024;

/**
 * Runs a program to its end. Rejects when it cannot be started. An abort of the signal ends the program, and then
 * rejects with the signal's reason.
 */
export async function runToEnd(
  [program, ...args]: readonly string[],
  run: ProgramRun,
): Promise<ProgramEnd> {
  const { signal, msMax, stopMsMax = 0, showsErrors, folder, environment, watch } = run;
  const { outputCharactersMax = OUTPUT_CHARACTERS_MAX } = run;
  signal.throwIfAborted();
  const startMs = performance.now();
  const child = spawn(program!, args, {
    stdio: showsErrors === true ? ["ignore", "ignore", "inherit"] : ["ignore", "pipe", "pipe"],
    cwd: folder,
    env: { ...process.env, ...environment },
  });
  let output = "";
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString("utf8")).slice(-outputCharactersMax);
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  const timers: NodeJS.Timeout[] = [];
  const end = (): void => {
    child.kill(stopMsMax > 0 ? "SIGTERM" : "SIGKILL");
    timers.push(setTimeout(() => child.kill("SIGKILL"), stopMsMax));
  };
  let isOver = false;
  timers.push(
    setTimeout(() => {
      isOver = true;
      end();
    }, msMax),
  );
  if (watch !== undefined)
    timers.push(setInterval(() => watch.look(child.pid ?? 0), watch.everyMs));
  signal.addEventListener("abort", end, { once: true });
  try {
    const [status] = (await once(child, "close")) as [number | null];
    signal.throwIfAborted();
    return { status, isOver, elapsedMs: performance.now() - startMs, output };
  } finally {
    for (const timer of timers) clearTimeout(timer);
    signal.removeEventListener("abort", end);
  }
}
