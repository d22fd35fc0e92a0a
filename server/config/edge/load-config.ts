import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { type Logger, nullLogger } from "../../../base/log.ts";
import { type LeaseRange, LeaseTable } from "../../lease/table/lease-table.ts";
import { refusedBySystem, StartError } from "../../process/start-error.ts";
import { type ConfigReader, formatDiagnostic, parseConfig } from "../grammar/parse.ts";
import type { ExecuteRule } from "../language/program.ts";
import type { ServerConfig } from "../model/model.ts";

/**
 * Reads a dhcpd.conf with everything that it includes. Warnings go to the log; errors are a
 * StartError that shows each one with its place.
 */
export function loadConfig(
  path: string,
  logger: Logger = nullLogger,
  read: ConfigReader = readConfigFile,
  execute: ExecuteRule = "refused",
): ServerConfig {
  const text = readMainFile(path, read);
  const readFile: ConfigReader = (file) => (file === path ? text : read(file));
  const outcome = parseConfig(path, readFile, { execute });
  if (outcome.kind === "failed") {
    const places = outcome.diagnostics.map(formatDiagnostic).join("\n");
    throw new StartError(`${places}\nConfiguration file errors encountered -- exiting`);
  }
  for (const warning of outcome.warnings) {
    const { file, line } = warning;
    logger.warn(formatDiagnostic(warning), { file, line });
  }
  return outcome.config;
}

function readMainFile(path: string, read: ConfigReader): string {
  try {
    return read(path);
  } catch (error) {
    throw refusedBySystem(`Can't open ${path}`, error);
  }
}

/** A byte is a character, as for dhcpd: a comment may be in any encoding. */
export function readConfigFile(path: string): string {
  return readFileSync(path, "latin1");
}

/** A table for every range of the configuration. Throws StartError when there are too many addresses. */
export function leaseTableOf(config: ServerConfig): LeaseTable {
  return leaseTable(
    config.pools.flatMap(({ ranges, index }) =>
      ranges.map(({ low, high }) => ({ low, high, pool: index })),
    ),
  );
}

/** A table for these ranges. */
export function leaseTable(ranges: readonly LeaseRange[]): LeaseTable {
  try {
    return new LeaseTable(ranges, { hashSeed: randomInt(2 ** 32) });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new StartError(error.message, { cause: error });
  }
}
