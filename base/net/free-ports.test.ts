import { createSocket } from "node:dgram";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { freeUdpPorts, isFreeUdpPort } from "./free-ports.ts";

async function take(address: string): Promise<number> {
  const socket = createSocket("udp4");
  onTestFinished(() => void socket.close());
  socket.bind(0, address);
  await once(socket, "listening");
  return socket.address().port;
}

test.each(["0.0.0.0", "127.0.0.1"])(
  "a port that somebody has on %s is not free",
  async (address) => {
    expect(await isFreeUdpPort(await take(address))).toBe(false);
  },
);

test("a row counts as free only when all of its ports are", async () => {
  const taken = await take("127.0.0.1");
  expect(await freeUdpPorts({ first: taken - 1, count: 2, rows: 1 })).toBeUndefined();
  const first = await freeUdpPorts({ first: 27_000, count: 3, rows: 100 });
  expect((first! - 27_000) % 3).toBe(0);
  for (let port = first!; port < first! + 3; port += 1)
    expect(await isFreeUdpPort(port)).toBe(true);
});

test("each call gives another row", async () => {
  const rows = { first: 27_000, count: 3, rows: 100 };
  expect(await freeUdpPorts(rows)).not.toBe(await freeUdpPorts(rows));
});
