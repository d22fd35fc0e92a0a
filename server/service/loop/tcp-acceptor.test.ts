import type { Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { parseIpv4 } from "../../../protocol/ipv4.ts";
import { StartError } from "../../process/start-error.ts";
import { connectTo, eventually, readToEnd } from "./clients.testing.ts";
import { TcpAcceptor, type TcpAcceptorOptions } from "./tcp-acceptor.ts";

const loopback = parseIpv4("127.0.0.1")!;

const open: { acceptors: TcpAcceptor[]; clients: Socket[] } = { acceptors: [], clients: [] };
afterEach(async () => {
  for (const client of open.clients.splice(0)) client.destroy();
  for (const acceptor of open.acceptors.splice(0)) await acceptor.close();
});

async function listen(options: Partial<TcpAcceptorOptions> = {}): Promise<TcpAcceptor> {
  const acceptor = await TcpAcceptor.open({
    service: "test",
    address: loopback,
    port: 0,
    connectionsMax: 3,
    idleMsMax: 60_000,
    onConnection: (socket) => socket.resume(),
    ...options,
  });
  open.acceptors.push(acceptor);
  return acceptor;
}

async function connectClient(port: number, address?: string): Promise<Socket> {
  const client = await connectTo(port, address);
  client.on("error", () => undefined);
  open.clients.push(client);
  return client;
}

test("one connection too many is closed and counted; room that is given back is used", async () => {
  const acceptor = await listen();
  const first = await connectClient(acceptor.port);
  await connectClient(acceptor.port);
  await connectClient(acceptor.port);
  await readToEnd(await connectClient(acceptor.port));
  expect(acceptor.counters).toMatchObject({ accepted: 3, refused: 1 });
  first.destroy();
  await eventually("the place is free", () => acceptor.connections === 2);
  await connectClient(acceptor.port);
  await eventually("the place is taken", () => acceptor.connections === 3);
  expect(acceptor.counters).toMatchObject({ accepted: 4, refused: 1 });
});

test("a few peers that hold every connection make room for others, one for each", async () => {
  const acceptor = await listen({ connectionsMax: 6, connectionsPerPeerMax: 3 });
  const held: Socket[] = [];
  for (const peer of ["127.0.0.1", "127.0.0.2"]) {
    for (let each = 0; each < 3; each += 1) held.push(await connectClient(acceptor.port, peer));
  }
  await eventually("all are taken", () => acceptor.connections === 6);
  for (const peer of ["127.0.0.3", "127.0.0.4", "127.0.0.5"])
    await connectClient(acceptor.port, peer);
  await eventually("three have come", () => acceptor.counters.accepted === 9);
  for (const socket of held) socket.resume();
  const ended = () => held.map(({ destroyed }) => destroyed);
  const oldest = [true, true, false, true, false, false];
  await eventually("the oldest have ended", () => `${ended()}` === `${oldest}`);
  expect(acceptor.connections).toBe(6);
  // Nobody has two more than a second one of theirs would make.
  await readToEnd(await connectClient(acceptor.port, "127.0.0.3"));
  expect(acceptor.counters.refused).toBe(4);
});

test("one peer cannot take every connection", async () => {
  const acceptor = await listen({ connectionsPerPeerMax: 2 });
  await connectClient(acceptor.port);
  await connectClient(acceptor.port);
  await readToEnd(await connectClient(acceptor.port));
  await connectClient(acceptor.port, "127.0.0.9");
  await eventually("the other peer is accepted", () => acceptor.connections === 3);
  expect(acceptor.counters).toMatchObject({ accepted: 3, refused: 1 });
});

test("a connection that says nothing is closed after its time", async () => {
  const peers: number[] = [];
  const acceptor = await listen({
    idleMsMax: 30,
    onConnection: (socket, peer) => {
      socket.resume();
      peers.push(peer);
    },
  });
  await readToEnd(await connectClient(acceptor.port));
  expect(acceptor.counters.idleClosed).toBe(1);
  expect(peers).toEqual([loopback]);
});

test("closing ends the connections that are open", async () => {
  const acceptor = await listen();
  const ended = readToEnd(await connectClient(acceptor.port));
  await acceptor.close();
  expect(await ended).toHaveLength(0);
});

test("a port that is taken is a StartError", async () => {
  const acceptor = await listen();
  const again = listen({ port: acceptor.port });
  await expect(again).rejects.toThrow(StartError);
  await expect(again).rejects.toThrow("Address already in use");
});
