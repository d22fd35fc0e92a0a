import type { Server } from "node:http";

/** Listens no more and cuts what is connected; resolves when all of it is closed. */
export async function closeAtOnce(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
