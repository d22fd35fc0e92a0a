import { createHmac } from "node:crypto";
import type { HeartbeatSigner } from "../../../protocol/heartbeat/packet.ts";
import { readPrivateFile } from "../../process/private-file.ts";
import { StartError } from "../../process/start-error.ts";

const keyBytesMax = 1024;

/**
 * The signer with the key in a file that only its owner may read (HA-29: permissions 600). Blanks at
 * either end are ignored. SHA-256 replaces the guide's sha1: a new protocol has no reason to use a
 * retired hash. Throws StartError.
 */
export function readHeartbeatKey(path: string): HeartbeatSigner {
  const key = readPrivateFile(path, "the heartbeat key", keyBytesMax).trim();
  if (key === "")
    throw new StartError(`${path}: the heartbeat key is empty; write any secret text`);
  return (bytes) => createHmac("sha256", key).update(bytes).digest();
}
