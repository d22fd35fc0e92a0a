import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { BootFile } from "../../../scenarios/servers/boot-files.ts";
import { UsageError } from "../../options/usage-error.ts";

const FILES_MAX = 10_000;
const BYTES_MAX = 256 * 2 ** 20;

/**
 * The files of a folder, as a TFTP server with that root serves them; folders inside it are left out.
 * Throws UsageError when it cannot be read, or is too large to be kept in memory.
 */
export function readKnownFiles(folder: string): BootFile[] {
  try {
    const names = readdirSync(folder).filter((name) => statSync(join(folder, name)).isFile());
    if (names.length > FILES_MAX) {
      throw new UsageError(`--boot-files ${folder}: ${names.length} files; ${FILES_MAX} at most`);
    }
    let bytesLeft = BYTES_MAX;
    return names.map((name) => {
      const bytes = readFileSync(join(folder, name));
      bytesLeft -= bytes.length;
      if (bytesLeft >= 0) return { name, bytes: Uint8Array.from(bytes) };
      throw new UsageError(`--boot-files ${folder}: more than ${BYTES_MAX / 2 ** 20} MiB in all`);
    });
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`--boot-files ${folder}: cannot be read (${code})`, { cause: error });
  }
}
