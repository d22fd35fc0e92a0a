import { describe, expect, test } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { libcMissingReason } from "../../base/net/kernel/libc.ts";
import { collect, loopback, pushText, socketOpener } from "../../base/net/udp-socket.testing.ts";
import type { UdpSocket, UdpSocketCounters } from "../../base/net/udp-socket.ts";
import { waitReadable } from "../../base/net/udp-socket.ts";
import { ImpairedSocket } from "./impaired-socket.ts";

const BATCH_MAX = 16;

/** A socket whose network is an array: datagram n has n in its bytes, as its source and all the rest. */
class ArraySocket implements UdpSocket {
  readonly backend = "batch";
  readonly localAddress = 7;
  readonly localPort = 70;
  readonly sent: (readonly [string, ...unknown[]])[] = [];
  readonly #waiting: number[];
  readonly #slot = new Uint8Array(64);
  readonly #batch = new Uint8Array(BATCH_MAX);
  #batchStart = 0;
  #batchCount = 0;
  flushes = 0;
  discards = 0;
  isFull = false;
  isClosed = false;
  lastSendError = "ENOBUFS";
  counters: UdpSocketCounters = {
    received: 1,
    sent: 2,
    truncated: 3,
    kernelDrops: 4,
    sendErrors: 5,
  };

  constructor(datagrams: number) {
    this.#waiting = Array.from({ length: datagrams }, (_, n) => n);
  }

  receive(): number {
    const batch = this.#waiting.splice(0, BATCH_MAX);
    this.#batchStart = batch[0] ?? 0;
    this.#batchCount = batch.length;
    // The memory of the batch before is written over, as a real socket does it.
    for (const [i, n] of batch.entries()) this.#batch[i] = n & 0xff;
    return batch.length;
  }

  bytes = (i: number) => this.#batch.subarray(this.#at(i) - this.#batchStart).subarray(0, 1);
  sourceAddress = (i: number) => this.#at(i);
  sourcePort = (i: number) => 1000 + this.#at(i);
  destinationAddress = (i: number) => 2000 + this.#at(i);
  interfaceIndex = (i: number) => 3000 + this.#at(i);
  receivedAtMs = (i: number) => 4000 + this.#at(i);

  slot(): Uint8Array {
    return this.#slot;
  }

