import { randomBytes } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { HeartbeatSigner } from "../../../protocol/heartbeat/packet.ts";
import {
  isSignature,
  mirrorHeaders,
  NONCE_DIGITS,
  openedSignature,
  openSignature,
  SessionSigner,
} from "./mirror-signatures.ts";

/** A mirror needs only one. A replayed recording can open one, but never use it. */
const sessionsMax = 8;
const noncePattern = new RegExp(`^[0-9a-f]{${NONCE_DIGITS}}$`);

interface Session {
  readonly signer: SessionSigner;
  /** Number of the last request; every later one must be higher. */
  count: number;
}

/** A request whose sender has the key, and which is no replay. */
export interface ProvenRequest {
  readonly signer: SessionSigner;
  readonly count: number;
}

/** The sessions of one server. All unproven requests get the same refusal. */
export class MirrorSessions {
  readonly #sign: HeartbeatSigner;
  /** In order of use: the first one is forgotten first. */
  readonly #sessions = new Map<string, Session>();

  constructor(sign: HeartbeatSigner) {
    this.#sign = sign;
  }

  /** The headers of the answer; undefined when the other node does not have our key. */
  open(headers: IncomingHttpHeaders): Record<string, string> | undefined {
    const clientNonce = headers[mirrorHeaders.nonce];
    if (typeof clientNonce !== "string" || !noncePattern.test(clientNonce)) return undefined;
    const right = openSignature(this.#sign, clientNonce);
    if (!isSignature(headers[mirrorHeaders.signature], right)) return undefined;
    const serverNonce = randomBytes(NONCE_DIGITS / 2).toString("hex");
    for (const oldest of this.#sessions.keys()) {
      if (this.#sessions.size < sessionsMax) break;
      this.#sessions.delete(oldest);
    }
    const signer = new SessionSigner(this.#sign, clientNonce, serverNonce);
    this.#sessions.set(serverNonce, { signer, count: 0 });
    return {
      [mirrorHeaders.nonce]: serverNonce,
      [mirrorHeaders.signature]: openedSignature(this.#sign, clientNonce, serverNonce),
    };
  }

  prove(url: string, headers: IncomingHttpHeaders): ProvenRequest | undefined {
    const id = headers[mirrorHeaders.session];
    const session = typeof id === "string" ? this.#sessions.get(id) : undefined;
    if (typeof id !== "string" || session === undefined) return undefined;
    const count = Number(headers[mirrorHeaders.count]);
    if (!Number.isSafeInteger(count) || count <= session.count) return undefined;
    const right = session.signer.request(count, url);
    if (!isSignature(headers[mirrorHeaders.signature], right)) return undefined;
    session.count = count;
    this.#sessions.delete(id);
    this.#sessions.set(id, session);
    return { signer: session.signer, count };
  }
}
