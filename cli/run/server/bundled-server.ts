import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { freeUdpPorts } from "../../../base/net/free-ports.ts";
import { provCommand } from "../../../lab/machine/package-root.ts";
import { type ProcessUsage, processUsage } from "../../../lab/machine/process-usage.ts";
import { LOOPBACK } from "../../../protocol/ipv4.ts";
import type { Scenario } from "../../../scenarios/language/scenario.ts";
import type { Population } from "../../../scenarios/population/population.ts";
import type { BootFile } from "../../../scenarios/servers/boot-files.ts";
import { dhcpdConf } from "../../../scenarios/servers/dhcpd-conf.ts";
import type { StagesReport } from "../../../server/dhcp/loop/answer-stages.ts";
import type { ServerAddress } from "../../../simulator/relay/cmts.ts";
import type { ServingMessage, StagesMessage, TakeStages } from "../../serve/command.ts";
import { PROV_SCHEMA } from "../../serve/prov-file.ts";
import { type BootServers, ownServers, type ServicePorts } from "../plan/boot-plan-of.ts";

const START_MS_MAX = 60_000;
const STOP_MS_MAX = 20_000;
const STARTS_MAX = 5;
const STAGES_MS_MAX = 5000;
/** Below the ports that a system hands out by itself (from 32768 on Linux). */
const PORT_FIRST = 20_000;
const PORT_ROWS = 5000;

/** The bundled server could not be started, or died. The message ends with its last log lines. */
export class BundledServerError extends Error {
  override readonly name = "BundledServerError";
}

/** What the bundled server serves. */
export interface BundledServerInput {
  /** The text of its dhcpd.conf. */
  readonly config: string;
  /** What its TFTP serves; undefined for DHCP alone, without TFTP, Time, NTP and Syslog. */
  readonly files: readonly BootFile[] | undefined;
  /** Limits of its TFTP, as in prov.yaml; the defaults when left out. */
  readonly tftpLimits?: { readonly sessionsMax: number };
}

export interface BundledServer {
  readonly address: ServerAddress;
  /** The services beside DHCP; undefined when it serves DHCP alone. */
  readonly bootServers: BootServers | undefined;
  readonly leaseFile: string;
  /** What an ACK of this server promises: `fsync`, `os` or `none`, as the server itself says. */
  readonly durability: string;
  /** Rejects with BundledServerError when the server ends before `stop`. */
  readonly died: Promise<never>;
  /** CPU and memory so far; undefined where /proc is missing. */
  usage(): ProcessUsage | undefined;
  /** What made answers slow since the last call; undefined when it does not say within a few seconds. */
  takeStages(): Promise<StagesReport | undefined>;
  /** Sends SIGTERM, and SIGKILL to a server that does not end in time. */
  stop(): Promise<void>;
}

/** Starts the server of a scenario's population; otherwise as `startBundledServer`. */
export function startScenarioServer(
  folder: string,
  { server }: Scenario,
  population: Population,
  services: Omit<BundledServerInput, "config">,
): Promise<BundledServer> {
  const config = dhcpdConf(population, { ...server, localAddress: LOOPBACK });
  return startBundledServer(folder, { config, ...services });
}

/**
 * Starts `prov serve` on 127.0.0.1 with the given configuration, the files and an empty lease file, all
 * in `folder`, and waits until it serves. `server.log` has its log, `server.pid` its process id. DHCP gets a port
 * from `nextPort`, and another one if a program took that port before the server did.
 */
export async function startBundledServer(
  folder: string,
  input: BundledServerInput,
  nextPort: () => Promise<number> = freePort,
): Promise<BundledServer> {
  for (let starts = 1; ; starts += 1) {
    try {
      return await startOnPort(await nextPort(), folder, input);
    } catch (error) {
      // The port was free when we looked, and another program was faster.
      if (!wantedTakenPort(error) || starts === STARTS_MAX) throw error;
    }
  }
}

function wantedTakenPort(error: unknown): boolean {
  return error instanceof BundledServerError && error.message.includes("Address already in use");
}

