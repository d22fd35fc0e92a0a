import { afterEach, describe, expect, test } from "vitest";
import { parseIpv4 } from "../../protocol/ipv4.ts";
import { systemClock } from "../clock.ts";
import { SocketError } from "./kernel/socket-error.ts";
import type { UdpSocket, UdpSocketOptions } from "./udp-socket.ts";
import { openUdpSocket, waitReadable } from "./udp-socket.ts";

export const loopback = ip("127.0.0.1");
export const wildcard = 0;

export function ip(text: string): number {
  const address = parseIpv4(text);
  if (address === undefined) throw new RangeError(`not an address: ${text}`);
  return address;
}

export interface ReceivedDatagram {
  readonly text: string;
  readonly source: number;
  readonly sourcePort: number;
  readonly destination: number;
  readonly interfaceIndex: number;
}

/** Receives until `wanted` datagrams are there, or until a second has brought no further one. */
export async function collect(socket: UdpSocket, wanted: number): Promise<ReceivedDatagram[]> {
  const datagrams: ReceivedDatagram[] = [];
  while (datagrams.length < wanted) {
    await waitReadable([socket], 10_000);
    const count = socket.receive();
    if (count === 0) break;
    for (let i = 0; i < count; i += 1) {
      datagrams.push({
        text: new TextDecoder().decode(socket.bytes(i)),
        source: socket.sourceAddress(i),
        sourcePort: socket.sourcePort(i),
        destination: socket.destinationAddress(i),
        interfaceIndex: socket.interfaceIndex(i),
      });
    }
  }
  return datagrams;
}

export interface Route {
  readonly to: number;
  readonly port: number;
  readonly source?: number;
  readonly interfaceIndex?: number;
}

export function pushText(socket: UdpSocket, text: string, route: Route): void {
  const { written } = new TextEncoder().encodeInto(text, socket.slot());
  socket.push(written, route.to, route.port, route.source, route.interfaceIndex);
}

export function sendText(socket: UdpSocket, text: string, route: Route): void {
  pushText(socket, text, route);
  socket.flush();
}

/** Opens sockets and closes those that a test left open. */
export function socketOpener(backend: "batch" | "dgram"): {
  open(options: Partial<UdpSocketOptions>): Promise<UdpSocket>;
} {
  const opened: UdpSocket[] = [];
  afterEach(() => {
    for (const socket of opened.splice(0)) socket.close();
  });
  return {
    async open(options) {
      const socket = await openUdpSocket({ address: loopback, port: 0, backend, ...options });
      opened.push(socket);
      return socket;
    },
  };
}

