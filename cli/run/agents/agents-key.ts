import { createHmac, timingSafeEqual } from "node:crypto";
import { readPrivateFile } from "../../../server/process/private-file.ts";
import { StartError } from "../../../server/process/start-error.ts";

const KEY_BYTES_MAX = 1024;
const KEY_LENGTH_MIN = 16;
const SEAL_BYTES = 32;

/**
 * The key that a coordinator and its agents share. A sealed value begins with an HMAC-SHA256 of the name under which it
 * stands in etcd, and of the value: it counts under no other name, and so in no other run.
 */
export class AgentsKey {
  readonly #key: string;

  constructor(key: string) {
    this.#key = key;
  }

  seal(name: string, value: Uint8Array): Buffer {
    return Buffer.concat([this.#sealOf(name, value), value]);
  }

  /** The value; undefined when somebody without the key has sealed it, or for another name. */
  open(name: string, sealed: Uint8Array): Buffer | undefined {
    const value = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength).subarray(
      SEAL_BYTES,
    );
    const seal = sealed.subarray(0, SEAL_BYTES);
    if (seal.length < SEAL_BYTES) return undefined;
    return timingSafeEqual(seal, this.#sealOf(name, value)) ? value : undefined;
  }

  #sealOf(name: string, value: Uint8Array): Buffer {
    // No name has a zero octet, so it is plain where the value begins.
    const start = `provlab agents\0${name}\0`;
    return createHmac("sha256", this.#key).update(start).update(value).digest();
  }
}

/** Reads a file that only its owner may read. Throws StartError that names it. */
export function readAgentsKey(path: string): AgentsKey {
  const key = readPrivateFile(path, "the agents' key", KEY_BYTES_MAX).trim();
  if (key.length >= KEY_LENGTH_MIN) return new AgentsKey(key);
  throw new StartError(
    `${path}: the agents' key has fewer than ${KEY_LENGTH_MIN} characters; make one with ` +
      `openssl rand -hex 32`,
  );
}
