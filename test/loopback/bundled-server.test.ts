import { createSocket } from "node:dgram";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { freeUdpPorts } from "../../base/net/free-ports.ts";
import { SegmentLab } from "./segments.testing.ts";

const startMsMax = 30_000;

async function takenPort(): Promise<number> {
  const socket = createSocket("udp4");
  onTestFinished(() => void socket.close());
  socket.bind({ port: 0, address: "127.0.0.1", exclusive: true });
  await once(socket, "listening");
  return socket.address().port;
}

function lab(): SegmentLab {
  const made = new SegmentLab();
  onTestFinished(() => made.close());
  return made;
}

test(
  "a port that somebody takes before the server does costs one start",
  async () => {
    const free = await freeUdpPorts({ first: 31_000, count: 1, rows: 500 });
    const ports = [await takenPort(), free!];
    const offered = ports.values();
    const server = await lab().server("server", async () => offered.next().value!);
    onTestFinished(() => server.stop());
    expect(server.address.port).toBe(free);
  },
  startMsMax,
);

test(
  "ports that are all taken end in the server's own words",
  async () => {
    const port = await takenPort();
    let asked = 0;
    const start = lab().server("server", async () => {
      asked += 1;
      return port;
    });
    await expect(start).rejects.toThrow(`port ${port}: Address already in use`);
    expect(asked).toBe(5);
  },
  startMsMax,
);
