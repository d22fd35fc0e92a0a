import type { Server } from "node:http";

/** Stops listening and cuts all connections; resolves when everything is closed. */
export async function closeAtOnce(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
