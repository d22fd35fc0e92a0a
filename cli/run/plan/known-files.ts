import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { BootFile } from "../../../scenarios/servers/boot-files.ts";
import { UsageError, withFile } from "../../options/usage-error.ts";

const FILES_MAX = 10_000;
const BYTES_MAX = 256 * 2 ** 20;

/**
 * Reads the files of a folder as a TFTP server with that root serves them, without the folders in it. Throws
 * UsageError when they cannot be read, or are too large to be kept in memory.
 */
export function readKnownFiles(folder: string): BootFile[] {
  const place = `--boot-files ${folder}`;
  return withFile(place, "cannot be read", () => {
    const names = readdirSync(folder).filter((name) => statSync(join(folder, name)).isFile());
    if (names.length > FILES_MAX) {
      throw new UsageError(`${place}: ${names.length} files; ${FILES_MAX} at most`);
    }
    let bytesLeft = BYTES_MAX;
    return names.map((name) => {
      const bytes = readFileSync(join(folder, name));
      bytesLeft -= bytes.length;
      if (bytesLeft >= 0) return { name, bytes: Uint8Array.from(bytes) };
      throw new UsageError(`${place}: more than ${BYTES_MAX / 2 ** 20} MiB in all`);
    });
  });
}
