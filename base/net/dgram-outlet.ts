import type { Socket } from "node:dgram";

export interface OutletEvents {
  readonly onSent: () => void;
  /** `lost` datagrams will not be sent; 0 when the error is not about particular datagrams. */
  readonly onError: (code: string, lost: number) => void;
}

/**
 * A node:dgram socket that sends and counts the datagrams it still holds: node forgets the callbacks of
 * queued ones when a bind fails or the socket is closed.
 */
export class DgramOutlet {
  readonly socket: Socket;
  readonly #events: OutletEvents;
  #inFlight = 0;
  #retired = false;
  #failed = false;

  constructor(socket: Socket, events: OutletEvents, bind: "bound" | "binding") {
    this.socket = socket;
    this.#events = events;
    let isBound = bind === "bound";
    socket.once("listening", () => {
      isBound = true;
    });
    socket.on("error", (error) => {
      if (isBound) events.onError(codeOf(error), 0);
      else this.#fail(codeOf(error));
    });
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Its bind failed: it is closed, and the datagrams it held count as lost. */
  get hasFailed(): boolean {
    return this.#failed;
  }

  /** Node reads `bytes` after this returns. */
  send(bytes: Uint8Array, port: number, address: string): void {
    this.#inFlight += 1;
    this.socket.send(bytes, port, address, (error) => {
      this.#inFlight -= 1;
      if (error === null) this.#events.onSent();
      else this.#events.onError(codeOf(error), 1);
      if (this.#retired && this.#inFlight === 0) this.socket.close();
    });
  }

  /** Closes the socket once the datagrams that it holds are sent. */
  retire(): void {
    if (this.#retired || this.#failed) return;
    this.#retired = true;
    if (this.#inFlight === 0) this.socket.close();
  }

  #fail(code: string): void {
    this.#failed = true;
    this.#events.onError(code, this.#inFlight);
    this.#inFlight = 0;
    this.socket.close();
  }
}

/** The system's name for the reason, which node's errors carry. */
export function codeOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? error.message;
}
