import type { StagesReport } from "../../server/dhcp/loop/answer-stages.ts";
import { printable } from "../../server/process/log-writer.ts";
import { StartError } from "../../server/process/start-error.ts";
import { type ProvPlan, type RunningProv, startProv } from "../../server/service/prov.ts";
import { exitStatus } from "../options/exit-status.ts";
import { given } from "../options/given.ts";
import { addLogOptions, type LogOptions, ProgramLog } from "../options/program-log.ts";
import { Subcommand } from "../options/subcommand.ts";
import { UsageError } from "../options/usage-error.ts";
import { provPlanOf } from "./prov-file.ts";
import { provOption, readProvFile } from "./prov-option.ts";

interface ServeOptions extends LogOptions {
  readonly config: string;
  readonly recover?: true;
  readonly warmUp: boolean;
}

/** `prov serve`: runs every service of a PROV in one process, until a signal ends it. */
export async function runServe(args: readonly string[]): Promise<number> {
  const command = new Subcommand("prov serve")
    .description("serve DHCP, TFTP, Time, NTP and Syslog, as a prov.yaml says")
    .addOption(provOption())
    .option("--recover", "where etcd has lost a pair's leases: this node's lease file counts")
    .option("--no-warm-up", "listen at once, although the first seconds are slow then")
    .runs(({ config, recover, warmUp, ...logged }: ServeOptions) => {
      const plan = provPlanOf(config, readProvFile(config));
      if (recover && plan.ha === undefined) {
        throw new UsageError(`--recover is for a node of a pair, and ${config} has no section ha`);
      }
      const { logLevel } = logged;
      return serve({ ...plan, recovers: recover, warmsUp: warmUp, logLevel }, logged);
    });
  return addLogOptions(command)
    .examples(
      "prov serve -c prov.yaml",
      "prov serve -c examples/pair/prov01.yaml",
      "prov serve -c examples/pair/prov01.yaml --recover",
      "prov serve -c prov.yaml --log-level debug --log-format json",
    )
    .run(args);
}

async function serve(plan: ProvPlan, options: LogOptions): Promise<number> {
  const log = new ProgramLog(options);
  const hasParent = process.connected;
  try {
    const prov = await startProv(plan, log.logger);
    const stop = (): void => void prov.stop();
    process.once("SIGTERM", stop).once("SIGINT", stop);
    // The channel closes when the program that started this one is gone.
    process.once("disconnect", stop);
    // A program that reads these lines may send a signal at once.
    for (const [service, port] of prov.ports) {
      log.logger.info(`serving on port ${port}`, { service, port });
    }
    log.flush();
    // The channel may have closed while everything was starting.
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
