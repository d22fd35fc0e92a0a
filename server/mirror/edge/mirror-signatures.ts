import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { HeartbeatSigner } from "../../../protocol/heartbeat/packet.ts";

// Who asks and who answers prove that they have the pair's key. A session begins with a number of each
// side that was never used before; its own key is made of both, and its requests are counted. So
// nothing that somebody recorded can be said a second time, and no clock has to be right.

/** In hexadecimal digits. */
export const NONCE_DIGITS = 32;

export const mirrorHeaders = {
  nonce: "x-provlab-nonce",
  session: "x-provlab-session",
  count: "x-provlab-count",
  signature: "x-provlab-signature",
} as const;

function signed(sign: HeartbeatSigner, ...lines: readonly (string | number)[]): Uint8Array {
  // Heartbeats begin with other bytes, so neither can stand for the other under one key.
  return sign(new TextEncoder().encode(["provlab mirror", ...lines].join("\n")));
}

export function openSignature(sign: HeartbeatSigner, clientNonce: string): string {
  return hex(signed(sign, "open", clientNonce));
}

export function openedSignature(
  sign: HeartbeatSigner,
  clientNonce: string,
  serverNonce: string,
): string {
  return hex(signed(sign, "opened", clientNonce, serverNonce));
}

/** What one session is signed with. */
export class SessionSigner {
  readonly #sign: HeartbeatSigner;

  constructor(sign: HeartbeatSigner, clientNonce: string, serverNonce: string) {
    const key = signed(sign, "session", clientNonce, serverNonce);
    this.#sign = (bytes) => createHmac("sha256", key).update(bytes).digest();
  }

  /** `url`: path and query as they are sent. */
  request(count: number, url: string): string {
    return hex(signed(this.#sign, "request", count, url));
  }

  /** The digest stands for the body, which is then compared with it. */
  reply(count: number, status: number, bodySha256: string): string {
    return hex(signed(this.#sign, "reply", count, status, bodySha256));
  }
}

/** In the same time wherever they differ. */
export function isSignature(given: unknown, right: string): boolean {
  if (typeof given !== "string" || given.length !== right.length) return false;
  const [a, b] = [Buffer.from(given), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

export function sha256Of(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}
