import { Command } from "commander";
import { printable } from "../../server/process/log-writer.ts";
import { StartError } from "../../server/process/start-error.ts";
import type { ProvPlan, RunningProv } from "../../server/service/prov.ts";
import { startProv } from "../../server/service/prov.ts";
import { addExamples } from "../options/examples.ts";
import { exitStatus } from "../options/exit-status.ts";
import type { LogOptions } from "../options/program-log.ts";
import { addLogOptions, ProgramLog } from "../options/program-log.ts";
import { runCommander } from "../options/run-commander.ts";
import { UsageError } from "../options/usage-error.ts";
import { provPlanOf } from "./prov-file.ts";
import { provOption, readProvFile } from "./prov-option.ts";

/** `prov serve`: every service of a PROV in one process, until a signal ends it. */
export async function runServe(args: readonly string[]): Promise<number> {
  let status: number = exitStatus.pass;
  const command = new Command("prov serve")
    .description("serve DHCP, TFTP, Time, NTP and Syslog, as a prov.yaml says")
    .addOption(provOption())
    .option("--recover", "where etcd has lost a pair's leases: this node's lease file counts");
  addLogOptions(command).action(
    async ({ config, recover, ...logged }: LogOptions & { config: string; recover?: true }) => {
      const plan = provPlanOf(config, readProvFile(config));
      if (recover && plan.ha === undefined) {
        throw new UsageError(`--recover is for a node of a pair, and ${config} has no section ha`);
      }
      status = await serve({ ...plan, recovers: recover, logLevel: logged.logLevel }, logged);
    },
  );
  addExamples(
    command,
    "prov serve -c examples/prov.yaml",
    "prov serve -c examples/pair/prov01.yaml",
    "prov serve -c examples/pair/prov01.yaml --recover",
    "prov serve -c examples/prov.yaml --log-level debug --log-format json",
  );
  return (await runCommander(command, args)) ?? status;
}

async function serve(plan: ProvPlan, options: LogOptions): Promise<number> {
  const log = new ProgramLog(options);
  const hasParent = process.connected;
  try {
    const prov = await startProv(plan, log.logger);
    for (const [service, port] of prov.ports) {
      log.logger.info(`serving on port ${port}`, { service, port });
    }
    log.flush();
    const stop = (): void => void prov.stop();
    process.once("SIGTERM", stop).once("SIGINT", stop);
    // The program that started this one is gone.
    process.once("disconnect", stop);
    // It may have gone while everything was starting.
    if (hasParent && !process.connected) stop();
    else tellParent(prov);
    await prov.ended;
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

/** What a program hears that has started `prov serve` with a channel to it, once everything serves. */
export interface ServingMessage {
  readonly kind: "serving";
  /** UDP port by service; `metrics`: the TCP port. */
  readonly ports: Readonly<Record<string, number>>;
  /** Of the DHCP service, if there is one: `replicated`, `fsync`, `os` or `none`. */
  readonly durability?: string;
}

function tellParent({ ports, durability }: RunningProv): void {
  const message: ServingMessage = {
    kind: "serving",
    ports: Object.fromEntries(ports),
    ...(durability === undefined ? {} : { durability }),
  };
  process.send?.(message);
}
