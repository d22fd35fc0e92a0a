import { freeUdpPorts } from "../base/net/free-ports.ts";

const PORTS_A_ROW = 10;

/**
 * The first of ten UDP ports in a row that nobody has: below those that the system gives out, and those that labs
 * and bundled servers take. Test files that run side by side, in one checkout or in several, do not meet.
 */
export async function freePorts(): Promise<number> {
  const port = await freeUdpPorts({ first: 10_000, count: PORTS_A_ROW, rows: 1000 });
  if (port === undefined) throw new Error("no ten free UDP ports in a row from 10,000 to 20,000");
  return port;
}
