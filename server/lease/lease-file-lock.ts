import { createHash } from "node:crypto";
import { once } from "node:events";
import { realpathSync } from "node:fs";
import { createServer, type Server } from "node:net";

/**
 * Takes the lease file for this process: two servers that both append to it would lease the same
 * addresses. The lock is a socket in Linux's abstract name space, so it ends with the process however
 * that ends, and leaves no file behind. Returns what gives it up; undefined when another process of
 * this network namespace has it. On other systems there is no lock, and it is always given.
 */
export async function lockLeaseFile(path: string): Promise<(() => void) | undefined> {
  if (process.platform !== "linux") return () => undefined;
  const server: Server = createServer();
  const digest = createHash("sha256").update(realpathSync(path)).digest("hex");
  try {
    server.listen(`\0provlab-leases-${digest}`);
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
