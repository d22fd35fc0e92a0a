import { type IncomingMessage, request } from "node:http";
import { createInterface } from "node:readline";
import {
  type ControlOrder,
  type ControlStatus,
  isLastLine,
  type OrderEnd,
  type OrderLine,
} from "../server/ha/control-messages.ts";
import { UsageError } from "./options/usage-error.ts";

/** Longer than the server waits for one of its own threads, which tells of an order every two seconds. */
const silenceMsMax = 70_000;

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "no server has made it: start the node (prov serve), and it stands by (OPS-9)",
  ECONNREFUSED: "the server that made it is gone: start the node (prov serve) (OPS-9)",
  EACCES: "only the user who runs the server may ask",
};

/** Asks the server of a control socket. Rejects with a UsageError that says what to do. */
export async function askStatus(socket: string): Promise<ControlStatus> {
  const response = await ask(socket, "GET", "/status");
  return JSON.parse(await textOf(response)) as ControlStatus;
}

/** Gives an order and calls `onLine` for each line before the last. Resolves with the end of the order. */
export async function giveOrder(
  socket: string,
  order: ControlOrder,
  onLine: (line: Exclude<OrderLine, OrderEnd>) => void,
): Promise<OrderEnd> {
  const response = await ask(socket, "POST", `/${order}`);
  try {
    for await (const text of createInterface({ input: response })) {
      const line = JSON.parse(text) as OrderLine;
      if (isLastLine(line)) return line;
      onLine(line);
    }
  } catch (error) {
    // A broken connection ends the lines, too.
    if (!(error instanceof Error && "code" in error)) throw error;
  }
  throw new UsageError(`${socket}: the server ended before the order did; ask prov status`);
}

async function ask(socket: string, method: string, path: string): Promise<IncomingMessage> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const asked = request({ socketPath: socket, method, path, timeout: silenceMsMax });
    asked.once("response", resolve);
    asked.once("timeout", () => asked.destroy(new Error("it does not answer")));
    asked.once("error", (error: NodeJS.ErrnoException) => {
      const reason = reasons[error.code ?? ""] ?? error.message;
      reject(new UsageError(`control socket ${socket}: ${reason}`, { cause: error }));
    });
    asked.end();
  });
  if (response.statusCode === 200) return response;
  throw new UsageError(`control socket ${socket}: ${(await textOf(response)).trim()}`);
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