/** What both backends promise. */
export function udpSocketSuite(backend: "batch" | "dgram"): void {
  describe(`a ${backend} UDP socket`, () => {
    const { open } = socketOpener(backend);

    test("tells its address, its port and its backend", async () => {
      const socket = await open({});
      expect(socket.backend).toBe(backend);
      expect(socket.localAddress).toBe(loopback);
      expect(socket.localPort).toBeGreaterThan(1023);
    });

    test("carries bytes, source and destination, and answers", async () => {
      const server = await open({});
      const client = await open({});
      sendText(client, "ping", { to: loopback, port: server.localPort });
      const [request] = await collect(server, 1);
      expect(request).toMatchObject({ text: "ping", source: loopback, destination: loopback });
      sendText(server, "pong", { to: request!.source, port: request!.sourcePort });
      const [answer] = await collect(client, 1);
      expect(answer).toMatchObject({ text: "pong", sourcePort: server.localPort });
    });

    test("finds nothing where nothing is", async () => {
      const socket = await open({});
      expect(socket.receive()).toBe(0);
      expect(() => socket.bytes(0)).toThrow("no datagram");
      expect(() => socket.sourceAddress(0)).toThrow("no datagram");
    });

    test("carries more than a batch, flushing full batches by itself, in order", async () => {
      const server = await open({ batchMax: 16 });
      const client = await open({ batchMax: 16 });
      const texts = Array.from({ length: 100 }, (_, i) => `${i}`.padEnd(1 + (i % 50), "."));
      for (const text of texts) pushText(client, text, { to: loopback, port: server.localPort });
      client.flush();
      const datagrams = await collect(server, texts.length);
      expect(datagrams.map(({ text }) => text)).toEqual(texts);
      expect(server.receive()).toBe(0);
      expect(server.counters).toMatchObject({ received: 100, truncated: 0, kernelDrops: 0 });
      expect(client.counters).toMatchObject({ sent: 100, sendErrors: 0 });
    });

    test("sends nothing of its own accord when it is told to wait", async () => {
      const server = await open({});
      const client = await open({ batchMax: 4, flushesWhenFull: false });
      const way = { to: loopback, port: server.localPort };
      for (let i = 0; i < 4; i += 1) {
        expect(client.isFull).toBe(false);
        pushText(client, `early ${i}`, way);
      }
      expect(client.isFull).toBe(true);
      expect(() => client.slot()).toThrow("every slot of the batch is taken");
      expect(() => client.push(1, loopback, 9)).toThrow("every slot of the batch is taken");
      await waitReadable([server], 20);
      expect(server.receive()).toBe(0);
      client.discard();
      expect(client.isFull).toBe(false);
      for (let i = 0; i < 4; i += 1) pushText(client, `late ${i}`, way);
      client.flush();
      client.flush();
      const datagrams = await collect(server, 4);
      expect(datagrams.map(({ text }) => text)).toEqual(["late 0", "late 1", "late 2", "late 3"]);
      client.discard();
      client.flush();
      await expect.poll(() => client.counters.sent).toBe(4);
      expect(client.counters.sendErrors).toBe(0);
      expect(server.receive()).toBe(0);
    });

    test("never calls itself full when it flushes by itself", async () => {
      const client = await open({ batchMax: 2 });
      for (let i = 0; i < 5; i += 1) {
        pushText(client, "kept short", { to: loopback, port: client.localPort });
        expect(client.isFull).toBe(false);
      }
      client.flush();
      expect(await collect(client, 5)).toHaveLength(5);
    });

    test("carries an empty datagram and a full slot", async () => {
      const server = await open({ datagramBytesMax: 1500 });
      const client = await open({ datagramBytesMax: 1500 });
      expect(client.slot()).toHaveLength(1500);
      client.push(0, loopback, server.localPort);
      client.slot().fill(0x61);
      client.push(1500, loopback, server.localPort);
      client.flush();
      const datagrams = await collect(server, 2);
      expect(datagrams.map(({ text }) => text)).toEqual(["", "a".repeat(1500)]);
    });

    test("refuses to send more than a slot holds", async () => {
      const socket = await open({ datagramBytesMax: 100 });
      expect(() => socket.push(101, loopback, 9)).toThrow("longer than its slot");
    });

    test("counts a datagram that is too long, and leaves it out", async () => {
      const server = await open({ datagramBytesMax: 8 });
      const client = await open({});
      for (const text of ["before", "much too long", "after", "exactly8"]) {
        pushText(client, text, { to: loopback, port: server.localPort });
      }
      client.flush();
      const datagrams = await collect(server, 3);
      expect(datagrams.map(({ text }) => text)).toEqual(["before", "after", "exactly8"]);
      expect(server.counters).toMatchObject({ received: 3, truncated: 1 });
    });

    test("lets a socket on one address and one on the wildcard share a port when told", async () => {
      const server = await open({ sharesPort: true });
      const port = server.localPort;
      const relay = await open({ address: wildcard, port, sharesPort: true });
      const client = await open({});
      pushText(client, "to the server", { to: loopback, port });
      pushText(client, "to a relay", { to: ip("127.64.0.1"), port });
      client.flush();
      expect((await collect(server, 1)).map(({ text }) => text)).toEqual(["to the server"]);
      expect((await collect(relay, 1)).map(({ text }) => text)).toEqual(["to a relay"]);
      expect([server.receive(), relay.receive()]).toEqual([0, 0]);
    });

    test("sends from the source address that it is told", async () => {
      const server = await open({});
      const devices = await open({ address: wildcard, sharesPort: true });
      const sources = [ip("127.64.3.4"), ip("127.64.200.9"), ip("127.64.3.4")];
      for (const source of sources) {
        pushText(devices, "renew", { to: loopback, port: server.localPort, source });
      }
      devices.flush();
      const requests = await collect(server, 3);
      expect(requests.map(({ source }) => source).sort()).toEqual([...sources].sort());
      for (const request of requests) {
        expect(request.sourcePort).toBe(devices.localPort);
        sendText(server, "ack", { to: request.source, port: request.sourcePort });
      }
      const answers = await collect(devices, 3);
      expect(answers.map(({ destination }) => destination).sort()).toEqual([...sources].sort());
    });

    test("goes on after sending where nobody listens", async () => {
      const closed = await open({});
      const port = closed.localPort;
      closed.close();
      const server = await open({});
      const client = await open({});
      for (let round = 0; round < 3; round += 1) {
        sendText(client, "lost", { to: loopback, port });
        sendText(client, `round ${round}`, { to: loopback, port: server.localPort });
        const [datagram] = await collect(server, 1);
        expect(datagram?.text).toBe(`round ${round}`);
        expect(client.receive()).toBe(0);
      }
    });

    test("counts and names what the system refuses to send, and sends the rest", async () => {
      const server = await open({});
      const client = await open({ address: wildcard, sharesPort: true });
      const port = server.localPort;
      pushText(client, "first", { to: loopback, port });
      pushText(client, "no broadcast allowed", { to: ip("255.255.255.255"), port });
      pushText(client, "not our address", { to: loopback, port, source: ip("192.0.2.1") });
      pushText(client, "last", { to: loopback, port });
      client.flush();
      const datagrams = await collect(server, 2);
      expect(datagrams.map(({ text }) => text)).toEqual(["first", "last"]);
      await expect.poll(() => client.counters.sendErrors).toBe(2);
      expect(client.counters.sent).toBe(2);
      expect(client.lastSendError).toMatch(/^E[A-Z]+$/);
    });

    test("stamps arrivals on the scale of the monotonic clock", async () => {
      const server = await open({});
      const client = await open({});
      const beforeMs = systemClock.monotonicMs();
      sendText(client, "now", { to: loopback, port: server.localPort });
      await waitReadable([server], 20_000);
      expect(server.receive()).toBe(1);
      const afterMs = systemClock.monotonicMs();
      expect(server.receivedAtMs(0)).toBeGreaterThan(beforeMs - 0.5);
      expect(server.receivedAtMs(0)).toBeLessThanOrEqual(afterMs);
    });

    test("closes once and for all, and its port is free again", async () => {
      const server = await open({});
      const client = await open({});
      const port = server.localPort;
      sendText(client, "too late", { to: loopback, port });
      await waitReadable([server], 20_000);
      server.close();
      server.close();
      expect(server.receive()).toBe(0);
      sendText(server, "nothing", { to: loopback, port: client.localPort });
      await waitReadable([client], 20);
      expect(client.receive()).toBe(0);
      expect(server.counters.sent).toBe(0);
      const successor = await open({ port });
      sendText(client, "hello", { to: loopback, port });
      expect((await collect(successor, 1)).map(({ text }) => text)).toEqual(["hello"]);
    });

    test.each([
      ["on its address", loopback, loopback],
      ["on the wildcard", loopback, wildcard],
      ["on one of the wildcard's addresses", wildcard, loopback],
    ])("has its port alone unless told: no other socket %s", async (_, address, other) => {
      const { localPort: port } = await open({ address });
      const refusal = { name: "SocketError", code: "EADDRINUSE" };
      for (const sharesPort of [false, true]) {
        await expect(open({ address: other, port, sharesPort })).rejects.toMatchObject(refusal);
      }
    });

    test("gets a port of its own when the system chooses, shared or not", async () => {
      const sockets = [];
      for (let i = 0; i < 60; i += 1) sockets.push(await open({ sharesPort: i % 2 === 0 }));
      expect(new Set(sockets.map(({ localPort }) => localPort)).size).toBe(60);
    });

    test("says why it cannot bind", async () => {
      const refusal = open({ address: ip("192.0.2.1"), port: 6767 });
      await expect(refusal).rejects.toThrow(SocketError);
      await expect(refusal).rejects.toMatchObject({ code: "EADDRNOTAVAIL" });
      await expect(refusal).rejects.toThrow(/192\.0\.2\.1 port 6767: EADDRNOTAVAIL \(no interface/);
    });

    const nonsense: Record<string, Partial<UdpSocketOptions>> = {
      address: { address: -1 },
      port: { port: 65_536 },
      batchMax: { batchMax: 0 },
      datagramBytesMax: { datagramBytesMax: 65_536 },
      bufferBytes: { bufferBytes: Number.NaN },
      "group.count": { group: { index: 0, count: 0 } },
      "group.index": { group: { index: 2, count: 2 } },
    };
    test.each(Object.entries(nonsense))("refuses a senseless %s", async (name, options) => {
      await expect(open(options)).rejects.toThrow(RangeError);
      await expect(open(options)).rejects.toThrow(name);
    });

    describe("waitReadable", () => {
      test("returns at once when a datagram is there", async () => {
        const server = await open({});
        const client = await open({});
        sendText(client, "here", { to: loopback, port: server.localPort });
        await waitReadable([server], 20_000);
        const startMs = systemClock.monotonicMs();
        await waitReadable([server], 20_000);
        expect(systemClock.monotonicMs() - startMs).toBeLessThan(10_000);
        expect(server.receive()).toBe(1);
      });

      test("waits for the whole of its time when nothing comes", async () => {
        const socket = await open({});
        const startMs = systemClock.monotonicMs();
        await waitReadable([socket], 30);
        const elapsedMs = systemClock.monotonicMs() - startMs;
        expect(elapsedMs).toBeGreaterThanOrEqual(29.5);
      });

      test("lets timers run while it waits", async () => {
        const socket = await open({});
        let ticks = 0;
        const timer = setInterval(() => {
          ticks += 1;
        }, 1);
        await waitReadable([socket], 20_000, () => ticks >= 3);
        clearInterval(timer);
        expect(ticks).toBeGreaterThanOrEqual(3);
      });

      test("lets timers run although the socket is never empty", async () => {
        const server = await open({});
        const client = await open({});
        sendText(client, "left there", { to: loopback, port: server.localPort });
        await waitReadable([server], 20_000);
        const deadlineMs = systemClock.monotonicMs() + 20_000;
        let fired = false;
        setTimeout(() => {
          fired = true;
        }, 1);
        while (!fired && systemClock.monotonicMs() < deadlineMs)
          await waitReadable([server], 20_000);
        expect(fired).toBe(true);
      });

      test("wakes up for any of its sockets", async () => {
        const first = await open({});
        const second = await open({});
        const client = await open({});
        const startMs = systemClock.monotonicMs();
        setTimeout(() => {
          sendText(client, "wake", { to: loopback, port: second.localPort });
        }, 10);
        await waitReadable([first, second], 20_000);
        expect(systemClock.monotonicMs() - startMs).toBeLessThan(10_000);
        expect([first.receive(), second.receive()]).toEqual([0, 1]);
      });

      test("ends when it is told that it is over", async () => {
        const socket = await open({});
        let isOver = false;
        setTimeout(() => {
          isOver = true;
        }, 10);
        const startMs = systemClock.monotonicMs();
        await waitReadable([socket], 20_000, () => isOver);
        expect(systemClock.monotonicMs() - startMs).toBeLessThan(10_000);
        expect(socket.receive()).toBe(0);
      });

      test("ends when its sockets are closed meanwhile", async () => {
        const socket = await open({});
        setTimeout(() => socket.close(), 10);
        const startMs = systemClock.monotonicMs();
        await waitReadable([socket], 20_000);
        expect(systemClock.monotonicMs() - startMs).toBeLessThan(10_000);
      });
    });
  });
}
