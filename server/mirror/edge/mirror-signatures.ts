import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { HeartbeatSigner } from "../../../protocol/heartbeat/packet.ts";

// Both sides of a request prove that they have the pair's key. Each side begins a session with a number
// that was never used before; the session's key is made from both numbers, and its requests are counted.
// So a recording cannot be replayed, and no clock has to be right.

/** In hexadecimal digits. */
export const NONCE_DIGITS = 32;

export const mirrorHeaders = {
  nonce: "x-provlab-nonce",
  session: "x-provlab-session",
  count: "x-provlab-count",
  signature: "x-provlab-signature",
} as const;

function signed(sign: HeartbeatSigner, ...lines: readonly (string | number)[]): Uint8Array {
  // Heartbeats begin with other bytes, so under one key neither can pass for the other.
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

/** Signs the messages of one session. */
export class SessionSigner {
  readonly #sign: HeartbeatSigner;

  constructor(sign: HeartbeatSigner, clientNonce: string, serverNonce: string) {
    const key = signed(sign, "session", clientNonce, serverNonce);
    this.#sign = (bytes) => createHmac("sha256", key).update(bytes).digest();
  }

  /** `url`: path and query as sent. */
  request(count: number, url: string): string {
    return hex(signed(this.#sign, "request", count, url));
  }

  /** The digest stands for the body, which is compared with it later. */
  reply(count: number, status: number, bodySha256: string): string {
    return hex(signed(this.#sign, "reply", count, status, bodySha256));
  }
}

/** Compares in constant time. */
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
