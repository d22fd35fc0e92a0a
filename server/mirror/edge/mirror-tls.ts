import type { ConnectionOptions, TlsOptions } from "node:tls";
import type { HeartbeatSigner } from "../../../protocol/heartbeat/packet.ts";

// The mirror speaks TLS under the pair's key (RFC 4279, RFC 8442): both sides prove by the handshake that they
// have it, and no certificate is needed. Each connection has keys of its own, made by ECDHE, so a key that leaks
// later opens no recording.

/** Node has pre-shared keys in TLS 1.2 alone. */
const common = {
  ciphers: "ECDHE-PSK-CHACHA20-POLY1305",
  minVersion: "TLSv1.2",
  maxVersion: "TLSv1.2",
} as const;
const identity = "provlab-mirror";
/** A client that has not proven in this time that it has the key is disconnected. */
const HANDSHAKE_MS_MAX = 5000;

export function mirrorServerTls(sign: HeartbeatSigner): TlsOptions {
  const key = keyOf(sign);
  return {
    ...common,
    handshakeTimeout: HANDSHAKE_MS_MAX,
    pskCallback: (_socket, asked) => (asked === identity ? key : null),
  };
}

export function mirrorClientTls(sign: HeartbeatSigner): ConnectionOptions {
  const psk = keyOf(sign);
  return {
    ...common,
    pskCallback: () => ({ psk, identity }),
    // There is no certificate, and without the key the handshake fails.
    checkServerIdentity: () => undefined,
  };
}

/** Why a connection failed, if TLS is the reason. */
export function isRefusedByTls(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return code === "EPROTO" || code.startsWith("ERR_SSL_");
}

/** Heartbeats begin with other bytes, so under one key neither can pass for the other. */
function keyOf(sign: HeartbeatSigner): Buffer {
  return Buffer.from(sign(new TextEncoder().encode("provlab mirror TLS-PSK")));
}
