import { chmodSync, copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect } from "vitest";
import type { Ended, NetworkLab } from "./namespaces.testing.ts";

const root = resolve(import.meta.dirname, "../..");
export const shippedAgent = `${root}/deploy/ocf/prov`;

/** Exit statuses of the OCF resource agent API 1.1. */
export const ocf = {
  ...{ success: 0, generic: 1, unimplemented: 3, installed: 5, configured: 6, notRunning: 7 },
} as const;

/** The resource agent on one node, with the parameters of one resource. */
export class OcfAgent {
  /** The agent, where anybody may run it. */
  readonly path: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly #lab: NetworkLab;
  readonly #namespace: string;

  /** `config` is the absolute path of the prov.yaml. */
  constructor(lab: NetworkLab, namespace: string, config: string) {
    this.#lab = lab;
    this.#namespace = namespace;
    chmodSync(lab.directory, 0o755);
    const file = (name: string): string => lab.path(`${namespace}-${name}`);
    this.path = file("agent");
    copyFileSync(shippedAgent, this.path);
    chmodSync(this.path, 0o755);
    const binary = file("command");
    const prov = `${process.execPath} ${root}/dist/cli/main.js`;
    writeFileSync(binary, `#!/bin/sh\nexec ${prov} "$@"\n`, { mode: 0o755 });
    this.parameters = { binary, config, pidfile: file("pid"), logfile: file("log") };
  }

  /** Runs one action as the cluster does. */
  act(action: string, changed: Readonly<Record<string, string>> = {}): Promise<Ended> {
    const words = Object.entries({ ...this.parameters, ...changed });
    return this.#lab.run(this.#namespace, "env", [
      ...["OCF_ROOT=/usr/lib/ocf", "OCF_RESOURCE_INSTANCE=prov", "OCF_RESOURCE_TYPE=prov"],
      ...words.map(([name, value]) => `OCF_RESKEY_${name}=${value}`),
      ...[this.path, action],
    ]);
  }

  async statusOf(action: string, changed?: Readonly<Record<string, string>>) {
    return (await this.act(action, changed)).status;
  }

  /** Kills the server, and waits until the agent says so: a dying process keeps its number for a while. */
  async kill(): Promise<void> {
    process.kill(this.pid, "SIGKILL");
    await expect.poll(() => this.statusOf("monitor"), { timeout: 10_000 }).toBe(ocf.notRunning);
  }

  /** Of the server that runs. */
  get pid(): number {
    return Number(readFileSync(this.parameters["pidfile"], "utf8"));
  }
}
