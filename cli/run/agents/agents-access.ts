import { type Command, Option } from "commander";
import type { EtcdUserAccess } from "../../../server/etcd/edge/etcd-access.ts";
import { StartError } from "../../../server/process/start-error.ts";
import { asUsageError, UsageError } from "../../options/usage-error.ts";
import { type AgentsKey, readAgentsKey } from "./agents-key.ts";
import { addEtcdOptions, type EtcdOptions, etcdAccessOf } from "./etcd-options.ts";

/** Options of `addAgentsOptions`, by commander's names. */
export interface AgentsOptions extends EtcdOptions {
  readonly agentsKey?: string;
}

/** How a coordinator and its agents reach each other. */
export interface AgentsAccess {
  readonly etcd: EtcdUserAccess;
  readonly key: AgentsKey;
}

/** Adds the key's file, and the options of etcd beside `--etcd`. */
export function addAgentsOptions(command: Command): void {
  command.addOption(
    new Option(
      "--agents-key <file>",
      "the secret that agents and prov run --agents share; only its owner may read it",
    ).env("PROVLAB_AGENTS_KEY"),
  );
  addEtcdOptions(command);
}

/** Throws UsageError for options that do not go together, and for files that cannot be used. */
export function agentsAccessOf(options: AgentsOptions): AgentsAccess {
  const { agentsKey } = options;
  if (agentsKey === undefined) {
    throw new UsageError(
      "--agents-key is missing: make a key with (umask 077; openssl rand -hex 32 > agents.key), " +
        "and give the same to every agent and to prov run --agents",
    );
  }
  const key = asUsageError(StartError, "", () => readAgentsKey(agentsKey));
  return { etcd: etcdAccessOf(options), key };
}
