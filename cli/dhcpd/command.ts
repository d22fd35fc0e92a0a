import { spawn } from "node:child_process";
import { lookup } from "node:dns/promises";
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { systemClock } from "../../base/clock.ts";
import { packageVersion } from "../../lab/machine/package-root.ts";
import { formatIpv4, parseIpv4 } from "../../protocol/ipv4.ts";
import {
  completeConfig,
  leaseTableOf,
  loadConfig,
  readConfigFile,
} from "../../server/config/edge/load-config.ts";
import type { ServerConfig } from "../../server/config/model/model.ts";
import { type RunningServer, startDhcpServer } from "../../server/dhcp-server.ts";
import { LeaseFileStore } from "../../server/lease/store/edge/lease-file-store.ts";
import { LeaseStoreError } from "../../server/lease/store/lease-store.ts";
import type { MetricsPlan } from "../../server/metrics/edge/metrics-server.ts";
import { startMetricsThread } from "../../server/metrics/edge/metrics-thread.ts";
import { isSyslogPresent, LogWriter } from "../../server/process/log-writer.ts";
import { becomeOwner, findOwner, type ProcessOwner } from "../../server/process/process-owner.ts";
import { StartError, systemReason } from "../../server/process/start-error.ts";
import { playTrace } from "../../server/trace/edge/play-trace.ts";
import { createTraceFile, filePieces, readTrace } from "../../server/trace/edge/trace-file.ts";
import { FileTrace } from "../../server/trace/file-trace.ts";
import type { ServerTrace } from "../../server/trace/server-trace.ts";
import { type DhcpdArguments, parseDhcpdArguments, usage } from "./arguments.ts";

/** The environment comes after the flags, and those after what the configuration says, as in dhcpd. */
const usualFiles = {
  config: process.env["PATH_DHCPD_CONF"] || "/etc/dhcp/dhcpd.conf",
  lease: process.env["PATH_DHCPD_DB"] || "/var/lib/dhcp/dhcpd.leases",
  pid: process.env["PATH_DHCPD_PID"] || "/var/run/dhcpd.pid",
} as const;

/**
 * Runs `prov dhcpd` and returns dhcpd's exit status: 0, or 1 for whatever is wrong. Playing back ends
 * as diff does: 0 without a difference, 1 with one, 2 when it cannot be done.
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
      log.error(wanted.mode === "help" ? usage : `provlab-dhcpd-${version}`);
      return 0;
    }
    log.info(`Provlab DHCP server ${version}, configured as ISC dhcpd is`);
    if (wanted.mode !== "play") return await run(wanted, version, log);
    failed = 2;
    return play(wanted, log);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    // DHCP-11: the console ends with "exiting.", and the cause stands right above it.
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

/** No socket is opened and no file written; a lease file that is named stays as it is. */
function play({ playFile, configFile }: DhcpdArguments, log: LogWriter): number {
  const path = playFile!;
  // Whoever reads has seen enough (`| head`): that there are differences is what remains to be told.
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
  const read = (file: string): string => {
    const text = readConfigFile(file);
    if (wanted.traceFile !== undefined) texts.set(file, text);
    return text;
  };
  const config = loadConfig(configFile, log, read, wanted.allowsExecute);
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
  const trace =
    wanted.traceFile === undefined
      ? {}
      : {
          trace: new FileTrace({
            path: wanted.traceFile,
            bytesMax: wanted.traceBytesMax,
            program: `provlab-dhcpd-${version}`,
            configFile,
            configTexts: texts,
            openSink: createTraceFile,
            readPieces: filePieces,
            clock: systemClock,
            logger: log,
          }),
        };
  return serve({ ...wanted, ...trace }, config, files, owner, log);
}

