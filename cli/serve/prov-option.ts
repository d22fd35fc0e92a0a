import { readFileSync } from "node:fs";
import { Option } from "commander";
import { UsageError } from "../options/usage-error.ts";
import { controlSocketOf } from "./prov-file.ts";

/** `-c prov.yaml`: of every command that starts a server or asks one. */
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

/** Where the server of the file at `path` is asked. Throws UsageError when it is nowhere. */
export function neededControlSocket(path: string): string {
  const socket = controlSocketOf(path, readProvFile(path));
  if (socket !== undefined) return socket;
  throw new UsageError(
    `${path}: this server cannot be asked; add control: { socket: prov.sock } and start it again`,
  );
}
