import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { StartError } from "./start-error.ts";

const othersMayMask = 0o077;

/**
 * Reads a file that only its owner may read. `what` names its content in the messages of a StartError:
 * "the heartbeat key".
 */
export function readPrivateFile(path: string, what: string, bytesMax: number): string {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError(`${path}: ${what} cannot be read (${code})`);
  }
  try {
    const status = fstatSync(file);
    if (!status.isFile()) throw new StartError(`${path}: ${what} is not a file`);
    if ((status.mode & othersMayMask) !== 0) {
      throw new StartError(`${path}: others may read ${what}; chmod 600 ${path}`);
    }
    const bytes = Buffer.alloc(bytesMax + 1);
    const length = readSync(file, bytes, 0, bytes.length, 0);
    if (length > bytesMax) {
      throw new StartError(`${path}: ${what} is longer than ${bytesMax} bytes`);
    }
    return bytes.toString("utf8", 0, length);
  } finally {
    closeSync(file);
  }
}
