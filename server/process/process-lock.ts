import { once } from "node:events";
import { createServer, type Server } from "node:net";

/**
 * Takes a name for this process. The lock is a socket in Linux's abstract name space, so it ends with the
 * process however that ends, and leaves no file behind. Returns what gives it up; undefined when another
 * process of this network namespace has it. On other systems there is no lock, and it is always given.
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
  // A lock keeps nobody alive, and takes no callers.
  server.unref();
  server.on("connection", (caller) => caller.destroy());
  return () => server.close();
}
