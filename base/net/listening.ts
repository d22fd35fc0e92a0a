import type { ListenOptions, Server } from "node:net";

/**
 * Resolves when the server listens, and rejects with the system's error when it cannot. Later errors, such as
 * EMFILE while a connection is accepted, leave it listening: the connection waits in the kernel or is closed.
 */
export async function listenOn(server: Server, where: ListenOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    // It stays for good: an `error` event without a handler ends the process.
    server.on("error", reject);
    server.listen(where, resolve);
  });
}
