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

/** One mirror needs one. A recording of how one was opened may be played again, but never used. */
const sessionsMax = 8;
const noncePattern = new RegExp(`^[0-9a-f]{${NONCE_DIGITS}}$`);

interface Session {
  readonly signer: SessionSigner;
  /** Of the last request: every other one has a higher number. */
  count: number;
}

/** A request whose sender has the key, and which was never made before. */
export interface ProvenRequest {
  readonly signer: SessionSigner;
  readonly count: number;
}

/** The sessions of one server. Whatever is not proven is answered by one refusal. */
export class MirrorSessions {
  readonly #sign: HeartbeatSigner;
  /** In the order of use: the first one is the one to forget. */
  readonly #sessions = new Map<string, Session>();

  constructor(sign: HeartbeatSigner) {
    this.#sign = sign;
  }

  /** The headers of the answer; undefined when the other one has not our key. */
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
