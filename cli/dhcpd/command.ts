import { spawn } from "node:child_process";
import { lookup } from "node:dns/promises";
import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { resolve } from "node:path";
import { systemClock } from "../../base/clock.ts";
import { noDebugger, packageVersion } from "../../lab/machine/package-root.ts";
import { formatIpv4, parseIpv4 } from "../../protocol/ipv4.ts";
import { ConfigTexts } from "../../server/config/edge/config-texts.ts";
import { leaseTableOf, loadConfig } from "../../server/config/edge/load-config.ts";
import type { ServerConfig } from "../../server/config/model/model.ts";
import {
  type DhcpServerOptions,
  type PreparedServer,
  prepareDhcpServer,
} from "../../server/dhcp-server.ts";
import { lockPathOf } from "../../server/lease/store/edge/lease-file-lock.ts";
import { LeaseFileStore } from "../../server/lease/store/edge/lease-file-store.ts";
import { LeaseStoreError } from "../../server/lease/store/lease-store.ts";
import { startMetricsThread } from "../../server/metrics/edge/metrics-thread.ts";
import { isSyslogPresent, LogWriter } from "../../server/process/log-writer.ts";
import { becomeOwner, findOwner, type ProcessOwner } from "../../server/process/process-owner.ts";
import { StartError, systemReason } from "../../server/process/start-error.ts";
import { completeConfig } from "../../server/registry/complete-config.ts";
import { playTrace } from "../../server/trace/edge/play-trace.ts";
import { createTraceFile, filePieces, readTrace } from "../../server/trace/edge/trace-file.ts";
import { FileTrace } from "../../server/trace/file-trace.ts";
import type { ServerTrace } from "../../server/trace/server-trace.ts";
import { given } from "../options/given.ts";
import { type DhcpdArguments, help, parseDhcpdArguments } from "./arguments.ts";

/** The configuration overrides the flags, and these the environment, as in dhcpd. */
const usualFiles = {
  config: process.env["PATH_DHCPD_CONF"] || "/etc/dhcp/dhcpd.conf",
  lease: process.env["PATH_DHCPD_DB"] || "/var/lib/dhcp/dhcpd.leases",
  pid: process.env["PATH_DHCPD_PID"] || "/var/run/dhcpd.pid",
} as const;

/**
 * `prov dhcpd`. Returns dhcpd's exit status: 0, or 1 for any mistake. Playing back a trace ends as diff does: 0
 * without a difference, 1 with one, 2 when it cannot be done.
 */
export async function runDhcpd(args: readonly string[]): Promise<number> {
  const version = packageVersion();
  const log = new LogWriter({ standardError: true, syslogFacility: undefined });
  let failed = 1;
  try {
    const wanted = parseDhcpdArguments(args);
    log.configure({ standardError: true, syslogFacility: undefined, quiet: wanted.quiet });
    if (wanted.mode === "serve" && !wanted.foreground && !isDetached()) return await detach(args);
    if (wanted.mode === "help" || wanted.mode === "version") {
      log.error(wanted.mode === "help" ? help : `provlab-dhcpd-${version}`);
      return 0;
    }
    log.info(`Provlab DHCP server ${version}, configured as ISC dhcpd is`);
    if (wanted.mode !== "play") return await run(wanted, version, log);
    failed = 2;
    return play(wanted, log);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    // DHCP-11: the console ends with "exiting.", right below the cause.
    log.error(`${error.message}\nexiting.`);
    return failed;
  } finally {
    log.close();
  }
}

interface Files {
  readonly config: string;
  readonly lease: string;
  readonly pid: string;
}

/** Opens no socket and writes no file, not even the lease file. */
function play({ playFile, configFile }: DhcpdArguments, log: LogWriter): number {
  const path = playFile!;
  // The reader has seen enough (`| head`): the exit status still says that there are differences.
  process.stdout.once("error", () => process.exit(1));
  const differences = playTrace({
    path,
    records: readTrace(path),
    configFile,
    print: (line) => {
      process.stdout.write(`${line}\n`);
    },
    logger: log,
  });
  return differences === 0 ? 0 : 1;
}

