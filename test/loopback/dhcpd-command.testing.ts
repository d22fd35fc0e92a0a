import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import { prov, type Ran, runMsMax, runProv } from "../prov-command.testing.ts";

const startMsMax = 60_000;

/** A `prov dhcpd` of a test, and what it has said. */
export interface RunningDhcpd {
  readonly pid: number;
  readonly said: () => string;
  /** Sends the signal and waits for the end; the exit status, or null after SIGKILL. */
  stop(signal: NodeJS.Signals): Promise<number | null>;
}

/** A folder with the files of `prov dhcpd` and simulated devices, which are run in it. */
export class DhcpdFolder {
  readonly #folder = mkdtempSync(join(tmpdir(), "provlab-dhcpd-"));
  readonly #children: ChildProcess[] = [];

  path(name: string): string {
    return join(this.#folder, name);
  }

  write(name: string, text: string): void {
    writeFileSync(this.path(name), text);
  }

  /** Runs `prov` to its end. */
  prov(...args: readonly string[]): Ran {
    const { status, stdout, stderr } = spawnSync(process.execPath, [prov, ...args], {
      cwd: this.#folder,
      encoding: "utf8",
      timeout: runMsMax,
      maxBuffer: 64 * 1024 * 1024,
    });
    return { status, stdout, stderr };
  }

  /** The same, while this process goes on: a server of the test's own can answer. */
  provBeside(...args: readonly string[]): Promise<Ran> {
    return runProv(args, { cwd: this.#folder });
  }

  /** Starts `prov dhcpd` and waits until it serves. `wrapper` is what stands before the command. */
  async dhcpd(
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    wrapper: readonly string[] = [],
  ): Promise<RunningDhcpd> {
    const [program, ...rest] = [...wrapper, process.execPath, prov, "dhcpd", ...args];
    const child = spawn(program!, rest, {
      cwd: this.#folder,
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, ...environment },
    });
    this.#children.push(child);
    let said = "";
    child.stderr!.on("data", (chunk: Buffer) => {
      said += chunk.toString("latin1");
    });
    await vi.waitFor(() => {
      if (!said.includes("Server starting service.")) throw new Error(`not serving:\n${said}`);
    }, startMsMax);
    return {
      pid: child.pid!,
      said: () => said,
      stop: async (signal) => {
        const ended = once(child, "exit") as Promise<[number | null]>;
        child.kill(signal);
        return (await ended)[0];
      },
    };
  }

  close(): void {
    for (const child of this.#children) child.kill("SIGKILL");
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
