import { createSocket } from "node:dgram";
import { once } from "node:events";

/** Rows of ports: `count` in a row, `rows` of them from `first` on. */
export interface PortRows {
  readonly first: number;
  readonly count: number;
  readonly rows: number;
}

const ROWS_TRIED_MAX = 50;
let rowsTried = 0;

/**
 * The first port of a row whose UDP ports are all free on every address; undefined when none of 50 rows
 * is. Each process begins at its own row, so that several that start at once do not collide, and each
 * call continues with the next row. If another program takes one of the ports before the caller opens it,
 * the caller asks again.
 */
export async function freeUdpPorts({ first, count, rows }: PortRows): Promise<number | undefined> {
  for (let tries = 0; tries < ROWS_TRIED_MAX; tries += 1) {
    const port = first + count * ((process.pid + rowsTried++) % rows);
    const ports = Array.from({ length: count }, (_, index) => port + index);
    const free = await Promise.all(ports.map(isFreeUdpPort));
    if (free.every(Boolean)) return port;
  }
  return undefined;
}

/** Whether no socket has it, on any address. */
export async function isFreeUdpPort(port: number): Promise<boolean> {
  const socket = createSocket("udp4");
  try {
    socket.bind({ port, address: "0.0.0.0", exclusive: true });
    await once(socket, "listening");
    return true;
  } catch {
    return false;
  } finally {
    socket.close();
  }
}
