import { createHash, randomBytes } from "node:crypto";
import { Agent, type IncomingMessage, type RequestOptions, request } from "node:http";
import type { HeartbeatSigner } from "../../../protocol/heartbeat/packet.ts";
import { formatIpv4 } from "../../../protocol/ipv4.ts";
import { systemReason } from "../../process/start-error.ts";
import type { MirrorEntry } from "../manifest.ts";
import { type MirrorLink, mirrorLimits } from "../mirror-plan.ts";
import {
  isSignature,
  mirrorHeaders,
  NONCE_DIGITS,
  openedSignature,
  openSignature,
  SessionSigner,
} from "./mirror-signatures.ts";

/** The other node did not answer, or not as it should. */
export class MirrorError extends Error {
  override readonly name = "MirrorError";
}

export type ManifestAnswer =
  | { readonly kind: "manifest"; readonly text: string; readonly version: string }
  | { readonly kind: "as-before" }
  /** The other node does not serve DHCP, so it is not the master. */
  | { readonly kind: "not-active" }
  /** It has not read its folder yet. */
  | { readonly kind: "not-ready" };

interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  /** Digest of the body. */
  readonly sha256: string;
  /** The body, unless the status is 200. */
  readonly text: string;
}

interface Asked extends Reply {
  /** Whether the other node signed it for this very request. */
  readonly isProven: boolean;
}

interface Session {
  readonly id: string;
  readonly signer: SessionSigner;
  count: number;
}

type Write = (bytes: Uint8Array) => void;

const IDLE_MS_MAX = 5000;
/** Time limit of a request; MS_PER_MIB is added for each MiB that the answer may have. */
const REQUEST_MS_MAX = 30_000;
const MS_PER_MIB = 2000;
const MIB = 1024 * 1024;
/** Longest answer that is a sentence. */
const TEXT_BYTES_MAX = 4096;

/** Asks the other node, one request at a time, over the link that works. */
export class MirrorClient {
  readonly #links: readonly MirrorLink[];
  readonly #sign: HeartbeatSigner;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  #link = 0;
  #session: Session | undefined;

  constructor(links: readonly MirrorLink[], sign: HeartbeatSigner) {
    this.#links = links;
    this.#sign = sign;
  }

