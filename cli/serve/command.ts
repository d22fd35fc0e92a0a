import { resolve } from "node:path";
import { performance } from "node:perf_hooks";
import { packageVersion } from "../../lab/machine/package-root.ts";
import { formatDurationMs } from "../../scenarios/yaml/duration.ts";
import type { StagesReport } from "../../server/dhcp/loop/answer-stages.ts";
import { printable } from "../../server/process/log-writer.ts";
import { StartError, systemReason } from "../../server/process/start-error.ts";
import { type ProvPlan, type RunningProv, startProv } from "../../server/service/prov.ts";
import { serviceName } from "../../server/service/service-plan.ts";
import { exitStatus } from "../options/exit-status.ts";
import { given } from "../options/given.ts";
import { addLogOptions, type LogOptions, ProgramLog } from "../options/program-log.ts";
import { Subcommand } from "../options/subcommand.ts";
import { UsageError } from "../options/usage-error.ts";
import { provPlanOf, workingFolderOf } from "./prov-file.ts";
import { provOption, readProvFile } from "./prov-option.ts";

interface ServeOptions extends LogOptions {
  readonly config: string;
  readonly recover?: true;
  readonly warmUp: boolean;
  readonly check?: true;
}

/** `prov serve`: runs every service of a PROV in one process, until a signal ends it. */
export async function runServe(args: readonly string[]): Promise<number> {
  const command = new Subcommand("prov serve")
    .description("serve DHCP, TFTP, Time, NTP and Syslog, as a prov.yaml says")
    .addOption(provOption())
    .option("--recover", "where etcd has lost a pair's leases: this node's lease file counts")
    .option("--check", "read everything that is served, tell all mistakes, and start nothing")
    .option("--no-warm-up", "listen at once, although the first seconds are slow then")
    .runs(({ config, recover, warmUp, check, ...logged }: ServeOptions) => {
      const text = readProvFile(config);
      const plan = provPlanOf(config, text);
      if (recover && plan.ha === undefined) {
        throw new UsageError(`--recover is for a node of a pair, and ${config} has no section ha`);
      }
      const path = resolve(config);
      enter(workingFolderOf(config, text));
      if (check) return checkOnly(path, plan, logged);
      const { logLevel } = logged;
      return serve(path, { ...plan, recovers: recover, warmsUp: warmUp, logLevel }, logged);
    });
  return addLogOptions(command)
    .examples(
      "prov serve -c prov.yaml",
      "prov serve -c prov.yaml --check",
      "prov serve -c examples/pair/prov01.yaml",
      "prov serve -c examples/pair/prov01.yaml --recover",
      "prov serve -c prov.yaml --log-level debug --log-format json",
    )
    .run(args);
}

/** Relative names of the plan, and of the files that it names, start in this folder. */
function enter(folder: string): void {
  try {
    process.chdir(folder);
  } catch (error) {
    throw new UsageError(`directory: ${folder}: ${systemReason(error)}`, { cause: error });
  }
}

async function checkOnly(path: string, plan: ProvPlan, options: LogOptions): Promise<number> {
  // It needs the code of every service, which a server has in their threads only.
  const { checkPlan } = await import("../../server/service/check-plan.ts");
  const log = new ProgramLog(options);
  try {
    const problems = checkPlan(plan, log.logger);
    log.flush();
    if (problems.length === 0) {
      const names = plan.services.map(serviceName).join(", ");
      process.stdout.write(`${path}: nothing keeps it from serving ${names}\n`);
      return exitStatus.pass;
    }
    process.stderr.write(`${problems.map(printable).join("\n")}\n`);
    return exitStatus.badUsage;
  } finally {
    log.close();
  }
}

async function serve(path: string, plan: ProvPlan, options: LogOptions): Promise<number> {
  const log = new ProgramLog(options);
  const { logger } = log;
  const hasParent = process.connected;
  const startedAtMs = performance.now();
  try {
    const names = plan.services.map(serviceName).join(", ");
    logger.info(
      `provlab ${packageVersion()} starts ${names} of ${path}: process ${process.pid} of user ${process.getuid?.()}, ` +
        `Node.js ${process.versions.node}`,
    );
    const prov = await startProv(plan, logger);
    let why = "";
    const stopBecause = (reason: string): void => {
      if (why !== "") return;
      why = reason;
      prov.logCounters();
      logger.info(`stops: ${reason}`);
      void prov.stop();
    };
    const stop = (signal: string): void => stopBecause(signal);
    // A second one ends it at once.
    process.once("SIGTERM", stop).once("SIGINT", stop);
    process.on("SIGUSR1", () => prov.logCounters());
    process.on("SIGHUP", () => {
      // Its terminal is gone, or somebody wants it to read its files again.
      if (process.stderr.isTTY) stopBecause("SIGHUP");
      else
        logger.warn(
          "SIGHUP: the files are read once, at start: stop the server and start it again",
        );
    });
    // The channel closes when the program that started this one is gone.
    const orphaned = (): void => stopBecause("the program that started it is gone");
    process.once("disconnect", orphaned);
    // A program that reads these lines may send a signal at once.
    for (const [service, port] of prov.ports) {
      logger.info(`serving on port ${port}`, { service, port });
    }
    log.flush();
    // The channel may have closed while everything was starting.
    if (hasParent && !process.connected) orphaned();
    else tellParent(prov);
    await prov.ended;
    logger.info(`ended after ${formatDurationMs(performance.now() - startedAtMs)}: ${why}`);
    return exitStatus.pass;
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    log.flush();
    process.stderr.write(`${printable(error.message)}\n`);
    return exitStatus.badUsage;
  } finally {
    log.close();
    if (process.connected) process.disconnect();
  }
}

/** Asked by a program that started `prov serve` with a channel to it; answered by StagesMessage. */
export interface TakeStages {
  readonly kind: "take-stages";
}

export interface StagesMessage {
  readonly kind: "stages";
  /** Undefined without a DHCP service. */
  readonly report?: StagesReport;
}

/** Sent, once everything serves, to a program that started `prov serve` with a channel to it. */
export interface ServingMessage {
  readonly kind: "serving";
  /** UDP port by service; `metrics`: the TCP port. */
  readonly ports: Readonly<Record<string, number>>;
  /** What an ACK of the DHCP service promises: `replicated`, `fsync`, `os` or `none`. */
  readonly durability?: string;
}

function tellParent({ ports, durability, takeStages }: RunningProv): void {
  const told: ServingMessage = {
    kind: "serving",
    ports: Object.fromEntries(ports),
    ...given({ durability }),
  };
  process.send?.(told);
  process.on("message", async ({ kind }: TakeStages) => {
    if (kind !== "take-stages") return;
    const report = await takeStages();
    const answer: StagesMessage = { kind: "stages", ...given({ report }) };
    if (process.connected) process.send?.(answer);
  });
}
