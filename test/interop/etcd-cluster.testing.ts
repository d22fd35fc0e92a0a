import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { EtcdClient } from "../../server/lease/etcd/etcd-client.ts";

/** A thread runs JavaScript, on every version of Node that is supported. */
export const pairWorkerFile = pathToFileURL(
  join(import.meta.dirname, "../../dist/server/lease/etcd/pair-worker.js"),
);

/** Why tests with etcd cannot run here. */
export function etcdMissingReason(): string | undefined {
  for (const program of ["etcd", "etcdctl", "setpriv"]) {
    if (spawnSync(program, ["--version"], { stdio: "ignore" }).error) return `no ${program}`;
  }
  return existsSync(pairWorkerFile) ? undefined : "npm run build makes the thread's file";
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Members of etcd on free ports of the loopback, with their data below a temporary folder. */
export class EtcdCluster {
  readonly endpoints: readonly string[];
  readonly #folder = mkdtempSync(join(tmpdir(), "provlab-etcd-"));
  readonly #peers: readonly string[];
  readonly #txnOpsMax: number;
  readonly #members: (ChildProcess | undefined)[] = [];

  private constructor(ports: readonly number[], txnOpsMax: number) {
    const urls = ports.map((port) => `http://127.0.0.1:${port}`);
    this.endpoints = urls.slice(0, ports.length / 2);
    this.#peers = urls.slice(ports.length / 2);
    this.#txnOpsMax = txnOpsMax;
  }

  static async start({ members = 3, txnOpsMax = 1024 } = {}): Promise<EtcdCluster> {
    const cluster = new EtcdCluster(await freePorts(2 * members), txnOpsMax);
    for (let member = 0; member < members; member += 1) cluster.startMember(member);
    await cluster.healthy();
    return cluster;
  }

  /** Starts a member, on the data that it had; it ends with this process at the latest. */
  startMember(member: number): void {
    const [client, peer] = [this.endpoints[member]!, this.#peers[member]!];
    const args = [
      ...["--name", `m${member}`, "--data-dir", this.#dataOf(member)],
      ...["--listen-client-urls", client, "--advertise-client-urls", client],
      ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer],
      ...["--initial-cluster", this.#peers.map((url, place) => `m${place}=${url}`).join(",")],
      ...["--max-txn-ops", `${this.#txnOpsMax}`, "--log-level", "error"],
      // Data of a test need not survive a power cut, and the disk is shared with other tests.
      "--unsafe-no-fsync",
    ];
    const setpriv = ["--pdeathsig", "KILL", "etcd", ...args];
    this.#members[member] = spawn("setpriv", setpriv, { stdio: "ignore" });
  }

  signal(member: number, signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
    const child = this.#members[member];
    if (child?.pid !== undefined && child.exitCode === null) process.kill(child.pid, signal);
  }

  /** Waits until the majority answers. */
  async healthy(): Promise<void> {
    const client = this.client();
    await client.range({ key: "/health" }, 30_000);
    client.close();
  }

  client(): EtcdClient {
    return new EtcdClient({ endpoints: this.endpoints, attemptMsMax: 500 });
  }

  ctl(...args: string[]): string {
    const endpoints = `--endpoints=${this.endpoints.join(",")}`;
    return execFileSync("etcdctl", [endpoints, ...args], { encoding: "utf8", timeout: 20_000 });
  }

  /** Nothing is left of what the members had: a new, empty cluster in the same place. */
  async loseData(): Promise<void> {
    await this.#kill();
    for (const member of this.#members.keys()) {
      rmSync(this.#dataOf(member), { recursive: true, force: true });
      this.startMember(member);
    }
    await this.healthy();
  }

  async stop(): Promise<void> {
    await this.#kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #kill(): Promise<void> {
    for (const child of this.#members) {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) continue;
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
    }
  }

  #dataOf(member: number): string {
    return join(this.#folder, `m${member}`);
  }
}