  push(length: number, ...where: unknown[]): void {
    this.sent.push([new TextDecoder().decode(this.#slot.subarray(0, length)), ...where]);
  }

  flush(): void {
    this.flushes += 1;
  }

  discard(): void {
    this.discards += 1;
  }

  close(): void {
    this.isClosed = true;
  }

  #at(i: number): number {
    if (!(i >= 0 && i < this.#batchCount)) throw new RangeError(`no datagram at ${i}`);
    return this.#batchStart + i;
  }
}

/** Everything that arrives, and how many came at each call. */
function drain(socket: UdpSocket): { numbers: number[]; counts: number[] } {
  const numbers: number[] = [];
  const counts: number[] = [];
  for (;;) {
    const count = socket.receive();
    counts.push(count);
    for (let i = 0; i < count; i += 1) {
      const n = socket.sourceAddress(i);
      expect(socket.bytes(i)).toEqual(Uint8Array.of(n & 0xff));
      expect(socket.sourcePort(i)).toBe(1000 + n);
      expect(socket.destinationAddress(i)).toBe(2000 + n);
      expect(socket.interfaceIndex(i)).toBe(3000 + n);
      expect(socket.receivedAtMs(i)).toBe(4000 + n);
      numbers.push(n);
    }
    for (const i of [-1, count]) expect(() => socket.sourceAddress(i)).toThrow("no datagram");
    if (count < BATCH_MAX) return { numbers, counts };
  }
}

function sendAll(socket: UdpSocket, count: number): void {
  for (let n = 0; n < count; n += 1) pushText(socket, `${n}`, { to: n, port: 9, source: 5 });
}

const nowMs = () => 1e9;
const options = { lossPercent: 20, seed: 11, batchMax: BATCH_MAX, nowMs };

describe("ImpairedSocket", () => {
  test("loses its share of what is sent, and counts it; the rest goes as it was pushed", () => {
    const network = new ArraySocket(0);
    const socket = new ImpairedSocket(network, options);
    sendAll(socket, 5000);
    const lostOnSend = socket.impairments.toServer.lost;
    const lostOnReceive = socket.impairments.toDevices.lost;
    expect(network.sent.length + lostOnSend).toBe(5000);
    expect(lostOnSend).toBeGreaterThan(900);
    expect(lostOnSend).toBeLessThan(1100);
    expect(lostOnReceive).toBe(0);
    for (const [text, ...where] of network.sent) {
      expect(where).toEqual([Number(text), 9, 5, undefined]);
    }
  });

  test("loses its share of what arrives; what is kept is whole and in order", () => {
    for (const lossPercent of [0, 1, 20, 50, 90]) {
      const socket = new ImpairedSocket(new ArraySocket(5000), { ...options, lossPercent });
      const { numbers, counts } = drain(socket);
      expect(numbers).toEqual([...new Set(numbers)].sort((one, other) => one - other));
      expect(numbers.length + socket.impairments.toDevices.lost).toBe(5000);
      expect(socket.impairments.toDevices.lost / 50).toBeGreaterThan(lossPercent - 3);
      expect(socket.impairments.toDevices.lost / 50).toBeLessThan(lossPercent + 3);
      // Only the last call found fewer than a batch, so each earlier one may say "not empty yet".
      expect(Math.max(...counts)).toBeLessThan(2 * BATCH_MAX);
      if (lossPercent === 0) expect(counts).toEqual([...Array(312).fill(BATCH_MAX), 8]);
    }
  });

  test("fewer than a batch always means that nothing is left", () => {
    for (let datagrams = 0; datagrams < 200; datagrams += 1) {
      const network = new ArraySocket(datagrams);
      const socket = new ImpairedSocket(network, { ...options, seed: datagrams });
      const { numbers } = drain(socket);
      expect(network.receive()).toBe(0);
      expect(numbers.length + socket.impairments.toDevices.lost).toBe(datagrams);
    }
  });

  test("loses all, in calls that end", () => {
    const socket = new ImpairedSocket(new ArraySocket(100_000), { ...options, lossPercent: 100 });
    expect(socket.receive()).toBe(0);
    expect(socket.impairments.toDevices.lost).toBe(64 * BATCH_MAX);
    sendAll(socket, 100);
    expect(socket.impairments.toServer.lost).toBe(100);
  });

  test("the seed decides, for each direction by itself", () => {
    const outcome = (seed: number, isBusy: boolean) => {
      const network = new ArraySocket(500);
      const socket = new ImpairedSocket(network, { ...options, seed });
      const received = isBusy ? drain(socket).numbers : [];
      sendAll(socket, 500);
      return { sent: network.sent, received };
    };
    expect(outcome(3, true)).toEqual(outcome(3, true));
    expect(outcome(3, false).sent).toEqual(outcome(3, true).sent);
    expect(outcome(4, true).sent).not.toEqual(outcome(3, true).sent);
    const { sent, received } = outcome(3, true);
    expect(sent.map(([text]) => Number(text))).not.toEqual(received);
  });

  test("everything else is the socket's underneath", () => {
    const network = new ArraySocket(3);
    const socket = new ImpairedSocket(network, options);
    expect(socket.underlying).toBe(network);
    expect([socket.backend, socket.localAddress, socket.localPort]).toEqual(["batch", 7, 70]);
    expect(socket.slot()).toBe(network.slot());
    expect(socket.counters).toBe(network.counters);
    expect(socket.lastSendError).toBe("ENOBUFS");
    socket.flush();
    socket.discard();
    expect([network.flushes, network.discards, socket.isFull]).toEqual([1, 1, false]);
    socket.receive();
    socket.close();
    expect(network.isClosed).toBe(true);
    expect(() => socket.bytes(0)).toThrow("no datagram");
  });

  test("delayed datagrams come when they are due, with that time, both ways", () => {
    let time = 4000;
    const network = new ArraySocket(40);
    const delay = { fixedMs: 25 };
    const fixed = { ...options, lossPercent: 0, nowMs: () => time, delay };
    const socket = new ImpairedSocket(network, fixed);
    sendAll(socket, 10);
    socket.flush();
    expect([network.sent.length, socket.dueAtMs]).toEqual([0, 4025]);
    // Datagram n of the array has arrived at 4000 + n.
    time = 4032.5;
    let seen: number[] = [];
    const take = () => {
      seen = [];
      const count = socket.receive();
      for (let i = 0; i < count; i += 1) {
        expect(socket.receivedAtMs(i)).toBe(4025 + socket.sourceAddress(i));
        expect([socket.bytes(i)[0], socket.sourcePort(i)]).toEqual([
          socket.sourceAddress(i),
          1000 + socket.sourceAddress(i),
        ]);
        seen.push(socket.sourceAddress(i));
      }
    };
    take();
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    socket.flush();
    expect(network.sent.map(([text]) => Number(text))).toEqual([...Array(10).keys()]);
    time = 4100;
    take();
    expect(seen).toEqual(Array.from({ length: 32 }, (_, n) => 8 + n));
    expect(socket.dueAtMs).toBe(Number.POSITIVE_INFINITY);
    expect(socket.impairments.toDevices).toMatchObject({ delayed: 40, dropped: 0 });
  });

  test("duplicates arrive twice; what is too much under way is dropped and counted", () => {
    const network = new ArraySocket(100);
    const twice = { ...options, lossPercent: 0, duplicatePercent: 100, underwayMax: 60 };
    const socket = new ImpairedSocket(network, twice);
    sendAll(socket, 50);
    socket.flush();
    expect(network.sent).toHaveLength(60);
    expect(network.sent[0]).toEqual(network.sent[1]);
    expect(socket.impairments.toServer).toMatchObject({ duplicated: 50, dropped: 40 });
    const { numbers } = drain(socket);
    const { duplicated, dropped } = socket.impairments.toDevices;
    expect([duplicated, numbers.length + dropped]).toEqual([100, 200]);
  });

  test("another network from now on, one direction at a time", () => {
    const network = new ArraySocket(50);
    const socket = new ImpairedSocket(network, { ...options, lossPercent: 0 });
    socket.change({ lossPercent: 0, toServer: { lossPercent: 100 } }, undefined);
    sendAll(socket, 20);
    expect([network.sent.length, drain(socket).numbers.length]).toEqual([0, 50]);
  });

  test("refuses conditions that no network has", () => {
    for (const lossPercent of [-1, 100.5, Number.NaN]) {
      expect(() => new ImpairedSocket(new ArraySocket(0), { ...options, lossPercent })).toThrow(
        /lossPercent is .*; give 0 to 100/,
      );
    }
  });
});

for (const backend of ["batch", "dgram"] as const) {
  const missing = backend === "batch" ? libcMissingReason() : undefined;
  describeUnless(missing, `an impaired ${backend} socket`, () => {
    const { open } = socketOpener(backend);

    test("is waited for, and carries what it does not lose", async () => {
      const server = new ImpairedSocket(await open({}), { lossPercent: 30, seed: 5, nowMs });
      const client = new ImpairedSocket(await open({}), { lossPercent: 30, seed: 6, nowMs });
      for (let n = 0; n < 400; n += 1) {
        pushText(client, `${n}`, { to: loopback, port: server.localPort });
        if (n % 50 === 49) client.flush();
      }
      const wanted = 400 - client.impairments.toServer.lost;
      const texts: number[] = [];
      while (texts.length + server.impairments.toDevices.lost < wanted) {
        for (const { text } of await collect(server, 1)) texts.push(Number(text));
      }
      expect(client.impairments.toServer.lost).toBeGreaterThan(80);
      expect(server.impairments.toDevices.lost).toBeGreaterThan(50);
      expect(server.counters.received).toBe(wanted);
      expect(texts).toEqual([...new Set(texts)].sort((one, other) => one - other));
    });

    test("waitReadable waits while nothing comes, and not for a closed one", async () => {
      const socket = new ImpairedSocket(await open({}), { lossPercent: 10, seed: 5, nowMs });
      const beforeMs = performance.now();
      await waitReadable([socket], 30);
      expect(performance.now() - beforeMs).toBeGreaterThan(25);
      socket.close();
      const closedMs = performance.now();
      await waitReadable([socket], 10_000);
      expect(performance.now() - closedMs).toBeLessThan(5000);
      expect(socket.receive()).toBe(0);
    });
  });
}
