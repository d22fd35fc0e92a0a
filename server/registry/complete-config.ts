import type { Logger } from "../../base/log.ts";
import type { ServerConfig } from "../config/model/model.ts";
import type { LeaseHosts } from "../lease/format/lease-host.ts";
import { StartError } from "../process/start-error.ts";
import { registerHosts } from "./registered-hosts.ts";

const PROBLEMS_SHOWN_MAX = 20;

/**
 * The configuration with the hosts of the lease file at `path`. Throws StartError that names each one that cannot be served as it
 * is written: its device would get another address, or another file, than it was given.
 */
export function completeConfig(
  config: ServerConfig,
  { hosts, unreadable }: LeaseHosts,
  path: string,
  logger: Logger,
): ServerConfig {
  const registered = registerHosts(config, hosts);
  for (const warning of registered.warnings) logger.warn(warning);
  const problems = [...unreadable, ...registered.problems];
  if (problems.length === 0) return { ...config, hosts: registered.hosts };
  const shown = problems.slice(0, PROBLEMS_SHOWN_MAX);
  if (shown.length < problems.length) shown.push(`and ${problems.length - shown.length} more.`);
  throw new StartError(
    `${path}: hosts cannot be served as they are written:\n${shown.join("\n")}\n` +
      "Change them with the server that wrote them, or append `host NAME { dynamic; deleted; }` for each.",
  );
}
