import { once } from "node:events";
import { createServer, type Server } from "node:net";

/**
 * Locks a name for this process. The lock is a socket in Linux's abstract name space, so it ends with the
 * process, however that ends, and leaves no file behind. Returns a function that releases it; undefined
 * when another process of this network namespace holds it. On other systems there is no lock, and the
 * call always succeeds.
 */
export async function takeProcessLock(name: string): Promise<(() => void) | undefined> {
  if (process.platform !== "linux") return () => undefined;
  const server: Server = createServer();
  try {
    server.listen(`\0provlab-${name}`);
    await once(server, "listening");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") return undefined;
    throw error;
  }
  // The lock must not keep the process alive; it accepts no connections.
  server.unref();
  server.on("connection", (caller) => caller.destroy());
  return () => server.close();
}
