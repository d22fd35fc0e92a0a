import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { GeneratorReply } from "./answer-requests.ts";

/** The generator could not be started, died or did not answer. */
export class GeneratorError extends Error {
  override readonly name = "GeneratorError";
}

const OUTPUT_CHARACTERS_MAX = 16 * 1024;

/**
 * A generator as a process: on one processor and on its own side of the network. Its program takes
 * requests over its channel and answers each with a `GeneratorReply`.
 */
export class GeneratorProcess<Request extends object, Result> {
  readonly #child: ChildProcess;
  #output = "";

  /** `wrap` turns the command line into one that runs where the generator belongs. */
  constructor(program: URL, wrap: (command: readonly string[]) => readonly string[]) {
    const [command, ...args] = wrap([process.execPath, fileURLToPath(program)]);
    this.#child = spawn(command!, args, { stdio: ["ignore", "ignore", "pipe", "ipc"] });
    this.#child.stderr?.on("data", (chunk: Buffer) => {
      this.#output = (this.#output + chunk.toString("latin1")).slice(-OUTPUT_CHARACTERS_MAX);
    });
    // The next request fails, and says so.
    this.#child.on("error", () => undefined);
  }

  /** Undefined when it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * Plays the request within `msMax`. Throws GeneratorError when that fails, the signal's reason when that
   * is aborted.
   */
  async run(request: Request, msMax: number, signal: AbortSignal): Promise<Result> {
    const tooLong = AbortSignal.timeout(Math.ceil(msMax));
    const reply = await this.#exchange(request, AbortSignal.any([signal, tooLong])).catch(
      (error: unknown) => {
        signal.throwIfAborted();
        const cause = tooLong.aborted ? "it did not answer in time" : String(error);
        throw new GeneratorError(`the generator failed: ${cause}\n${this.#output}`.trim());
      },
    );
    if (reply.kind === "failed") throw new GeneratorError(`the generator failed: ${reply.message}`);
    return reply.result;
  }

  async #exchange(request: Request, signal: AbortSignal): Promise<GeneratorReply<Result>> {
    const child = this.#child;
    if (!child.connected) throw new Error("it is not running");
    const heard = new AbortController();
    const options = { signal: AbortSignal.any([signal, heard.signal]) };
    try {
      const reply = once(child, "message", options) as Promise<[GeneratorReply<Result>]>;
      const gone = once(child, "disconnect", options).then((): never => {
        throw new Error("it ended");
      });
      gone.catch(() => undefined);
      reply.catch(() => undefined);
      child.send(request);
      return (await Promise.race([reply, gone]))[0];
    } finally {
      heard.abort();
    }
  }

  /** Ends the process. Idempotent. */
  stop(): void {
    this.#child.kill("SIGKILL");
  }
}
