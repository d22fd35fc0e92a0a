import { createSocket, type Socket as DatagramSocket } from "node:dgram";
import { connect, type Socket } from "node:net";

/** A busy machine is not there yet; a hang is. */
const answerMsMax = 30_000;

/** A UDP client on loopback that asks one question at a time. */
export class DatagramClient {
  readonly #socket: DatagramSocket;
  readonly #port: number;
  readonly answers: Uint8Array[] = [];
  #waiting: (() => void) | undefined;

  static async open(port: number, address = "127.0.0.1"): Promise<DatagramClient> {
    const socket = createSocket("udp4");
    await new Promise<void>((resolve) => socket.bind(0, address, resolve));
    return new DatagramClient(socket, port);
  }

  private constructor(socket: DatagramSocket, port: number) {
    this.#socket = socket;
    this.#port = port;
    socket.on("message", (bytes) => {
      this.answers.push(new Uint8Array(bytes));
      this.#waiting?.();
    });
  }

  async send(bytes: Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.send(bytes, this.#port, "127.0.0.1", (error) =>
        error === null ? resolve() : reject(error),
      );
    });
  }

  /** Sends, and resolves with the next datagram that comes back. */
  async ask(bytes: Uint8Array): Promise<Uint8Array> {
    this.answers.length = 0;
    await this.send(bytes);
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("no answer")), answerMsMax);
      this.#waiting = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.answers.length > 0) this.#waiting();
    });
    return this.answers[0];
  }

  close(): void {
    this.#socket.close();
  }
}

/** Connects; resolves once the connection stands. */
export async function connectTo(port: number, address = "127.0.0.1"): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", localAddress: address });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  return socket;
}

/** Everything that the peer sends until it closes, orderly or not. */
export async function readToEnd(socket: Socket): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.on("error", () => undefined);
  await new Promise<void>((resolve) => socket.once("close", () => resolve()));
  return new Uint8Array(Buffer.concat(chunks));
}

/** Waits until `check` is true; fails with what it was about after a long time. */
export async function eventually(what: string, check: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + answerMsMax;
  while (!check()) {
    if (performance.now() > deadlineMs) throw new Error(`never: ${what}`);
    await new Promise<void>((resolve) => setTimeout(resolve, 2));
  }
}
