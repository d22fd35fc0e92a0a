import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatIpv4, maskOf } from "../../protocol/ipv4.ts";
import type { Population } from "../../scenarios/population/population.ts";
import { LeaseFileStore } from "../../server/lease/store/edge/lease-file-store.ts";
import type { LeasePaths } from "../../server/lease/store/open-lease-files.ts";
import { LeaseTable } from "../../server/lease/table/lease-table.ts";
import { prov } from "../prov-command.testing.ts";

const endMsMax = 60_000;

export interface ServerPlace {
  /** Part of the name of its folder. */
  readonly name: string;
  readonly port: number;
}

export interface ServerEnd {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Where a server keeps its leases, and what has to stand before the command to reach it there. */
export interface LeasePlace {
  /** Two of them make it a `prov serve`. */
  readonly leaseFile: LeasePaths;
  readonly wrapper?: readonly string[];
}

/**
 * A `prov dhcpd` that is started and ended many times on the same files, in a folder of its own.
 * `close` ends every process that was started here, by its id, and removes the folder.
 */
export class ServerLab {
  readonly folder: string;
  readonly port: number;
  readonly configFile: string;
  readonly leaseFile: string;
  readonly #logFile: string;
  readonly #children: ChildProcess[] = [];

  constructor({ name, port }: ServerPlace) {
    this.folder = mkdtempSync(join(tmpdir(), `provlab-${name}-`));
    this.port = port;
    this.configFile = join(this.folder, "dhcpd.conf");
    this.leaseFile = join(this.folder, "dhcpd.leases");
    this.#logFile = join(this.folder, "dhcpd.log");
    writeFileSync(this.#logFile, "");
  }

  /** A configuration that serves these ranges on loopback, and an empty lease file. */
  configure(ranges: readonly ServedRange[], statements = ""): void {
    writeFileSync(this.configFile, configurationFor(ranges, statements));
    writeFileSync(this.leaseFile, "");
  }

  /** Everything that all servers of this lab said so far. */
  get log(): string {
    return readFileSync(this.#logFile, "latin1");
  }

  /** Starts the server and waits until it serves. */
  async start(place: LeasePlace = this): Promise<ChildProcess> {
    const child = this.spawn(place);
    const ended = endOf(child).then(({ status }) => {
      throw new Error(`the server ended with ${status} before it served:\n${this.log}`);
    });
    ended.catch(() => undefined);
    await Promise.race([once(child, "message"), ended]);
    return child;
  }

  /** Starts a server that is expected to end by itself, and waits for that. */
  async run(place: LeasePlace = this): Promise<ServerEnd & { readonly said: string }> {
    const before = this.log.length;
    const child = this.spawn(place);
    const tooLong = setTimeout(() => child.kill("SIGKILL"), endMsMax);
    const end = await endOf(child);
    clearTimeout(tooLong);
    return { ...end, said: this.log.slice(before) };
  }

  spawn({ leaseFile, wrapper = [] }: LeasePlace): ChildProcess {
    const log = openSync(this.#logFile, "a");
    const served = typeof leaseFile === "string" ? this.#dhcpd(leaseFile) : this.#serve(leaseFile);
    const [command, ...args] = [...wrapper, process.execPath, prov, ...served];
    const child = spawn(command!, args, { stdio: ["ignore", "ignore", log, "ipc"] });
    closeSync(log);
    this.#children.push(child);
    return child;
  }

  #dhcpd(leaseFile: string): readonly string[] {
    const files = ["-cf", this.configFile, "-lf", leaseFile, "--no-pid"];
    return ["dhcpd", "-d", "-q", "-p", String(this.port), ...files];
  }

  #serve(leases: readonly [string, string]): readonly string[] {
    const file = join(this.folder, "prov.yaml");
    const dhcp = { config: this.configFile, leases, port: this.port };
    writeFileSync(file, JSON.stringify({ schema: "provlab/prov@1", dhcp }));
    return ["serve", "-c", file];
  }

  async close(): Promise<void> {
    for (const child of this.#children) await kill(child);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Ends a process at once, and waits until it is gone. */
export async function kill(child: ChildProcess): Promise<void> {
  const ended = endOf(child);
  child.kill("SIGKILL");
  await ended;
}

export async function endOf(child: ChildProcess): Promise<ServerEnd> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return { status: child.exitCode, signal: child.signalCode };
}

/** The addresses of one subnet that a server may lease. */
export interface ServedRange {
  readonly network: number;
  readonly prefixLength: number;
  readonly low: number;
  readonly high: number;
}

/** Every address that the population may need, or only some of each network. */
export function rangesOf(population: Population, addressesMax = 0x7fff_ffff): ServedRange[] {
  return Array.from({ length: population.cmtsCount }, (_, index) => {
    const { network, prefixLength, pools } = population.cmts(index);
    const low = pools[0].low;
    const high = Math.min(pools[pools.length - 1].high, low + addressesMax - 1);
    return { network, prefixLength, low, high };
  });
}

function configurationFor(ranges: readonly ServedRange[], statements: string): string {
  const subnets = ranges.map(({ network, prefixLength, low, high }) => {
    const subnet = `subnet ${formatIpv4(network)} netmask ${formatIpv4(maskOf(prefixLength))}`;
    return `${subnet} { range ${formatIpv4(low)} ${formatIpv4(high)}; }`;
  });
  const first = "authoritative; ping-check false; local-address 127.0.0.1;";
  return [first, statements, ...subnets, ""].join("\n");
}

/** What a server that starts now would know. */
export function readLeaseTable(leaseFile: LeasePaths, ranges: readonly ServedRange[]): LeaseTable {
  const table = new LeaseTable(ranges.map(({ low, high }, pool) => ({ low, high, pool })));
  LeaseFileStore.check(leaseFile, table);
  return table;
}