function testLeases(config: ServerConfig, leaseFile: string, log: LogWriter): number {
  try {
    const { hosts, ...report } = LeaseFileStore.check(leaseFile, leaseTableOf(config));
    for (const warning of report.warnings) log.warn(warning);
    completeConfig(config, hosts, log);
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
  config: ServerConfig,
  files: Files,
  owner: ProcessOwner,
  log: LogWriter,
): Promise<number> {
  if (wanted.writesPid) refuseSecondServer(files.pid);
  const facility = wanted.debug ? undefined : (config.process.logFacility ?? "daemon");
  log.configure({ standardError: true, syslogFacility: facility, quiet: wanted.quiet });
  const server = await startDhcpServer({
    config,
    leaseFile: files.lease,
    interfaceNames: wanted.interfaceNames,
    ...(wanted.port === undefined ? {} : { port: wanted.port }),
    ...(wanted.broadcastServer === undefined
      ? {}
      : { broadcastAddress: await addressOf(wanted.broadcastServer) }),
    logger: log,
    packetLogging: (wanted.debug ? !wanted.quiet : isSyslogPresent()) ? "text" : "none",
    flushLog: () => log.flush(),
    ...(wanted.trace === undefined ? {} : { trace: wanted.trace }),
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
    if (wanted.metrics !== undefined) {
      metrics = await startMetrics(wanted.metrics, server, log);
    }
    // Only now is it told: whoever hears it may send a signal at once.
    if (wanted.writesPid) writePidFile(files.pid, log);
    await handOver(server, owner, files.lease);
    log.info("Server starting service.");
    log.configure({
      standardError: wanted.debug,
      syslogFacility: facility,
      quiet: wanted.quiet,
    });
    process.send?.({ kind: "serving", port: server.port, durability: server.durability });
    if (isDetached()) giveUpStandardError();
    await server.ended;
    return 0;
  } finally {
    await metrics?.stop();
    process.off("SIGTERM", stop).off("SIGINT", stop).off("SIGHUP", hangUp).off("SIGUSR1", tell);
    process.off("disconnect", orphaned);
    if (wanted.writesPid) removePidFile(files.pid, log);
    if (process.connected) process.disconnect();
  }
}

/** A server whose metrics nobody could read does not serve. */
async function startMetrics(
  plan: MetricsPlan,
  server: RunningServer,
  log: LogWriter,
): ReturnType<typeof startMetricsThread> {
  try {
    const metrics = await startMetricsThread(plan, server.families, log);
    log.info(`Metrics: http://${formatIpv4(plan.address)}:${metrics.port}/metrics`);
    return metrics;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** A server that cannot give up being root does not serve. */
async function handOver(
  server: RunningServer,
  owner: ProcessOwner,
  leaseFile: string,
): Promise<void> {
  try {
    becomeOwner(owner, leaseFile);
  } catch (error) {
    await server.stop();
    throw error;
  }
}

function countersOf({ counters, socket }: RunningServer): string {
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

/** After a crash the number in the file may belong to any other program by now. */
function isDhcpd(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").includes("dhcpd");
  } catch {
    return false;
  }
}

function writePidFile(pidFile: string, log: LogWriter): void {
  try {
    writeFileSync(pidFile, `${process.pid}\n`);
  } catch (error) {
    log.warn(`Can't create PID file ${pidFile}: ${systemReason(error)}.`);
  }
}

function removePidFile(pidFile: string, log: LogWriter): void {
  try {
    rmSync(pidFile, { force: true });
  } catch (error) {
    // With -user the directory is another's. A later server sees that the process is gone.
    log.warn(`Can't remove PID file ${pidFile}: ${systemReason(error)}.`);
  }
}

const detachedVariable = "PROVLAB_DHCPD_DETACHED";

function isDetached(): boolean {
  return process.env[detachedVariable] !== undefined;
}

/**
 * Starts the server as a process of its own session and waits until it serves or has failed, as
 * dhcpd does without -f: what it says meanwhile is shown, and its failure is the exit status.
 */
function detach(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1], "dhcpd", ...args], {
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
    // The server gives its standard error up after the last line, so nothing is lost.
    child.stderr?.once("close", () => {
      if (serving) settle(0);
    });
    child.once("close", (status) => settle(status ?? 1));
  });
}

/** A daemon holds on to nobody's terminal or pipe; number 2 must not fall to another file, though. */
function giveUpStandardError(): void {
  closeSync(2);
  openSync("/dev/null", "w");
}
