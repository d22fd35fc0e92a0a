import { readFileSync, readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { LabProcess } from "./lab-process.ts";

export interface ServerCommand {
  /** Name of the server in messages. */
  readonly title: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Exists already; gets the server's log, `server.log`, and its working folder. */
  readonly folder: string;
  /** The server serves once it holds this UDP port and has logged `readyText`, if any. */
  readonly port: number;
  readonly readyText?: string;
  /** Whether the command enters another network namespace: ports of ours do not count. */
  readonly entersNamespace: boolean;
}

const START_MS_MAX = 60_000;
/** Between the opening of the port and the first packet. */
const SETTLE_MS = 500;

/** A server under measurement, not started yet. */
export function serverProcess(server: ServerCommand): LabProcess {
  const { title, command, environment, folder, port, readyText = "", entersNamespace } = server;
  const isReady = (log: string, _: unknown, pid: number): boolean =>
    holdsPort(pid, port, entersNamespace) && log.includes(readyText);
  const process = new LabProcess(
    { name: "server", title, command, environment, isReady },
    { folder, wrap: (words) => words },
  );
  process.writeFiles();
  return process;
}

/** Starts a server and waits until it serves; rejects with LabError, and leaves no process, when it does not. */
export async function startServerProcess(
  server: ServerCommand,
  signal: AbortSignal,
): Promise<LabProcess> {
  const process = serverProcess(server);
  try {
    process.launch();
    await process.ready(START_MS_MAX, signal);
    await sleep(SETTLE_MS);
    process.check();
    return process;
  } catch (error) {
    await process.stop();
    throw error;
  }
}

/** Whether any process holds the port in the server's network, where only the server runs. */
function holdsPort(pid: number, port: number, entersNamespace: boolean): boolean {
  try {
    const isThere = readlinkSync(`/proc/${pid}/ns/net`) !== readlinkSync("/proc/self/ns/net");
    if (entersNamespace && !isThere) return false;
    const sockets = readFileSync(`/proc/${pid}/net/udp`, "latin1");
    const suffix = port.toString(16).toUpperCase().padStart(4, "0");
    return new RegExp(`^\\s*\\d+: [0-9A-F]{8}:${suffix} `, "m").test(sockets);
  } catch {
    return false;
  }
}
