import { Agent, request } from "node:http";
import { LabError } from "./machine/lab-error.ts";

/** The lab's part of a node's `GET /status` (schema provlab/pair-status@1); the node itself comes first. */
interface PairStatus {
  /** The epoch of the leadership in the store. */
  readonly epoch: number;
  /** The node that holds it; absent while none does. */
  readonly leader?: string;
  readonly nodes: readonly [NodeStatus, NodeStatus];
}

interface NodeStatus {
  readonly node: string;
  readonly role: string;
  readonly isInSync: boolean;
  readonly catchUp?: { readonly leasesRead: number };
}

/** A node as it sees itself. */
export interface NodeView {
  readonly role: string;
  /** The epoch of the leadership that it knows of. */
  readonly epoch: number;
  /** Whether the node believes that the leadership is its own. */
  readonly isLeader: boolean;
  readonly isInSync: boolean;
  /** While it reads the store's leases: how many it has. */
  readonly leasesRead?: number;
}

type Method = "GET" | "POST";

type LastLine =
  | { readonly kind: "refused"; readonly reasons: readonly string[] }
  | { readonly kind: "stuck"; readonly step: string; readonly why?: string }
  | { readonly kind: "done"; readonly gapMs?: number };

const STATUS_MS_MAX = 500;
/** From one line of the answer to the next: a node tells of an order every two seconds. */
const ORDER_SILENT_MS_MAX = 70_000;
const ANSWER_BYTES_MAX = 2 ** 20;

/** The control socket of one node. */
export class ControlClient {
  readonly #socketPath: string;
  /** One for each method, so that the status can be asked while an order is carried out. */
  readonly #agents = {
    GET: new Agent({ keepAlive: true, maxSockets: 1 }),
    POST: new Agent({ maxSockets: 1 }),
  };

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /** `silent` when the node does not answer in time, as when it is paused; `down` when it does not run. */
  async view(): Promise<NodeView | "silent" | "down"> {
    try {
      const text = await this.#ask("GET", "/status", STATUS_MS_MAX);
      const { epoch, leader, nodes } = JSON.parse(text) as PairStatus;
      const { node, role, isInSync, catchUp } = nodes[0];
      const reading = catchUp === undefined ? {} : { leasesRead: catchUp.leasesRead };
      return { role, isInSync, epoch, isLeader: leader === node, ...reading };
    } catch (error) {
      return error instanceof TooLateError ? "silent" : "down";
    }
  }

  /** Gives an order; resolves with its outcome in words, rejects with LabError when it failed. */
  async order(path: "/failback" | "/clean-up"): Promise<string> {
    const lines = (await this.#ask("POST", path, ORDER_SILENT_MS_MAX)).trim().split("\n");
    const end = JSON.parse(lines.at(-1)!) as LastLine;
    if (end.kind === "refused") throw new LabError(`refused: ${end.reasons.join("; ")}`);
    if (end.kind === "stuck") {
      const why = end.why === undefined ? "" : `; ${end.why}`;
      throw new LabError(`stuck at: ${end.step}${why}`);
    }
    const { gapMs } = end;
    return gapMs === undefined ? "done" : `done; nobody served for ${Math.round(gapMs)} ms`;
  }

  close(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  /** Rejects with TooLateError when nothing has come for `silentMsMax`. */
  #ask(method: Method, path: string, silentMsMax: number): Promise<string> {
    const options = { socketPath: this.#socketPath, method, path, agent: this.#agents[method] };
    return new Promise((resolve, reject) => {
      const sent = request(options, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (part: string) => {
          timer.refresh();
          text += part;
          if (text.length > ANSWER_BYTES_MAX) sent.destroy(new LabError(`${path}: a long answer`));
        });
        response.once("error", reject);
        response.once("end", () => {
          if (response.statusCode === 200 && text.trim() !== "") return resolve(text);
          // 504: the node runs, and says that the thread which should answer hangs.
          const words = `${method} ${path}: ${response.statusCode} ${text.trim()}`;
          reject(response.statusCode === 504 ? new TooLateError(words) : new LabError(words));
        });
      });
      const timer = setTimeout(() => {
        reject(new TooLateError(`${method} ${path}: no answer within ${silentMsMax} ms`));
        sent.destroy();
      }, silentMsMax);
      sent.once("error", reject);
      sent.once("close", () => clearTimeout(timer));
      sent.end();
    });
  }
}

class TooLateError extends LabError {}