async function startOnPort(
  port: number,
  folder: string,
  { config, files, tftpLimits }: BundledServerInput,
): Promise<BundledServer> {
  const file = (name: string): string => join(folder, name);
  const leaseFile = file("dhcpd.leases");
  mkdirSync(folder, { recursive: true });
  writeFileSync(file("dhcpd.conf"), config);
  writeFileSync(leaseFile, "");
  const dhcp = { config: file("dhcpd.conf"), leases: leaseFile, port };
  const prov = { schema: PROV_SCHEMA, address: "127.0.0.1", dhcp };
  if (files === undefined) {
    writeFileSync(file("prov.yaml"), stringify(prov));
  } else {
    writeTftpRoot(file("tftp"), files);
    // The system chooses the ports.
    const tftp = { root: file("tftp"), port: 0, ...tftpLimits };
    const syslog = { directory: file("log"), port: 0 };
    const others = { tftp, time: { port: 0 }, ntp: { port: 0 }, syslog };
    writeFileSync(file("prov.yaml"), stringify({ ...prov, ...others }));
  }
  const log = openSync(file("server.log"), "w");
  const [program, ...args] = provCommand("serve", "-c", file("prov.yaml"), "--log-format", "text");
  const child = spawn(program!, args, {
    stdio: ["ignore", "ignore", log, "ipc"],
    // In a process group of its own, so that Ctrl-C reaches only the run, which then stops the server. The
    // server also stops when its channel to this process closes.
    detached: true,
  });
  closeSync(log);
  writeFileSync(file("server.pid"), `${child.pid}\n`);

  let isStopping = false;
  const died = new Promise<never>((_, reject) => {
    const fail = (why: string): void => {
      if (!isStopping) reject(new BundledServerError(`${why}${lastWords(file("server.log"))}`));
    };
    child.once("error", (error) => fail(`the bundled server cannot be started: ${error.message}`));
    child.once("exit", (status, signal) => {
      fail(`the bundled server ended by itself (${signal ?? `exit status ${status}`})`);
    });
  });
  // The run may end before anything waits for this promise.
  died.catch(() => undefined);

  const stop = async (): Promise<void> => {
    isStopping = true;
    await stopChild(child);
  };
  try {
    const { ports, durability = "unknown" } = await Promise.race([served(child), died]);
    return {
      address: { address: LOOPBACK, port },
      bootServers: files && ownServers(files, bootPortsOf(ports)),
      ...{ leaseFile, durability, died, stop },
      usage: () => processUsage(child.pid!),
      takeStages: () => takeStages(child),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function bootPortsOf(ports: ServingMessage["ports"]): ServicePorts {
  const portOf = (service: keyof ServicePorts): number => {
    const port = ports[service];
    if (port !== undefined) return port;
    throw new BundledServerError(`the bundled server does not say on which port ${service} is`);
  };
  const [tftp, time, ntp, syslog] = (["tftp", "time", "ntp", "syslog"] as const).map(portOf);
  return { tftp, time, ntp, syslog };
}

function writeTftpRoot(root: string, files: readonly BootFile[]): void {
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root, { recursive: true });
  for (const { name, bytes } of files) writeFileSync(join(root, name), bytes);
}

/** Waits until the server says that it serves. */
async function served(child: ChildProcess): Promise<ServingMessage> {
  try {
    const signal = AbortSignal.timeout(START_MS_MAX);
    const [message] = (await once(child, "message", { signal })) as [ServingMessage];
    return message;
  } catch (error) {
    const message = `the bundled server did not serve within ${START_MS_MAX / 1000} s`;
    throw new BundledServerError(message, { cause: error });
  }
}

async function takeStages(child: ChildProcess): Promise<StagesReport | undefined> {
  const ask: TakeStages = { kind: "take-stages" };
  try {
    if (!child.connected) return undefined;
    child.send(ask);
    const signal = AbortSignal.timeout(STAGES_MS_MAX);
    const [message] = (await once(child, "message", { signal })) as [StagesMessage];
    return message.report;
  } catch {
    // A server that has ended, or that hangs, is told by others.
    return undefined;
  }
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const hardStop = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
  await ended;
  clearTimeout(hardStop);
}

function lastWords(logFile: string): string {
  // The folder of a run may be gone before the end of its server is told.
  if (!existsSync(logFile)) return "";
  const lines = readFileSync(logFile, "utf8").trim().split("\n").slice(-12);
  return lines.join("") === "" ? "" : `; it said:\n${lines.join("\n")}`;
}

/** Returns a port P with P + 1 free as well: relays sit on P, clients on P + 1, beside the server. */
async function freePort(): Promise<number> {
  const port = await freeUdpPorts({ first: PORT_FIRST, count: 2, rows: PORT_ROWS });
  if (port !== undefined) return port;
  throw new BundledServerError(
    `no free pair of UDP ports from ${PORT_FIRST} to ${PORT_FIRST + 2 * PORT_ROWS}`,
  );
}
