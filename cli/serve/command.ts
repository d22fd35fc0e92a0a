import { readFileSync } from "node:fs";
import { Command } from "commander";
import { LogWriter } from "../../server/log-writer.ts";
import type { MetricsPlan } from "../../server/metrics/metrics-server.ts";
import { type RunningProv, startProv } from "../../server/prov.ts";
import type { ServicePlan } from "../../server/service/service-plan.ts";
import { StartError } from "../../server/start-error.ts";
import { addExamples } from "../examples.ts";
import { exitStatus } from "../exit-status.ts";
import { runCommander } from "../run-commander.ts";
import { UsageError } from "../usage-error.ts";
import { metricsPlanOf, servicePlansOf } from "./prov-file.ts";

/** `prov serve`: every service of a PROV in one process, until a signal ends it. */
export async function runServe(args: readonly string[]): Promise<number> {
  let status: number = exitStatus.pass;
  const command = new Command("prov serve")
    .description("serve DHCP, TFTP, Time, NTP and Syslog, as a prov.yaml says")
    .option("-c, --config <file>", "what to serve", "prov.yaml")
    .action(async ({ config }: { config: string }) => {
      const text = readText(config);
      status = await serve(servicePlansOf(config, text), metricsPlanOf(config, text));
    });
  addExamples(command, "prov serve -c examples/prov.yaml");
  return (await runCommander(command, args)) ?? status;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`${path}: cannot be read (${code}); name it with -c`, { cause: error });
  }
}

async function serve(
  plans: readonly ServicePlan[],
  metrics: MetricsPlan | undefined,
): Promise<number> {
  const log = new LogWriter({ standardError: true, syslogFacility: undefined });
  const flush = setInterval(() => log.flush(), LOG_FLUSH_MS);
  try {
    const prov = await startProv(plans, log, metrics);
    for (const [name, port] of prov.ports) log.info(`${name}: serving on port ${port}`);
    log.flush();
    const stop = (): void => void prov.stop();
    process.once("SIGTERM", stop).once("SIGINT", stop);
    // The program that started this one is gone.
    process.once("disconnect", stop);
    tellParent(prov);
    await prov.ended;
    return exitStatus.pass;
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    log.error(error.message);
    return exitStatus.badUsage;
  } finally {
    clearInterval(flush);
    log.close();
    if (process.connected) process.disconnect();
  }
}

/** What a program hears that has started `prov serve` with a channel to it, once everything serves. */
export interface ServingMessage {
  readonly kind: "serving";
  /** UDP port by service; `metrics`: the TCP port. */
  readonly ports: Readonly<Record<string, number>>;
  /** Of the DHCP service, if there is one: `fsync`, `os` or `none`. */
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

const LOG_FLUSH_MS = 200;
