import { createHmac } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { HeartbeatSigner } from "../../protocol/heartbeat/packet.ts";
import { StartError } from "../start-error.ts";

const keyBytesMax = 1024;
const othersMayMask = 0o077;

/**
 * The signer of the key in a file that nobody but its owner may read (HA-29: permissions 600); blanks
 * at either end do not count. The guide's sha1 is SHA-256 here: nothing speaks for a retired hash in
 * a new protocol. Throws StartError.
 */
export function readHeartbeatKey(path: string): HeartbeatSigner {
  const key = readPrivateText(path).trim();
  if (key === "")
    throw new StartError(`${path}: the heartbeat key is empty; write any secret text`);
  return (bytes) => createHmac("sha256", key).update(bytes).digest();
}

function readPrivateText(path: string): string {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError(`${path}: the heartbeat key cannot be read (${code})`);
  }
  try {
    const status = fstatSync(file);
    if (!status.isFile()) throw new StartError(`${path}: the heartbeat key is not a file`);
    if ((status.mode & othersMayMask) !== 0) {
      throw new StartError(`${path}: others may read the heartbeat key; chmod 600 ${path}`);
    }
    const bytes = Buffer.alloc(keyBytesMax + 1);
    const length = readSync(file, bytes, 0, bytes.length, 0);
    if (length > keyBytesMax) {
      throw new StartError(`${path}: the heartbeat key is longer than ${keyBytesMax} bytes`);
    }
    return bytes.toString("utf8", 0, length);
  } finally {
    closeSync(file);
  }
}
