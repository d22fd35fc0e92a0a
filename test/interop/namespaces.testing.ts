import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { prov } from "../prov-command.testing.ts";

/** Debian keeps servers and network tools where an ordinary user's PATH does not look. */
const searchPath = `${process.env["PATH"] ?? ""}${delimiter}/usr/sbin${delimiter}/sbin`;
const outputCharactersMax = 4 * 1024 * 1024;
const stopMsMax = 20_000;

export interface Ended {
  readonly status: number | null;
  readonly output: string;
}

/** A program under test or beside it, and what it has said so far (both streams). */
export class Peer {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #ended: Promise<Ended>;
  #output = "";
  #isOver = false;

  constructor(name: string, command: string, args: readonly string[]) {
    this.#name = name;
    this.#child = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, PATH: searchPath },
    });
    const hear = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString("latin1")).slice(-outputCharactersMax);
    };
    this.#child.stdout?.on("data", hear);
    this.#child.stderr?.on("data", hear);
    this.#ended = new Promise((settle, fail) => {
      this.#child.once("error", fail);
      this.#child.once("close", (status) => {
        this.#isOver = true;
        settle({ status, output: this.#output });
      });
    });
    // A peer that cannot be started is told by whoever waits for it.
    this.#ended.catch(() => undefined);
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get output(): string {
    return this.#output;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get ended(): Promise<Ended> {
    return this.#ended;
  }

  /** Waits until the output matches `count` times; the error shows what was said instead. */
  async waitFor(pattern: RegExp, options: { timeoutMs?: number; count?: number } = {}) {
    const { timeoutMs = 60_000, count = 1 } = options;
    const everywhere = new RegExp(pattern.source, `${pattern.flags.replace("g", "")}g`);
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const matches = [...this.#output.matchAll(everywhere)];
      if (matches.length >= count) return matches[count - 1];
      const reason = this.#isOver ? "ended" : performance.now() > deadline ? "went on" : undefined;
      if (reason !== undefined) {
        throw new Error(`${this.#name} ${reason} without ${pattern}:\n${this.#output}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Ends it by `signal`, or by SIGKILL when that does not help. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<Ended> {
    if (!this.#isOver) this.#child.kill(signal);
    const lastResort = setTimeout(() => this.#child.kill("SIGKILL"), stopMsMax);
    try {
      return await this.#ended;
    } finally {
      clearTimeout(lastResort);
    }
  }
}

export interface LinkEnd {
  /** Name of the interface inside the namespace, at most 15 characters. */
  readonly interfaceName: string;
  /** Address with its prefix length; without it the interface is up and has none. */
  readonly address?: string;
}

/** Interface names: at most 15 characters, unique on this machine while the two ends are moved. */
let created = 0;

/**
 * Network namespaces of one test with everything that runs in them. Nothing leaves the machine, and
 * `close` takes back exactly what was made here, by name and by process id.
 */
export class NetworkLab {
  readonly directory = mkdtempSync(join(tmpdir(), "provlab-interop-"));
  readonly #namespaces: string[] = [];
  readonly #peers: Peer[] = [];

  /** Makes a namespace with its loopback up and returns its name. */
  addNamespace(role: string): string {
    const name = `provlab-${process.pid}-${created}-${role}`;
    created += 1;
    ip("netns", "add", name);
    this.#namespaces.push(name);
    ip("-n", name, "link", "set", "lo", "up");
    return name;
  }

  /** Joins two namespaces by a veth pair, both ends up. */
  link(left: string, leftEnd: LinkEnd, right: string, rightEnd: LinkEnd): void {
    ip(
      ...["-n", left, "link", "add", leftEnd.interfaceName, "type", "veth"],
      ...["peer", "name", rightEnd.interfaceName, "netns", right],
    );
    for (const [name, end] of [
      [left, leftEnd],
      [right, rightEnd],
    ] as const) {
      const device = ["dev", end.interfaceName];
      if (end.address !== undefined) ip("-n", name, "address", "add", end.address, ...device);
      ip("-n", name, "link", "set", ...device, "up");
    }
  }

  /** Starts a program inside a namespace; `close` ends it. */
  start(namespace: string, command: string, args: readonly string[]): Peer {
    const peer = new Peer(command, "ip", ["netns", "exec", namespace, command, ...args]);
    this.#peers.push(peer);
    return peer;
  }

  /** Runs a program inside a namespace to its end. */
  run(namespace: string, command: string, args: readonly string[]): Promise<Ended> {
    return this.start(namespace, command, args).ended;
  }

  /** A path inside the directory of this lab. */
  path(name: string): string {
    return join(this.directory, name);
  }

  async close(): Promise<void> {
    await Promise.all(this.#peers.map((peer) => peer.stop().catch(() => undefined)));
    for (const name of this.#namespaces) ip("netns", "delete", name);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Gives the body a lab of its own, so that tests which mostly wait can do so side by side. */
export async function inLab(body: (lab: NetworkLab) => Promise<void>): Promise<void> {
  const lab = new NetworkLab();
  try {
    await body(lab);
  } finally {
    await lab.close();
  }
}

/** Makes a bridge inside a namespace, up; the result plugs the interfaces of others into it. */
export function addBridge(
  lab: NetworkLab,
  namespace: string,
  { interfaceName, address }: LinkEnd,
): (other: string, end: LinkEnd) => void {
  const device = ["dev", interfaceName];
  ip("-n", namespace, "link", "add", interfaceName, "type", "bridge");
  if (address !== undefined) ip("-n", namespace, "address", "add", address, ...device);
  ip("-n", namespace, "link", "set", ...device, "up");
  let ports = 0;
  return (other, end) => {
    ports += 1;
    const port = `${interfaceName}-${ports}`;
    lab.link(namespace, { interfaceName: port }, other, end);
    ip("-n", namespace, "link", "set", "dev", port, "master", interfaceName);
  };
}

/**
 * A headend and its plant: a namespace for a server that insists on a real interface (`serve0`,
 * 10.99.0.1), and one in which all CMTSs and devices of 10.64.0.0/16 live. The configuration that
 * `prov config` prints for the scenario, the boot files that it writes, and an empty lease file are in
 * the lab's directory.
 */
export async function addPlant(lab: NetworkLab, scenario: string, seed = 1) {
  const headend = lab.addNamespace("headend");
  const plant = lab.addNamespace("plant");
  lab.link(
    ...([headend, { interfaceName: "serve0", address: "10.99.0.1/24" }] as const),
    ...([plant, { interfaceName: "load0", address: "10.99.0.2/24" }] as const),
  );
  ip("-n", plant, "route", "add", "local", "10.64.0.0/16", "dev", "lo");
  ip("-n", headend, "route", "add", "10.64.0.0/16", "via", "10.99.0.2");
  const files = {
    scenario: lab.path("peer.yaml"),
    config: lab.path("dhcpd.conf"),
    leases: lab.path("dhcpd.leases"),
    pid: lab.path("dhcpd.pid"),
    tftp: lab.path("tftp"),
  };
  writeFileSync(files.scenario, scenario);
  const printed = await lab.run(headend, process.execPath, [
    ...[prov, "config", files.scenario, "--server-subnet", "10.99.0.0/24"],
    ...["--boot-server", "10.99.0.1", "--boot-files", files.tftp],
    ...["--set", `seed=${seed}`],
  ]);
  if (printed.status !== 0) throw new Error(`prov config: ${printed.output}`);
  writeFileSync(files.config, printed.output);
  writeFileSync(files.leases, "");
  const flags = ["-4", "-f", "-d", "-cf", files.config, "-lf", files.leases, "-pf", files.pid];
  return { headend, plant, files, serverArguments: [...flags, "serve0"] };
}

/** Runs ip(8) on this machine; the error of a failure carries its words. */
export function ip(...args: readonly string[]): string {
  return execFileSync("ip", args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, PATH: searchPath },
  });
}

/** Why a test that needs root and these programs cannot run here; undefined when it can. */
export function missingPeers(commands: readonly string[]): string | undefined {
  if (process.getuid?.() !== 0) return "network namespaces need root";
  const missing = ["ip", ...commands].filter((command) => !isInstalled(command));
  if (missing.length > 0) return `not installed: ${missing.join(", ")}`;
  try {
    const probe = `provlab-${process.pid}-probe`;
    ip("netns", "add", probe);
    ip("netns", "delete", probe);
    return undefined;
  } catch (error) {
    return `network namespaces are not allowed here: ${String(error).trim()}`;
  }
}

function isInstalled(command: string): boolean {
  return searchPath.split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * A group of tests that needs root and peers. Where these are missing it is skipped with the reason
 * in its name; with PROVLAB_REQUIRE_PEERS set (as CI does) that is a failure.
 */
export function describeWithPeers(
  name: string,
  commands: readonly string[],
  body: () => void,
): void {
  describeUnless(missingPeers(commands), name, body);
}