async function run(wanted: DhcpdArguments, version: string, log: LogWriter): Promise<number> {
  const owner = findOwner(wanted.user, wanted.group);
  const configFile = wanted.configFile ?? usualFiles.config;
  const texts = new Map<string, string>();
  const configTexts = new ConfigTexts();
  const read = (file: string): string => {
    const text = configTexts.read(file);
    if (wanted.traceFile !== undefined) texts.set(file, text);
    return text;
  };
  const config = loadConfig(configFile, log, read, wanted.execute);
  const files = {
    config: configFile,
    lease: resolve(config.process.leaseFileName ?? wanted.leaseFile ?? usualFiles.lease),
    pid: resolve(config.process.pidFileName ?? wanted.pidFile ?? usualFiles.pid),
  };
  log.info(`Config file: ${files.config}`);
  log.info(`Database file: ${files.lease}`);
  log.info(`PID file: ${files.pid}`);
  if (wanted.mode === "test-config") return 0;
  if (wanted.mode === "test-leases") return testLeases(config, files.lease, log);
  const { traceFile, traceBytesMax } = wanted;
  const loaded = { config, configTexts: configTexts.texts };
  if (traceFile === undefined) return serve(wanted, loaded, files, owner, log);
  const trace = new FileTrace({
    path: traceFile,
    bytesMax: traceBytesMax,
    program: `provlab-dhcpd-${version}`,
    configFile,
    configTexts: texts,
    openSink: createTraceFile,
    readPieces: filePieces,
    clock: systemClock,
    logger: log,
  });
  return serve({ ...wanted, trace }, loaded, files, owner, log);
}

function testLeases(config: ServerConfig, leaseFile: string, log: LogWriter): number {
  try {
    const { hosts, ...report } = LeaseFileStore.check(leaseFile, leaseTableOf(config));
    for (const warning of report.warnings) log.warn(warning);
    completeConfig(config, hosts, report.path, log);
    log.info(`Read ${report.records} lease records from ${report.path}.`);
    log.info("Lease file test successful.");
    return 0;
  } catch (error) {
    if (!(error instanceof LeaseStoreError)) throw error;
    throw new StartError(error.message, { cause: error });
  }
}

async function serve(
  wanted: DhcpdArguments & { readonly trace?: ServerTrace },
  loaded: Pick<DhcpServerOptions, "config" | "configTexts">,
  files: Files,
  owner: ProcessOwner,
  log: LogWriter,
): Promise<number> {
  if (wanted.writesPid) refuseSecondServer(files.pid);
  const facility = wanted.debug ? undefined : (loaded.config.process.logFacility ?? "daemon");
  log.configure({ standardError: true, syslogFacility: facility, quiet: wanted.quiet });
  const { broadcastServer } = wanted;
  const broadcastAddress =
    broadcastServer === undefined ? undefined : await addressOf(broadcastServer);
  const server = await prepareDhcpServer({
    ...loaded,
    leaseFile: files.lease,
    // Its folder belongs to that user, who could have root change whatever a link leads to.
    followsLinks: !owner.userId,
    interfaceNames: wanted.interfaceNames,
    warmsUp: wanted.warmsUp,
    ...given({ port: wanted.port, trace: wanted.trace, broadcastAddress }),
    logger: log,
    packetLogging: (wanted.debug ? !wanted.quiet : isSyslogPresent()) ? "text" : "none",
    flushLog: () => log.flush(),
  });
  const stop = (reason: string): void => {
    log.info(`Stopping (${reason}). Counters: ${countersOf(server)}`);
    void server.stop();
  };
  const hangUp = (): void => {
    if (!isDetached()) stop("SIGHUP");
    else log.info("The configuration is read once, at start: stop the server and start it again.");
  };
  const orphaned = (): void => {
    if (!isDetached()) stop("the process that started this one is gone");
  };
  const tell = (): void => log.warn(`Counters: ${countersOf(server)}`);
  process.on("SIGTERM", stop).on("SIGINT", stop).on("SIGHUP", hangUp).on("SIGUSR1", tell);
  process.on("disconnect", orphaned);
  let metrics: Awaited<ReturnType<typeof startMetricsThread>> | undefined;
  try {
    // The handlers of signals are set, so other programs may learn the process id.
    if (wanted.writesPid) writePidFile(files.pid, log);
    // Nothing that anybody sent is read before. The next start may be that of this user, without root.
    becomeOwner(owner, [files.lease, lockPathOf(files.lease)].filter(existsSync));
    if (wanted.metrics !== undefined) {
      metrics = await startMetricsThread(wanted.metrics, server.families, log);
      const address = formatIpv4(wanted.metrics.address);
      log.info(`Metrics: http://${address}:${metrics.port}/metrics`);
    }
    const ended = server.serve();
    log.info("Server starting service.");
    log.configure({ standardError: wanted.debug, syslogFacility: facility, quiet: wanted.quiet });
    process.send?.({ kind: "serving", port: server.port, durability: server.durability });
    if (isDetached()) giveUpStandardError();
    await ended;
    return 0;
  } catch (error) {
    await server.stop();
    throw error;
  } finally {
    await metrics?.stop();
    process.off("SIGTERM", stop).off("SIGINT", stop).off("SIGHUP", hangUp).off("SIGUSR1", tell);
    process.off("disconnect", orphaned);
    if (wanted.writesPid) removePidFile(files.pid, log);
    if (process.connected) process.disconnect();
  }
}

