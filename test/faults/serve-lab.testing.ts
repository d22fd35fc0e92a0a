import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prov } from "../prov-command.testing.ts";
import { endOf, kill } from "./server.testing.ts";

const kibAMib = 1024;

/** A `prov serve` that serves. */
export interface Serving {
  readonly process: ChildProcess;
  /** UDP port by service. */
  readonly ports: Readonly<Record<string, number>>;
}

/**
 * Starts `prov serve` in a folder of its own, on ports that the system chooses when the sections say
 * 0. `close` ends every process that was started here, by its id, and removes the folder.
 */
export class ServeLab {
  readonly folder: string;
  readonly #logFile: string;
  readonly #children: ChildProcess[] = [];

  /** `name` is a part of the folder's name. */
  constructor(name: string) {
    this.folder = mkdtempSync(join(tmpdir(), `provlab-${name}-`));
    this.#logFile = join(this.folder, "prov.log");
  }

  /** Everything that was said so far. */
  get log(): string {
    return readFileSync(this.#logFile, "utf8");
  }

  /** Starts the services of these sections of a prov.yaml on 127.0.0.1 and waits until they serve. */
  async start(
    sections: Readonly<Record<string, unknown>>,
    nodeFlags: readonly string[] = [],
  ): Promise<Serving> {
    const file = join(this.folder, "prov.yaml");
    // JSON is YAML.
    writeFileSync(
      file,
      JSON.stringify({ schema: "provlab/prov@1", address: "127.0.0.1", ...sections }),
    );
    const log = openSync(this.#logFile, "a");
    const child = spawn(process.execPath, [...nodeFlags, prov, "serve", "-c", file], {
      cwd: this.folder,
      stdio: ["ignore", log, log, "ipc"],
    });
    closeSync(log);
    this.#children.push(child);
    const ended = endOf(child).then(({ status }) => {
      throw new Error(`prov serve ended with ${status} before it served:\n${this.log}`);
    });
    ended.catch(() => undefined);
    const [message] = (await Promise.race([once(child, "message"), ended])) as [Serving];
    return { process: child, ports: message.ports };
  }

  async close(): Promise<void> {
    for (const child of this.#children) await kill(child);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The resident size of a process, MiB. */
export function residentMiB({ pid }: ChildProcess): number {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)![1]) / kibAMib;
}
