import { createHmac } from "node:crypto";
import type { HeartbeatSigner } from "../../../protocol/heartbeat/packet.ts";
import { readPrivateFile } from "../../process/private-file.ts";
import { StartError } from "../../process/start-error.ts";

const keyBytesMax = 1024;

/**
 * The signer of the key in a file that nobody but its owner may read (HA-29: permissions 600); blanks
 * at either end do not count. The guide's sha1 is SHA-256 here: nothing speaks for a retired hash in
 * a new protocol. Throws StartError.
 */
export function readHeartbeatKey(path: string): HeartbeatSigner {
  const key = readPrivateFile(path, "the heartbeat key", keyBytesMax).trim();
  if (key === "")
    throw new StartError(`${path}: the heartbeat key is empty; write any secret text`);
  return (bytes) => createHmac("sha256", key).update(bytes).digest();
}
