import { setImmediate } from "node:timers/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import { describeUnless } from "./describe-unless.testing.ts";
import { libcMissingReason } from "./kernel/libc.ts";
import { groupIndexOf } from "./packet-filter.ts";
import {
  collect,
  ip,
  loopback,
  pushText,
  sendText,
  socketOpener,
  udpSocketSuite,
  wildcard,
} from "./udp-socket.testing.ts";
import type { UdpSocket } from "./udp-socket.ts";
import { openUdpSocket, waitReadable } from "./udp-socket.ts";

udpSocketSuite("dgram");

describe("the choice of a backend", () => {
  afterEach(() => vi.unstubAllEnvs());

  test("PROVLAB_SOCKET=dgram forces the fallback", async () => {
    vi.stubEnv("PROVLAB_SOCKET", "dgram");
    const socket = await openUdpSocket({ address: loopback, port: 0 });
    socket.close();
    expect(socket.backend).toBe("dgram");
  });

  test("is by itself what the machine can do (ENV-5)", async () => {
    vi.stubEnv("PROVLAB_SOCKET", "");
    const socket = await openUdpSocket({ address: loopback, port: 0 });
    socket.close();
    expect(socket.backend).toBe(libcMissingReason() === undefined ? "batch" : "dgram");
  });

  test("the fallback says what it cannot do", async () => {
    const base = { address: loopback, port: 0, backend: "dgram" } as const;
    const refusal = { name: "SocketError", code: "ENOTSUP" };
    await expect(openUdpSocket({ ...base, device: "lo" })).rejects.toMatchObject(refusal);
    const group = { index: 0, count: 2 };
    await expect(openUdpSocket({ ...base, group })).rejects.toMatchObject(refusal);
    const alone = await openUdpSocket({ ...base, group: { index: 0, count: 1 } });
    alone.close();
  });

  test("the fallback and the batched socket are waited for together", async () => {
    const sockets = [
      await openUdpSocket({ address: loopback, port: 0, backend: "dgram" }),
      await openUdpSocket({ address: loopback, port: 0 }),
    ];
    for (const socket of sockets) {
      sendText(sockets[0], "wake", { to: loopback, port: socket.localPort });
      await waitReadable(sockets, 5000);
      expect(socket.receive()).toBe(1);
    }
    for (const socket of sockets) socket.close();
  });
});

describe("the fallback's sockets by source", () => {
  const { open } = socketOpener("dgram");

  test("are replaced beyond 256, and nothing is lost", async () => {
    const server = await open({});
    const devices = await open({ address: wildcard, sharesPort: true });
    for (let i = 0; i < 600; i += 1) {
      const source = ip("127.64.1.0") + i;
      pushText(devices, `${i}`, { to: loopback, port: server.localPort, source });
      if (i % 100 === 0) await setImmediate();
    }
    const datagrams = await collect(server, 600);
    expect(new Set(datagrams.map(({ source }) => source)).size).toBe(600);
    expect(devices.counters).toMatchObject({ sent: 600, sendErrors: 0 });
  });
});

describeUnless(libcMissingReason(), "the batched UDP socket", () => {
  udpSocketSuite("batch");
  batchedSocketTests();
});