function countersOf({ counters, socket }: PreparedServer): string {
  const ofSocket = Object.entries(socket.counters).map(
    ([name, count]) => `socket.${name}=${count}`,
  );
  return `${ofSocket.join(" ")} ${counters.summary()}`;
}

async function addressOf(server: string): Promise<number> {
  const literal = parseIpv4(server);
  if (literal !== undefined) return literal;
  try {
    return parseIpv4((await lookup(server, { family: 4 })).address)!;
  } catch (error) {
    throw new StartError(`Unknown server ${server} (-s): ${systemReason(error)}`, { cause: error });
  }
}

/** Two servers on one lease file would lease each other's addresses. */
function refuseSecondServer(pidFile: string): void {
  const pid = readPid(pidFile);
  if (pid === undefined || pid === process.pid || !isDhcpd(pid)) return;
  throw new StartError(`There's already a DHCP server running (process ${pid} of ${pidFile}).`);
}

function readPid(pidFile: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(pidFile, "latin1"), 10);
    return pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** After a crash, the number in the file may belong to another program. */
function isDhcpd(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").includes("dhcpd");
  } catch {
    return false;
  }
}

function writePidFile(pidFile: string, log: LogWriter): void {
  try {
    // Its folder may belong to the user of an earlier start, who could have put a link there.
    const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
    const file = openSync(pidFile, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o644);
    writeFileSync(file, `${process.pid}\n`);
    closeSync(file);
  } catch (error) {
    log.warn(`Can't create PID file ${pidFile}: ${systemReason(error)}.`);
  }
}

function removePidFile(pidFile: string, log: LogWriter): void {
  try {
    rmSync(pidFile, { force: true });
  } catch (error) {
    // With -user we may not write in the directory. A later server sees that the process is gone.
    log.warn(`Can't remove PID file ${pidFile}: ${systemReason(error)}.`);
  }
}

const detachedVariable = "PROVLAB_DHCPD_DETACHED";

function isDetached(): boolean {
  return process.env[detachedVariable] !== undefined;
}

/**
 * Starts the server in a session of its own and waits until it serves or has failed, as dhcpd does without -f.
 * Shows its log meanwhile, and returns its exit status when it fails.
 */
function detach(args: readonly string[]): Promise<number> {
  const flags = [noDebugger, ...process.execArgv];
  const child = spawn(process.execPath, [...flags, process.argv[1], "dhcpd", ...args], {
    detached: true,
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    env: { ...process.env, [detachedVariable]: "1" },
  });
  child.stderr?.pipe(process.stderr, { end: false });
  return new Promise((settle, fail) => {
    let serving = false;
    child.once("error", fail);
    child.once("message", () => {
      serving = true;
      child.disconnect();
      child.unref();
    });
    // The server closes its standard error after the last line, so nothing is lost.
    child.stderr?.once("close", () => {
      if (serving) settle(0);
    });
    child.once("close", (status) => settle(status ?? 1));
  });
}

/** A daemon must not keep a terminal or pipe open. /dev/null takes number 2, so that no other file gets it. */
function giveUpStandardError(): void {
  closeSync(2);
  openSync("/dev/null", "w");
}
