import { readlinkSync } from "node:fs";
import { availableParallelism, hostname } from "node:os";
import { Command } from "commander";
import { versionName } from "../lab/machine/environment.ts";
import type { EtcdUserAccess } from "../server/etcd/edge/etcd-access.ts";
import { EtcdError } from "../server/etcd/edge/etcd-client.ts";
import { exitStatus } from "./options/exit-status.ts";
import type { LogOptions } from "./options/program-log.ts";
import { addLogOptions, ProgramLog } from "./options/program-log.ts";
import { runCommander } from "./options/run-commander.ts";
import { UsageError } from "./options/usage-error.ts";
import { RendezvousError } from "./run/agents/board.ts";
import { connect } from "./run/agents/etcd.ts";
import {
  addEtcdOptions,
  type EtcdOptions,
  etcdAccessOf,
  etcdOption,
} from "./run/agents/etcd-options.ts";
import { serveAgent } from "./run/agents/serve-agent.ts";
import { hostIdentity } from "./run/result/play-segment.ts";

interface AgentOptions extends EtcdOptions, LogOptions {
  readonly name: string;
}

/** `prov agent`: plays a part of every run that a coordinator (`prov run --agents`) hands out. */
export async function runAgent(args: readonly string[]): Promise<number> {
  let status: number = exitStatus.pass;
  const command = new Command("prov agent")
    .description("play a part of the runs that prov run --agents hands out, until stopped")
    .addOption(etcdOption("where etcd is: http://host:2379[,...]").makeOptionMandatory())
    .option("--name <name>", "of the agent (default: that of the machine)", parseName, hostname())
    .action(async (options: AgentOptions) => {
      status = await agent(etcdAccessOf(options), options);
    });
  addEtcdOptions(command);
  addLogOptions(command);
  return (await runCommander(command, args)) ?? status;
}

async function agent(access: EtcdUserAccess, { name, ...logged }: AgentOptions): Promise<number> {
  const log = new ProgramLog(logged);
  const abort = new AbortController();
  const interrupt = (): void => abort.abort();
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  const etcd = connect(access);
  const card = {
    ...{ name, version: versionName(), host: hostIdentity(), network: networkIdentity() },
    cores: availableParallelism(),
  };
  try {
    await serveAgent(etcd, card, abort.signal, (text) =>
      log.logger.info(text, { service: "agent" }),
    );
    return exitStatus.pass;
  } catch (error) {
    if (!(error instanceof RendezvousError || error instanceof EtcdError)) throw error;
    log.flush();
    process.stderr.write(`prov agent: ${error.message}\n`);
    return exitStatus.internalError;
  } finally {
    log.close();
    etcd.close();
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}

/** Of the network namespace: agents in one share their ports. */
function networkIdentity(): string {
  try {
    return readlinkSync("/proc/self/ns/net");
  } catch {
    return "";
  }
}

function parseName(text: string): string {
  if (/^[\w.-]{1,64}$/.test(text)) return text;
  throw new UsageError(`--name ${text}: write up to 64 letters, digits, dots and hyphens`);
}