function batchedSocketTests(): void {
  const { open } = socketOpener("batch");

  test("a wildcard socket knows the destination and the interface (IP_PKTINFO)", async () => {
    const devices = await open({ address: wildcard });
    const client = await open({});
    const addresses = [ip("127.64.0.9"), ip("127.127.255.254"), loopback];
    for (const to of addresses) pushText(client, "to you", { to, port: devices.localPort });
    client.flush();
    const datagrams = await collect(devices, 3);
    expect(datagrams.map(({ destination }) => destination)).toEqual(addresses);
    expect(new Set(datagrams.map(({ interfaceIndex }) => interfaceIndex)).size).toBe(1);
    expect(datagrams[0].interfaceIndex).toBeGreaterThan(0);
  });

  test("sends out of the interface that it is told", async () => {
    const server = await open({});
    const client = await open({ address: wildcard });
    const [probe] = await askForInterface(client, server);
    const interfaceIndex = probe!.interfaceIndex;
    sendText(client, "by lo", { to: loopback, port: server.localPort, interfaceIndex });
    expect(await collect(server, 1)).toMatchObject([{ text: "by lo", interfaceIndex }]);
    sendText(client, "by none", { to: loopback, port: server.localPort, interfaceIndex: 99_999 });
    expect(client.counters.sendErrors).toBe(1);
    expect(client.lastSendError).toMatch(/^E/);
  });

  function askForInterface(client: UdpSocket, server: UdpSocket) {
    sendText(client, "which", { to: loopback, port: server.localPort });
    return collect(server, 1);
  }

  test("mixes datagrams with and without a source in one batch", async () => {
    const server = await open({});
    const client = await open({ address: wildcard });
    const sources = [0, ip("127.64.0.5"), 0, ip("127.64.0.6"), 0];
    for (let round = 0; round < 3; round += 1) {
      for (const source of round % 2 === 0 ? sources : [...sources].reverse()) {
        pushText(client, "x", { to: loopback, port: server.localPort, source });
      }
      client.flush();
      const seen = (await collect(server, 5)).map(({ source }) => source);
      const expected = sources.map((source) => (source === 0 ? loopback : source));
      expect(seen).toEqual(round % 2 === 0 ? expected : expected.reverse());
    }
  });

  test("counts what a full receive buffer lost (ENV-9)", async () => {
    const server = await open({ bufferBytes: 4096 });
    const client = await open({});
    for (let i = 0; i < 200; i += 1) {
      pushText(client, "x".repeat(300), { to: loopback, port: server.localPort });
    }
    client.flush();
    const { length } = await collect(server, 200);
    expect(length).toBeGreaterThan(0);
    expect(length).toBeLessThan(200);
    expect(server.counters.kernelDrops).toBe(200 - length);
    server.close();
    expect(server.counters.kernelDrops).toBe(200 - length);
  });

  test("reads a datagram as it was sent while other memory is collected", async () => {
    const server = await open({});
    const client = await open({});
    for (let round = 0; round < 50; round += 1) {
      const garbage = Array.from({ length: 200 }, () => new Uint8Array(10_000));
      for (let i = 0; i < 64; i += 1) {
        pushText(client, `${round}/${i}`, { to: loopback, port: server.localPort });
      }
      client.flush();
      const datagrams = await collect(server, 64);
      expect(garbage).toHaveLength(200);
      expect(datagrams.map(({ text }) => text)).toEqual(
        Array.from({ length: 64 }, (_, i) => `${round}/${i}`),
      );
    }
    expect(client.counters.sendErrors).toBe(0);
  });

  test("reuses one view for a slot while the length stays the same", async () => {
    const server = await open({});
    const client = await open({});
    const views: Uint8Array[] = [];
    for (const text of ["aaaa", "bbbb"]) {
      sendText(client, text, { to: loopback, port: server.localPort });
      await waitReadable([server], 1000);
      expect(server.receive()).toBe(1);
      views.push(server.bytes(0));
    }
    expect(views[0]).toBe(views[1]);
    expect(views[0]).toEqual(new TextEncoder().encode("bbbb"));
  });

  test("refuses an interface that does not exist", async () => {
    await expect(open({ device: "nosuch0" })).rejects.toMatchObject({ name: "SocketError" });
    await expect(open({ device: "a-name-that-is-too-long" })).rejects.toThrow("a-name-that-is");
  });

  test("an interface limits what is heard", async () => {
    const socket = await open({ address: wildcard, device: "lo" });
    const client = await open({});
    sendText(client, "by lo", { to: loopback, port: socket.localPort });
    expect(await collect(socket, 1)).toMatchObject([{ text: "by lo" }]);
  });

  describe("a group of sockets", () => {
    const count = 3;

    async function openGroup(sharesPort = false): Promise<UdpSocket[]> {
      const first = await open({ address: wildcard, sharesPort, group: { index: 0, count } });
      const port = first.localPort;
      const sockets = [first];
      for (let index = 1; index < count; index += 1) {
        sockets.push(await open({ address: wildcard, port, sharesPort, group: { index, count } }));
      }
      return sockets;
    }

    function pushDhcp(client: UdpSocket, mac: readonly number[], port: number): number {
      const payload = client.slot().fill(0xee, 0, 300);
      payload.set(mac, 28);
      client.push(300, ip("127.64.0.1"), port);
      return groupIndexOf(payload.subarray(0, 300), count);
    }

    test("gets each device's packets on the socket that its chaddr names", async () => {
      const sockets = await openGroup();
      const client = await open({});
      const port = sockets[0].localPort;
      const expected = sockets.map((): number[] => []);
      for (let unit = 0; unit < 300; unit += 1) {
        // Bytes 0 to 2 vary too, and must not matter.
        const mac = [2, unit & 0xff, unit * 7, (unit * 5) & 0xff, (unit * 3) & 0xff, unit & 0xff];
        const index = pushDhcp(client, mac, port);
        const unit24 = ((mac[3] << 16) | (mac[4] << 8) | mac[5]) >>> 0;
        expect(index).toBe(unit24 % count);
        expected[index].push(unit24);
      }
      client.flush();
      for (const [index, socket] of sockets.entries()) {
        expect(expected[index].length).toBeGreaterThan(50);
        await waitReadable([socket], 1000);
        const received = socket.receive();
        const units = Array.from({ length: received }, (_, i) => {
          const view = socket.bytes(i);
          return ((view[31] << 16) | (view[32] << 8) | view[33]) >>> 0;
        });
        expect(units).toEqual(expected[index]);
      }
    });

    test("gets packets that are too short for a chaddr on the first socket", async () => {
      const sockets = await openGroup();
      const client = await open({});
      const port = sockets[0].localPort;
      for (const text of ["", "short", "x".repeat(33)]) {
        expect(groupIndexOf(new TextEncoder().encode(text), count)).toBe(0);
        pushText(client, text, { to: loopback, port });
      }
      client.flush();
      expect(await collect(sockets[0], 3)).toHaveLength(3);
      expect(sockets.slice(1).map((socket) => socket.receive())).toEqual([0, 0]);
    });

    test("shares its port with a server on one address", async () => {
      const sockets = await openGroup(true);
      const port = sockets[0].localPort;
      const server = await open({ port, sharesPort: true });
      const client = await open({});
      sendText(client, "to the server", { to: loopback, port });
      expect(await collect(server, 1)).toMatchObject([{ text: "to the server" }]);
      expect(sockets.map((socket) => socket.receive())).toEqual([0, 0, 0]);
    });
  });
}