  /** `unless` is the version already known. Rejects with MirrorError. */
  async manifest(folder: string, unless: string | undefined): Promise<ManifestAnswer> {
    const query = new URLSearchParams({ folder, unless: unless ?? "" });
    const chunks: Uint8Array[] = [];
    const write: Write = (bytes) => void chunks.push(bytes);
    const url = `/manifest?${query}`;
    const { status, sha256, text, isProven } = await this.#ask(
      url,
      mirrorLimits.manifestBytesMax,
      write,
    );
    if (!isProven) throw new MirrorError("the answer is not signed with the pair's key");
    if (status === 304) return { kind: "as-before" };
    if (status === 409) return { kind: "not-active" };
    if (status === 503) return { kind: "not-ready" };
    if (status !== 200) throw new MirrorError(`the other node says: ${text}`);
    return { kind: "manifest", text: Buffer.concat(chunks).toString(), version: sha256 };
  }

  /**
   * False when the bytes do not match the manifest, because the file has changed. Rejects with
   * MirrorError.
   */
  async file(folder: string, { path, size, sha256 }: MirrorEntry, write: Write): Promise<boolean> {
    const query = new URLSearchParams({ folder, path });
    const reply = await this.#ask(`/file?${query}`, size, write);
    return reply.status === 200 && reply.sha256 === sha256;
  }

  close(): void {
    this.#agent.destroy();
  }

  async #ask(url: string, bytesMax: number, write: Write): Promise<Asked> {
    const isNew = this.#session === undefined;
    const asked = await this.#askOnce(url, bytesMax, write);
    if (asked.status !== 401) return asked;
    this.#session = undefined;
    // The other node has restarted, or has forgotten our session.
    const again = isNew ? asked : await this.#askOnce(url, bytesMax, write);
    if (again.status !== 401) return again;
    throw new MirrorError("the other node forgets every session");
  }

  async #askOnce(url: string, bytesMax: number, write: Write): Promise<Asked> {
    this.#session ??= await this.#open();
    const session = this.#session;
    session.count += 1;
    const { id, signer, count } = session;
    const headers = {
      [mirrorHeaders.session]: id,
      [mirrorHeaders.count]: String(count),
      [mirrorHeaders.signature]: signer.request(count, url),
    };
    const reply = await this.#send("GET", url, headers, bytesMax, write);
    const right = signer.reply(count, reply.status, reply.sha256);
    return { ...reply, isProven: isSignature(reply.headers[mirrorHeaders.signature], right) };
  }

  async #open(): Promise<Session> {
    const nonce = randomBytes(NONCE_DIGITS / 2).toString("hex");
    const headers = {
      [mirrorHeaders.nonce]: nonce,
      [mirrorHeaders.signature]: openSignature(this.#sign, nonce),
    };
    const reply = await this.#send("POST", "/session", headers, 0, () => undefined);
    const id = reply.headers[mirrorHeaders.nonce];
    const right = openedSignature(this.#sign, nonce, String(id));
    if (
      reply.status !== 200 ||
      typeof id !== "string" ||
      !isSignature(reply.headers[mirrorHeaders.signature], right)
    ) {
      throw new MirrorError("the other node has another key");
    }
    return { id, signer: new SessionSigner(this.#sign, nonce, id), count: 0 };
  }

  async #send(
    method: "GET" | "POST",
    path: string,
    headers: Record<string, string>,
    bytesMax: number,
    write: Write,
  ): Promise<Reply> {
    const { address, peerAddress, port } = this.#links[this.#link]!;
    const options = {
      method,
      path,
      headers,
      agent: this.#agent,
      host: formatIpv4(peerAddress),
      localAddress: formatIpv4(address),
      port,
      timeout: IDLE_MS_MAX,
    };
    const msMax = REQUEST_MS_MAX + (bytesMax / MIB) * MS_PER_MIB;
    try {
      return await exchange(options, msMax, bytesMax, write);
    } catch (error) {
      this.#session = undefined;
      this.#link = (this.#link + 1) % this.#links.length;
      const reason = systemReason(error);
      throw new MirrorError(`${options.host} port ${port}: ${reason}`, { cause: error });
    }
  }
}

/** One request and its whole answer. Rejects with any error, including those of `write`. */
async function exchange(
  options: RequestOptions,
  msMax: number,
  bytesMax: number,
  write: Write,
): Promise<Reply> {
  return new Promise<Reply>((resolve, reject) => {
    // Not destroyed with the error: once the answer is complete, nothing would catch it at the socket.
    let isOver = false;
    const giveUp = (error: Error): void => {
      isOver = true;
      reject(error);
      asking.destroy();
    };
    const asking = request(options, (response) => {
      const status = response.statusCode ?? 0;
      const hash = createHash("sha256");
      let left = status === 200 ? bytesMax : TEXT_BYTES_MAX;
      let text = "";
      response.on("data", (chunk: Buffer) => {
        // The target file may be closed by now.
        if (isOver) return;
        left -= chunk.length;
        if (left < 0) {
          giveUp(new Error("the answer is longer than it may be"));
          return;
        }
        hash.update(chunk);
        try {
          if (status === 200) write(chunk);
          else text += chunk.toString("latin1");
        } catch (error) {
          giveUp(error as Error);
        }
      });
      response.on("end", () => {
        resolve({ status, headers: response.headers, sha256: hash.digest("hex"), text });
      });
      response.on("error", giveUp);
    });
    const deadline = setTimeout(() => giveUp(new Error("it takes too long")), msMax);
    asking.on("timeout", () => giveUp(new Error("it does not answer")));
    asking.on("error", giveUp);
    asking.on("close", () => clearTimeout(deadline));
    asking.end();
  });
}
