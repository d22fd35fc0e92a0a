import { createHash } from "node:crypto";
import { Agent, type RequestOptions, request } from "node:https";
import type { HeartbeatSigner } from "../../../protocol/heartbeat/packet.ts";
import { formatIpv4 } from "../../../protocol/ipv4.ts";
import { systemReason } from "../../process/start-error.ts";
import type { MirrorEntry } from "../manifest.ts";
import { type MirrorLink, mirrorLimits } from "../mirror-plan.ts";
import { isRefusedByTls, mirrorClientTls } from "./mirror-tls.ts";

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
  /** Digest of the body. */
  readonly sha256: string;
  /** The body, unless the status is 200. */
  readonly text: string;
}

type Write = (bytes: Uint8Array) => void;

/** An answer of which nothing comes for this long is given up; so is one by a node that trickles it. */
const IDLE_MS_MAX = 15_000;
const TRICKLE_MS_MAX = 60_000;
const BYTES_PER_MS_MIN = 16;
/** Longest answer that is a sentence. */
const TEXT_BYTES_MAX = 4096;

/** Asks the other node, one request at a time, over the link that works. */
export class MirrorClient {
  readonly #links: readonly MirrorLink[];
  readonly #agent: Agent;
  #link = 0;

  constructor(links: readonly MirrorLink[], sign: HeartbeatSigner) {
    this.#links = links;
    const connections = { keepAlive: true, maxSockets: 1, maxCachedSessions: 0 };
    this.#agent = new Agent({ ...mirrorClientTls(sign), ...connections });
  }

  /** `unless` is the version already known. Rejects with MirrorError. */
  async manifest(folder: string, unless: string | undefined): Promise<ManifestAnswer> {
    const query = new URLSearchParams({ folder, unless: unless ?? "" });
    const chunks: Uint8Array[] = [];
    const write: Write = (bytes) => void chunks.push(bytes);
    const url = `/manifest?${query}`;
    const { status, sha256, text } = await this.#ask(url, mirrorLimits.manifestBytesMax, write);
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

  async #ask(path: string, bytesMax: number, write: Write): Promise<Reply> {
    const { address, peerAddress, port } = this.#links[this.#link];
    const options = {
      path,
      agent: this.#agent,
      host: formatIpv4(peerAddress),
      localAddress: formatIpv4(address),
      port,
      timeout: IDLE_MS_MAX,
    };
    const msMax = TRICKLE_MS_MAX + bytesMax / BYTES_PER_MS_MIN;
    try {
      return await exchange(options, msMax, bytesMax, write);
    } catch (error) {
      this.#link = (this.#link + 1) % this.#links.length;
      if (isRefusedByTls(error)) {
        const message = "the other node has another key, or an earlier version";
        throw new MirrorError(message, { cause: error });
      }
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
        resolve({ status, sha256: hash.digest("hex"), text });
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
