import { assert } from "../../base/assert.ts";

/**
 * New transfers that start on one port in a row. Those that run at the same time then share few
 * ports, and so system calls; a client that comes back later still meets another port.
 */
const startsInARow = 64;

/** Chooses the port of each new transfer: one with room for its packets, changing as time goes on. */
export class PortRotation {
  /** Ports by the packets that they can send: those that fit the most transfers last. */
  readonly #groups: {
    readonly packetBytesMax: number;
    readonly ports: number[];
    starts: number;
  }[] = [];

  /** `packetBytesMaxByPort[p]` is the longest packet that port p can send; -1 leaves a port out. */
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
    return group.ports[turn % group.ports.length]!;
  }
}
