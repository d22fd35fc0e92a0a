import { readFileSync } from "node:fs";
import { Option } from "commander";
import { UsageError } from "../options/usage-error.ts";
import { controlSocketOf } from "./prov-file.ts";

/** `-c prov.yaml`, for commands that start a server or ask one. */
export function provOption(): Option {
  return new Option("-c, --config <file>", "what is served").default("prov.yaml");
}

/** Throws UsageError. */
export function readProvFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`${path}: cannot be read (${code}); name it with -c`, { cause: error });
  }
}

/** The control socket of the file at `path`. Throws UsageError when it has none. */
export function neededControlSocket(path: string): string {
  const socket = controlSocketOf(path, readProvFile(path));
  if (socket !== undefined) return socket;
  throw new UsageError(
    `${path}: this server cannot be asked; add control: { socket: prov.sock } and start it again`,
  );
}
