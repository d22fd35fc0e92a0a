import { once } from "node:events";
import { createServer } from "node:net";
import { freeUdpPorts } from "../base/net/free-ports.ts";

const PORTS_A_ROW = 10;
const ROWS_CLAIMED_MAX = 50;

/**
 * The first of ten UDP ports in a row that nobody has: below those that the system gives out, and those that labs
 * and bundled servers take. Test files that run side by side, in one checkout or in several, do not meet: the row
 * is this process's until it ends. No test may use TCP on the row's last port.
 */
export async function freePorts(): Promise<number> {
  for (let tries = 0; tries < ROWS_CLAIMED_MAX; tries += 1) {
    const port = await freeUdpPorts({ first: 10_000, count: PORTS_A_ROW, rows: 1000 });
    if (port !== undefined && (await isClaimed(port + PORTS_A_ROW - 1))) return port;
  }
  throw new Error("no ten free UDP ports in a row from 10,000 to 20,000");
}

/** Ports that are free may be promised to another process already. One process can listen here, so one has the row. */
async function isClaimed(guard: number): Promise<boolean> {
  const server = createServer().listen({ port: guard, host: "127.0.0.1", exclusive: true });
  try {
    await once(server, "listening");
    server.unref();
    return true;
  } catch {
    return false;
  }
}
