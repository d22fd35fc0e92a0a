import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { onProcessor } from "../../lab/machine/processors.ts";
import type { ResponderReady, ResponderReport } from "./responder-messages.ts";

const ANSWER_MS_MAX = 20_000;
const program = new URL("./responder.js", import.meta.url);

/** The stateless responder as a process on a processor of its own. */
export class ResponderProcess {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Resolves when it answers on the address and port; rejects when it does not get so far. */
  static async start(
    address: number,
    port: number,
    processor: number | undefined,
  ): Promise<ResponderProcess> {
    const command = [process.execPath, fileURLToPath(program), String(address), String(port)];
    const [name, ...args] = onProcessor(processor, command);
    const child = spawn(name!, args, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    const responder = new ResponderProcess(child);
    try {
      await responder.#next<ResponderReady>();
      return responder;
    } catch (error) {
      responder.stop();
      throw error;
    }
  }

  /** What it has done since the last report. */
  async report(): Promise<ResponderReport> {
    const report = this.#next<ResponderReport>();
    this.#child.send("report");
    return report;
  }

  /** Idempotent. */
  stop(): void {
    this.#child.kill("SIGKILL");
  }

  async #next<Message>(): Promise<Message> {
    const signal = AbortSignal.timeout(ANSWER_MS_MAX);
    try {
      return ((await once(this.#child, "message", { signal })) as [Message])[0];
    } catch (error) {
      throw new Error("the responder of the bench does not answer", { cause: error });
    }
  }
}
