import { readlinkSync } from "node:fs";
import { availableParallelism, hostname } from "node:os";
import { versionName } from "../lab/machine/environment.ts";
import type { EtcdUserAccess } from "../server/etcd/edge/etcd-access.ts";
import { EtcdError } from "../server/etcd/edge/etcd-client.ts";
import { exitStatus } from "./options/exit-status.ts";
import type { OptionValue } from "./options/options.ts";
import { addLogOptions, type LogOptions, ProgramLog } from "./options/program-log.ts";
import { Subcommand } from "./options/subcommand.ts";
import { untilInterrupted } from "./options/until-interrupted.ts";
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

/** `prov agent`: plays a part of every run that `prov run --agents` hands out. */
export async function runAgent(args: readonly string[]): Promise<number> {
  const command = new Subcommand("prov agent")
    .description("play a part of the runs that prov run --agents hands out, until stopped")
    .addOption(etcdOption("where etcd is: http://host:2379[,...]").makeOptionMandatory())
    .value("--name <name>", "of the agent (default: that of the machine)", agentName, hostname())
    .runs((options: AgentOptions) => {
      const access = etcdAccessOf(options);
      const expected = [RendezvousError, EtcdError];
      return untilInterrupted("prov agent", expected, (signal) => agent(access, options, signal));
    });
  addEtcdOptions(command);
  return addLogOptions(command).run(args);
}

const agentName: OptionValue<string> = {
  parse: (text) => (/^[\w.-]{1,64}$/.test(text) ? text : undefined),
  how: "write up to 64 letters, digits, dots and hyphens",
};

async function agent(
  access: EtcdUserAccess,
  { name, ...logged }: AgentOptions,
  signal: AbortSignal,
): Promise<number> {
  const log = new ProgramLog(logged);
  const etcd = connect(access);
  const card = {
    ...{ name, version: versionName(), host: hostIdentity(), network: networkIdentity() },
    cores: availableParallelism(),
  };
  try {
    await serveAgent(etcd, card, signal, (text) => log.logger.info(text, { service: "agent" }));
    return exitStatus.pass;
  } finally {
    log.close();
    etcd.close();
  }
}

/** The network namespace: agents in the same one share their ports. */
function networkIdentity(): string {
  try {
    return readlinkSync("/proc/self/ns/net");
  } catch {
    return "";
  }
}
