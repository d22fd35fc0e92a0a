import { afterEach, expect, test } from "vitest";
import { openUdpSocket, type UdpSocket } from "./udp-socket.ts";
import { openUnsharedUdpSocket } from "./unshared-port.ts";

const LOOPBACK = 0x7f00_0001;
const open: UdpSocket[] = [];
const kept = <T extends UdpSocket>(socket: T): T => {
  open.push(socket);
  return socket;
};

afterEach(() => {
  for (const socket of open.splice(0)) socket.close();
});

test("many sockets on ports of the system's choice have a port each", async () => {
  const ports = new Set<number>();
  for (let i = 0; i < 50; i += 1) {
    ports.add(kept(await openUnsharedUdpSocket({ address: LOOPBACK, port: 0 })).localPort);
  }
  expect(ports.size).toBe(50);
});

test("a port that another socket has is refused, although the kernel would share it", async () => {
  const { localPort } = kept(await openUdpSocket({ address: LOOPBACK, port: 0 }));
  await expect(openUnsharedUdpSocket({ address: LOOPBACK, port: localPort })).rejects.toMatchObject(
    { code: "EADDRINUSE" },
  );
});
