import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { EtcdCredentials, EtcdTlsFiles } from "../../server/etcd/edge/etcd-access.ts";
import { EtcdClient } from "../../server/etcd/edge/etcd-client.ts";

/** A thread runs JavaScript, on every version of Node that is supported. */
export const pairWorkerFile = pathToFileURL(
  join(import.meta.dirname, "../../dist/server/lease/replicated/edge/pair-worker.js"),
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

export interface EtcdClusterOptions {
  readonly members?: number;
  readonly txnOpsMax?: number;
  /** Of the members, which then want certificates of that CA; they talk to each other without. */
  readonly tls?: EtcdTlsFiles;
}

/** Members of etcd on free ports of the loopback, with their data below a temporary folder. */
export class EtcdCluster {
  readonly endpoints: readonly string[];
  readonly #folder = mkdtempSync(join(tmpdir(), "provlab-etcd-"));
  readonly #peers: readonly string[];
  readonly #options: EtcdClusterOptions;
  readonly #members: (ChildProcess | undefined)[] = [];
  #administrator: readonly string[] = [];

  private constructor(ports: readonly number[], options: EtcdClusterOptions) {
    const scheme = options.tls === undefined ? "http" : "https";
    const places = ports.map((port) => `127.0.0.1:${port}`);
    this.endpoints = places.slice(0, ports.length / 2).map((place) => `${scheme}://${place}`);
    this.#peers = places.slice(ports.length / 2).map((place) => `http://${place}`);
    this.#options = options;
  }

  static async start(options: EtcdClusterOptions = {}): Promise<EtcdCluster> {
    const { members = 3 } = options;
    const cluster = new EtcdCluster(await freePorts(2 * members), options);
    for (let member = 0; member < members; member += 1) cluster.startMember(member);
    await cluster.healthy();
    return cluster;
  }

  /** Starts a member, on the data that it had; it ends with this process at the latest. */
  startMember(member: number): void {
    const [client, peer] = [this.endpoints[member], this.#peers[member]];
    const { tls, txnOpsMax = 1024 } = this.#options;
    const certificates =
      tls === undefined
        ? []
        : [
            ...["--cert-file", tls.certificate, "--key-file", tls.key],
            ...["--trusted-ca-file", tls.ca, "--client-cert-auth"],
          ];
    const args = [
      ...["--name", `m${member}`, "--data-dir", this.#dataOf(member)],
      ...["--listen-client-urls", client, "--advertise-client-urls", client],
      ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer],
      ...["--initial-cluster", this.#peers.map((url, place) => `m${place}=${url}`).join(",")],
      ...["--max-txn-ops", `${txnOpsMax}`, "--log-level", "error", ...certificates],
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
    const { tls } = this.#options;
    return new EtcdClient({
      endpoints: this.endpoints,
      tls,
      attemptMsMin: 500,
      attemptMsMax: 2000,
    });
  }

  ctl(...args: string[]): string {
    const { tls } = this.#options;
    const certificates =
      tls === undefined ? [] : ["--cacert", tls.ca, "--cert", tls.certificate, "--key", tls.key];
    const endpoints = `--endpoints=${this.endpoints.join(",")}`;
    const options = [endpoints, ...certificates, ...this.#administrator];
    return execFileSync("etcdctl", [...options, ...args], { encoding: "utf8", timeout: 20_000 });
  }

  /** From now on etcd lets in nobody but a user; this one may do as it likes below `prefix`. */
  demandUser(user: string, password: string, prefix: string): EtcdCredentials {
    const administrator = "root:administrator";
    for (const command of [
      ["user", "add", administrator],
      ["user", "grant-role", "root", "root"],
      ["role", "add", user],
      ["role", "grant-permission", user, "--prefix=true", "readwrite", prefix],
      ["user", "add", `${user}:${password}`],
      ["user", "grant-role", user, user],
      ["auth", "enable"],
    ]) {
      this.ctl(...command);
    }
    this.#administrator = [`--user=${administrator}`];
    const passwordFile = join(this.#folder, `${user}.password`);
    writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
    return { user, passwordFile };
  }

  /** Nothing is left of what the members had: a new, empty cluster in the same place. */
  async loseData(): Promise<void> {
    await this.#kill();
    for (const member of this.#members.keys()) {
      rmSync(this.#dataOf(member), { recursive: true, force: true });
    }
    await this.restart();
    await this.healthy();
  }

  /** Kills the members and starts them on what they had; whether they answer yet is not waited for. */
  async restart(): Promise<void> {
    await this.#kill();
    for (const member of this.#members.keys()) this.startMember(member);
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
