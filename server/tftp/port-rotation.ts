import { assert } from "../../base/assert.ts";

/**
 * How many new transfers in a row start on one port. Concurrent transfers then share few ports, and so
 * few system calls; a client that comes back later still gets another port.
 */
const startsInARow = 64;

/** Chooses the port of each new transfer: it has room for its packets and changes over time. */
export class PortRotation {
  /** Ports grouped by the longest packet that they can send, shortest first. */
  readonly #groups: {
    readonly packetBytesMax: number;
    readonly ports: number[];
    starts: number;
  }[] = [];

  /** `packetBytesMaxByPort[p]` is the longest packet that port p can send; -1: no transfers there. */
  constructor(packetBytesMaxByPort: readonly number[]) {
    for (const [port, packetBytesMax] of packetBytesMaxByPort.entries()) {
      if (packetBytesMax < 0) continue;
      const group = this.#groups.find((one) => one.packetBytesMax === packetBytesMax);
      if (group === undefined) this.#groups.push({ packetBytesMax, ports: [port], starts: 0 });
      else group.ports.push(port);
    }
    this.#groups.sort((a, b) => a.packetBytesMax - b.packetBytesMax);
  }

  /** The port for a transfer whose longest packet has `packetBytes`. */
  next(packetBytes: number): number {
    const group = this.#groups.find(({ packetBytesMax }) => packetBytesMax >= packetBytes);
    assert(group !== undefined, `no port sends packets of ${packetBytes} bytes`);
    const turn = Math.floor(group.starts / startsInARow);
    group.starts += 1;
    return group.ports[turn % group.ports.length];
  }
}
