import { randomUUID } from "node:crypto";
import { readlinkSync } from "node:fs";
import { availableParallelism, hostname } from "node:os";
import { Option } from "commander";
import { versionName } from "../lab/machine/environment.ts";
import type { Ipv4Network } from "../protocol/ipv4.ts";
import { EtcdError } from "../server/etcd/etcd-error.ts";
import { exitStatus } from "./options/exit-status.ts";
import { type OptionValue, parserOf } from "./options/options.ts";
import { addLogOptions, type LogOptions, ProgramLog } from "./options/program-log.ts";
import { Subcommand } from "./options/subcommand.ts";
import { untilInterrupted } from "./options/until-interrupted.ts";
import {
  type AgentsAccess,
  type AgentsOptions,
  addAgentsOptions,
  agentsAccessOf,
} from "./run/agents/agents-access.ts";
import { agentNamePattern, connect } from "./run/agents/etcd.ts";
import { clearTextWarning, etcdOption } from "./run/agents/etcd-options.ts";
import { ALLOWED_DEFAULT, parseAllowed } from "./run/agents/order.ts";
import { RendezvousError } from "./run/agents/rendezvous-error.ts";
import { serveAgent } from "./run/agents/serve-agent.ts";
import { hostIdentity } from "./run/result/play-segment.ts";

interface AgentOptions extends AgentsOptions, LogOptions {
  readonly name: string;
  readonly allowTarget: readonly Ipv4Network[];
}

/** `prov agent`: plays a part of every run that `prov run --agents` hands out. */
export async function runAgent(args: readonly string[]): Promise<number> {
  const command = new Subcommand("prov agent")
    .description("play a part of the runs that prov run --agents hands out, until stopped")
    .addOption(etcdOption("where etcd is: http://host:2379[,...]").makeOptionMandatory())
    .value("--name <name>", "of the agent (default: that of the machine)", agentName, hostname())
    .addOption(
      new Option(
        "--allow-target <network>",
        "a server or network that runs may load; again for more",
      )
        .argParser(addAllowed)
        .default([], ALLOWED_DEFAULT),
    )
    .runs((options: AgentOptions) => {
      const access = agentsAccessOf(options);
      const expected = [RendezvousError, EtcdError];
      return untilInterrupted("prov agent", expected, (signal) => agent(access, options, signal));
    });
  addAgentsOptions(command);
  return addLogOptions(command)
    .examples(
      "prov agent --etcd http://127.0.0.1:2379 --agents-key agents.key",
      "prov agent --etcd http://10.0.0.5:2379 --agents-key k --allow-target 10.9.0.1",
    )
    .run(args);
}

const allowedNetwork: OptionValue<Ipv4Network> = {
  parse: parseAllowed,
  how: "write an address or a network, such as 10.99.0.1 or 10.99.0.0/24",
};

function addAllowed(text: string, before: readonly Ipv4Network[]): readonly Ipv4Network[] {
  return [...before, parserOf("--allow-target", allowedNetwork)(text)];
}

const agentName: OptionValue<string> = {
  parse: (text) => (agentNamePattern.test(text) ? text : undefined),
  how: "write up to 64 letters, digits, dots and hyphens",
};

async function agent(
  access: AgentsAccess,
  { name, allowTarget, ...logged }: AgentOptions,
  signal: AbortSignal,
): Promise<number> {
  const log = new ProgramLog(logged);
  const etcd = connect(access.etcd);
  const allowed = allowTarget.length === 0 ? [parseAllowed(ALLOWED_DEFAULT)!] : allowTarget;
  const card = {
    ...{ name, version: versionName(), host: hostIdentity(), network: networkIdentity() },
    ...{ cores: availableParallelism(), session: randomUUID() },
  };
  const service = "agent";
  const say = (text: string): void => log.logger.info(text, { service });
  const warning = clearTextWarning(access.etcd);
  if (warning !== undefined) log.logger.warn(warning, { service });
  try {
    await serveAgent({ etcd, key: access.key, say }, { card, allowed }, signal);
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
