import { describe, expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import {
  decodeTftp,
  encodeAck,
  encodeError,
  encodeWriteRequest,
} from "../../protocol/tftp/packet.ts";
import { Reader } from "./reader.testing.ts";
import {
  patternBytes,
  VirtualNetwork,
  type VirtualServerOptions,
} from "./virtual-network.testing.ts";

const client = 0x0a00_0001;
const clientPort = 3000;
const small = patternBytes(3000);

function network(options: Partial<VirtualServerOptions> = {}): VirtualNetwork {
  return new VirtualNetwork({ files: { small }, ...options });
}

function ackOf(block: number): Uint8Array {
  const bytes = new Uint8Array(4);
  encodeAck(bytes, 0, block);
  return bytes;
}

function errorsSent({ sent }: VirtualNetwork): number[] {
  return sent.flatMap(({ bytes }) => {
    const packet = decodeTftp(bytes);
    return packet.kind === "error" ? [packet.code] : [];
  });
}

const optionSets: readonly (readonly (readonly [string, string])[])[] = [
  [],
  [
    ["blksize", "1428"],
    ["tsize", "0"],
  ],
  [["windowsize", "8"]],
  [
    ["blksize", "700"],
    ["windowsize", "16"],
    ["timeout", "2"],
  ],
];
const modes = ["octet", "netascii"] as const;

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

describe("under loss, duplication and reordering, in virtual time", () => {
  const cases = Array.from({ length: 24 }, (_, i) => ({
    seed: 100 + i,
    options: optionSets[i % optionSets.length],
    mode: modes[Math.floor(i / optionSets.length) % 2],
    size: [0, 1, 511, 512, 513, 1428 * 3, 40_000, 90_001][i % 8],
  }));

  test.each(cases)("seed $seed: $size bytes, $mode, $options", ({ seed, options, mode, size }) => {
    const file = patternBytes(size, seed);
    const net = network({
      files: { file },
      link: { seed, loss: 0.05, duplication: 0.1, delayMsMin: 1, delayMsMax: 30 },
    });
    const reader = new Reader({ filename: "file", mode, options });
    net.read(reader, client, clientPort);
    net.run();
    expect(reader.failure).toBeUndefined();
    expect(reader.isDone).toBe(true);
    expect(Buffer.compare(reader.contents(), file)).toBe(0);
    expect(net.service.sessionCount).toBe(0);
    expect(net.closed).toBe(net.opened);
  });

  test("a hundred clients at once all get their files through 5 % loss", () => {
    const net = network({ link: { seed: 5, loss: 0.05, delayMsMin: 1, delayMsMax: 9 } });
    const readers = Array.from({ length: 100 }, () => new Reader({ filename: "small" }));
    for (const [i, reader] of readers.entries()) net.read(reader, client + i, clientPort);
    net.run();
    expect(readers.every(({ isDone }) => isDone)).toBe(true);
    expect(readers.every((reader) => Buffer.compare(reader.contents(), small) === 0)).toBe(true);
  });

  test.each([[], [["windowsize", "8"]] as const])(
    "when every packet comes twice, nothing is sent twice (RFC 1123) %j",
    (...options) => {
      const file = patternBytes(512 * 100);
      const net = network({ files: { file }, link: { seed: 1, duplication: 1, delayMsMin: 10 } });
      const reader = new Reader({ filename: "file", options });
      net.read(reader, client, clientPort);
      net.run();
      expect(Buffer.compare(reader.contents(), file)).toBe(0);
      expect(net.counters["blocks-repeated"]).toBe(0);
    },
  );

  test("a client that acknowledges every copy costs no more than each block once more", () => {
    const file = patternBytes(512 * 200);
    const net = network({ files: { file }, link: { seed: 1, duplication: 1, delayMsMin: 10 } });
    const options = [["windowsize", "8"]] as const;
    const reader = new Reader({ filename: "file", options, acknowledgesCopies: true });
    net.read(reader, client, clientPort);
    net.run();
    expect(Buffer.compare(reader.contents(), file)).toBe(0);
    expect(net.counters["blocks-repeated"]).toBeLessThanOrEqual(201);
  });
});

describe("requests", () => {
  test("a missing file is error 1, a write error 2, mail error 4, an absurd option error 8", () => {
    const net = network();
    const ask = (reader: Reader, port: number): Reader => {
      net.read(reader, client, port);
      return reader;
    };
    const missing = ask(new Reader({ filename: "none" }), 1);
    const mail = ask(new Reader({ filename: "small", mode: "mail" }), 2);
    const absurd = ask(new Reader({ filename: "small", options: [["blksize", "7"]] }), 3);
    const target = new Uint8Array(600);
    const end = encodeWriteRequest(target, 0, { filename: "small", mode: "octet" });
    net.inject(target.slice(0, end), client, 4);
    net.run();
    expect(missing.failure).toEqual({ code: 1, message: "file not found" });
    expect(mail.failure?.code).toBe(4);
    expect(absurd.failure?.code).toBe(8);
    expect(net.refusals.map(({ code }) => code).sort()).toEqual([1, 2, 4, 8]);
    expect(net.closed).toBe(net.opened);
  });

  test("options: tsize is the size, windowsize and blksize shrink, unknown ones are left out", () => {
    const net = network({ policy: { blockBytesMax: 1000, windowBlocksMax: 4 } });
    const reader = new Reader({
      filename: "small",
      options: [
        ["blksize", "65464"],
        ["windowsize", "65535"],
        ["tsize", "0"],
        ["timeout", "255"],
        ["utimeout", "1"],
      ],
    });
    net.read(reader, client, clientPort);
    net.run();
    const agreed = Object.fromEntries(
      (reader.agreed ?? []).map(({ name, value }) => [name, value]),
    );
    expect(agreed).toEqual({ blksize: "1000", windowsize: "4", tsize: "3000", timeout: "255" });
    expect(Buffer.compare(reader.contents(), small)).toBe(0);
  });

  test("only unknown options: no OACK, a plain transfer", () => {
    const net = network();
    const reader = new Reader({ filename: "small", options: [["multicast", "1"]] });
    net.read(reader, client, clientPort);
    net.run();
    expect(reader.agreed).toBeUndefined();
    expect(reader.isDone).toBe(true);
  });

  test("a request that came twice starts one transfer", () => {
    const net = network();
    const request = new Reader({ filename: "small" }).request();
    net.inject(request, client, clientPort);
    net.inject(request, client, clientPort);
    expect(net.counters.started).toBe(1);
    expect(net.sent).toHaveLength(1);
    net.nowMs = 2000;
    net.inject(request, client, clientPort);
    expect(net.counters.started).toBe(1);
    expect(net.sent).toHaveLength(2);
  });

  test("a client that restarts, or asks for another file, gets a new transfer at once", () => {
    const net = network({ files: { small, other: small } });
    net.inject(new Reader({ filename: "small" }).request(), client, clientPort);
    net.inject(ackOf(1), client, clientPort, net.sent[0].port);
    net.inject(new Reader({ filename: "other" }).request(), client, clientPort);
    expect(net.counters.started).toBe(2);
    expect(net.ends).toEqual(["replaced"]);
    net.inject(ackOf(1), client, clientPort, net.sent.at(-1)!.port);
    net.nowMs = 3000;
    net.inject(new Reader({ filename: "other" }).request(), client, clientPort);
    expect(net.counters.started).toBe(3);
    expect(net.service.sessionCount).toBe(1);
  });

  test("a request to a broadcast address is not answered (RFC 1123)", () => {
    const net = network();
    const request = new Reader({ filename: "small" }).request();
    net.service.receive(0, request, client, clientPort, 0xffff_ffff, 0);
    expect(net.sent).toHaveLength(0);
  });
});

describe("ports (RFC 1350, section 4)", () => {
  test("transfers do not run on the request port, and large blocks have their own", () => {
    const net = network();
    net.inject(new Reader({ filename: "small" }).request(), client, 1);
    const options = [["blksize", "65464"]] as const;
    net.inject(new Reader({ filename: "small", options }).request(), client, 2);
    expect(net.sent.map(({ port }) => port)).toEqual([1, 3]);
    expect([0, 1, 2, 3].map((port) => net.service.sessionsOnPort(port))).toEqual([0, 1, 0, 1]);
  });

  test("a packet from another client, or to another port, is error 5 and disturbs nothing", () => {
    const net = network();
    net.inject(new Reader({ filename: "small" }).request(), client, clientPort);
    const { port } = net.sent[0];
    net.inject(ackOf(1), client + 1, clientPort, port);
    net.inject(ackOf(1), client, clientPort + 1, port);
    net.inject(ackOf(1), client, clientPort, 0);
    expect(errorsSent(net)).toEqual([5, 5, 5]);
    net.inject(ackOf(1), client, clientPort, port);
    expect(decodeTftp(net.sent.at(-1)!.bytes)).toMatchObject({ kind: "data", block: 2 });
  });

  test("an error is never answered by an error", () => {
    const net = network();
    const bytes = new Uint8Array(100);
    const end = encodeError(bytes, 0, 5, "unknown");
    net.inject(bytes.slice(0, end), client, clientPort, 1);
    expect(net.sent).toHaveLength(0);
    expect(net.counters["unknown-transfers"]).toBe(1);
  });

  test("single-port mode serves from the request port", () => {
    const net = network({ ports: [65_468] });
    const reader = new Reader({ filename: "small", options: [["blksize", "1428"]] });
    net.read(reader, client, clientPort);
    net.run();
    expect(reader.isDone).toBe(true);
    expect(new Set(net.sent.map(({ port }) => port))).toEqual(new Set([0]));
  });
});

describe("the session limit (TFTP-9)", () => {
  test("requests beyond it wait, are served in their order, and none is lost", () => {
    const net = network({ sessionsMax: 3 });
    const readers = Array.from({ length: 20 }, () => new Reader({ filename: "small" }));
    let sessionsSeen = 0;
    for (const [i, reader] of readers.entries()) net.read(reader, client + i, clientPort);
    net.run(1.5);
    sessionsSeen = net.service.sessionCount;
    expect(net.service.waitingCount).toBe(17);
    net.run();
    expect(sessionsSeen).toBe(3);
    expect(readers.every(({ isDone }) => isDone)).toBe(true);
    expect(net.counters.queued).toBe(17);
    const firstTo = [...new Set(net.sent.map(({ to }) => to))];
    expect(firstTo).toEqual(readers.map((_, i) => client + i));
  });

  test("the queue is bounded, a repeated request keeps its place, a stale one is not served", () => {
    const net = network({ sessionsMax: 1, queueMax: 2 });
    const request = new Reader({ filename: "small" }).request();
    for (let i = 0; i < 5; i += 1) net.inject(request, client + i, clientPort);
    expect(net.service.waitingCount).toBe(2);
    expect(net.counters["queue-full"]).toBe(2);
    net.inject(request, client + 1, clientPort);
    expect(net.service.waitingCount).toBe(2);
    const { port } = net.sent[0];
    for (let block = 1; block <= 3; block += 1) {
      net.nowMs = block * 10_000;
      net.inject(ackOf(block), client, clientPort, port);
    }
    net.nowMs = 40_001;
    for (let block = 4; block <= 6; block += 1) net.inject(ackOf(block), client, clientPort, port);
    expect(net.ends).toEqual(["completed"]);
    expect(net.counters["queue-expired"]).toBe(2);
    expect(net.service.sessionCount).toBe(0);
  });

  test("half-open sessions by the thousand make room for honest clients", () => {
    const net = network({ sessionsMax: 1000, queueMax: 1000 });
    const request = new Reader({ filename: "small" }).request();
    for (let i = 0; i < 5000; i += 1) net.inject(request, 0x0b00_0000 + i, 1000 + (i % 50_000));
    expect(net.service.sessionCount).toBe(1000);
    expect(net.service.waitingCount).toBe(1000);
    const reader = new Reader({ filename: "small" });
    net.read(reader, client, clientPort);
    net.run();
    expect(reader.isDone).toBe(true);
    expect(net.nowMs).toBeLessThan(120_000);
    expect(net.ends.filter((end) => end === "evicted").length).toBeGreaterThan(0);
    expect(net.service.sessionCount).toBe(0);
    expect(net.closed).toBe(net.opened);
  });

  test("a client that drips makes room only when it has been silent for long", () => {
    const net = network({ sessionsMax: 1 });
    net.inject(new Reader({ filename: "small" }).request(), client, clientPort);
    net.inject(ackOf(1), client, clientPort, net.sent[0].port);
    const reader = new Reader({ filename: "small" });
    net.read(reader, client + 1, clientPort);
    net.run(20_000);
    expect(reader.packetsReceived).toBe(0);
    net.run();
    expect(reader.isDone).toBe(true);
    expect(net.ends).toEqual(["evicted", "completed"]);
  });
});

describe("hostile packets", () => {
  test("an ACK flood repeats nothing and leaves the transfer as it was", () => {
    const net = network();
    net.inject(new Reader({ filename: "small" }).request(), client, clientPort);
    const { port } = net.sent[0];
    net.inject(ackOf(1), client, clientPort, port);
    const sentBefore = net.sent.length;
    for (let i = 0; i < 20_000; i += 1) {
      net.inject(ackOf(i % 2 === 0 ? 1 : 40_000), client, clientPort, port);
    }
    expect(net.sent.length).toBe(sentBefore);
    expect(net.service.sessionCount).toBe(1);
  });

  test("what forged packets make us send to others is bounded", () => {
    const net = network();
    for (let i = 0; i < 5000; i += 1) net.inject(ackOf(1), 0x0c00_0000 + i, 1000, 1);
    expect(net.sent.length).toBe(1000);
    expect(net.counters["errors-suppressed"]).toBe(4000);
  });

  test("random and mutated packets never throw, and leave no session behind (seed 42)", () => {
    const random = new Prng(42, 0);
    const net = network({ sessionsMax: 50, queueMax: 20 });
    const samples = [
      new Reader({ filename: "small", options: [["windowsize", "4"]] }).request(),
      new Reader({ filename: "small", mode: "netascii" }).request(),
      ackOf(1),
      ackOf(0),
      Uint8Array.of(0, 3, 0, 1, 9, 9),
      Uint8Array.of(0, 5, 0, 0, 0),
      Uint8Array.of(0, 6, 65, 0, 66, 0),
    ];
    for (let i = 0; i < 20_000; i += 1) {
      const bytes = samples[random.nextBelow(samples.length)].slice(0, random.nextBelow(80));
      for (let hits = random.nextBelow(3); hits > 0 && bytes.length > 0; hits -= 1) {
        bytes[random.nextBelow(bytes.length)] = random.nextBelow(256);
      }
      net.nowMs += random.nextFloat();
      net.inject(
        bytes,
        client + random.nextBelow(40),
        1 + random.nextBelow(3),
        random.nextBelow(4),
      );
      net.sent.length = 0;
    }
    expect(net.counters.started).toBeGreaterThan(50);
    expect(total(net.counters.rejected)).toBeGreaterThan(1000);
    net.run();
    expect(net.service.sessionCount).toBe(0);
    expect(net.service.waitingCount).toBe(0);
    expect(net.closed).toBe(net.opened);
  });

  test("something like a request is told what is wrong with it", () => {
    const net = network();
    net.inject(Uint8Array.of(0, 1, 97, 98), client, clientPort);
    net.inject(Uint8Array.of(0, 9), client, clientPort);
    net.inject(new Uint8Array(0), client, clientPort);
    expect(errorsSent(net)).toEqual([4]);
    expect(total(net.counters.rejected)).toBe(3);
  });
});

describe("the limits of one address", () => {
  const victim = 0xc000_0207;
  const request = (filename: string, options: readonly (readonly [string, string])[] = []) =>
    new Reader({ filename, options }).request();

  test.each([
    { filename: "small", options: [], packets: 2, bytesMax: 2 * 516 },
    { filename: "small", options: [["timeout", "1"]] as const, packets: 2, bytesMax: 2 * 30 },
    { filename: "none", options: [], packets: 1, bytesMax: 30 },
  ])("a forged request for $filename, $options, brings $packets packets", (forged) => {
    const net = network();
    net.inject(request(forged.filename, forged.options), victim, 4000);
    net.run();
    expect(net.sent).toHaveLength(forged.packets);
    const bytes = net.sent.reduce((sum, packet) => sum + packet.bytes.length, 0);
    expect(bytes).toBeLessThanOrEqual(forged.bytesMax);
  });

  test("a forged request and a forged ACK bring a few windows, though the client set the times", () => {
    const net = network({ files: { large: patternBytes(1_000_000) } });
    const options = [
      ["blksize", "1468"],
      ["windowsize", "64"],
      ["timeout", "1"],
    ] as const;
    net.inject(request("large", options), victim, 4000);
    net.inject(ackOf(0), victim, 4000, net.sent[0].port);
    net.run();
    // The window, three repetitions of it, and some twenty single blocks.
    expect(net.sent.length).toBeGreaterThan(4 * 16);
    expect(net.sent.length).toBeLessThan(4 * 64 + 30);
    expect(net.ends).toEqual(["timed-out"]);
  });

  test.each(["small", "none"])(
    "thousands of forged requests for %s bring a budget's worth",
    (file) => {
      const limits = { unackedMax: 50, unackedPerSecond: 5 };
      const net = network({ addressLimits: limits, policy: { unackedRetriesMax: 0 } });
      for (let i = 0; i < 10_000; i += 1) {
        net.nowMs = i;
        net.inject(request(file), victim, 1 + i);
      }
      // Nothing makes room here but the budget: at first 50, then 5 a second for 10 s.
      expect(net.sent.length).toBeGreaterThanOrEqual(98);
      expect(net.sent.length).toBeLessThanOrEqual(100);
      expect(net.counters.unserved.budget).toBe(10_000 - net.sent.length);
      expect(net.unserved[0]).toEqual({ address: victim, reason: "budget" });
      expect(net.sent.every(({ to }) => to === victim)).toBe(true);
    },
  );

  test("write requests, bad requests and strays share the budget", () => {
    const net = network({ addressLimits: { unackedMax: 10, unackedPerSecond: 1 } });
    const write = new Uint8Array(600);
    const end = encodeWriteRequest(write, 0, { filename: "small", mode: "octet" });
    for (let i = 0; i < 100; i += 1) {
      net.inject(write.slice(0, end), victim, 1 + i);
      net.inject(Uint8Array.of(0, 1, 97, 98), victim, 1 + i);
      net.inject(ackOf(1), victim, 1 + i, 1);
    }
    expect(net.sent).toHaveLength(10);
  });

  test("a client that acknowledges never meets its budget", () => {
    const net = network({ addressLimits: { unackedMax: 1, unackedPerSecond: 1 } });
    for (let i = 0; i < 200; i += 1) {
      const reader = new Reader({ filename: "small" });
      net.read(reader, client, 1000 + i);
      net.run(net.nowMs + 20);
      expect(reader.isDone).toBe(true);
    }
    expect(net.counters.unserved.budget).toBe(0);
  });

  test("one address takes its share of the sessions and of the queue, the others have the rest", () => {
    const net = network({
      ...{ sessionsMax: 20, queueMax: 20 },
      addressLimits: { sessionsMax: 5 },
    });
    for (let i = 0; i < 100; i += 1) net.inject(request("small"), victim, 1 + i);
    expect(net.service.sessionCount).toBe(5);
    expect(net.counters.unserved.sessions).toBe(95);
    for (let i = 0; i < 30; i += 1) net.inject(request("small"), client + i, clientPort);
    expect([net.service.sessionCount, net.service.waitingCount]).toEqual([20, 15]);
    for (let i = 0; i < 100; i += 1) net.inject(request("small"), victim, 1000 + i);
    expect(net.service.waitingCount).toBe(15);
    net.run();
    expect(net.service.sessionCount).toBe(0);
    // Every way out of a session and of the queue has given its place back.
    for (let i = 0; i < 5; i += 1) net.inject(request("small"), victim, 5000 + i);
    expect(net.service.sessionCount).toBe(5);
    net.inject(request("small"), victim, 6000);
    expect(net.service.sessionCount).toBe(5);
  });

  test("a session that is refused, replaced or waits in vain gives its place back", () => {
    const net = network({
      ...{ sessionsMax: 1, queueMax: 1, files: { small, other: small } },
      addressLimits: { sessionsMax: 2 },
    });
    for (let i = 0; i < 10; i += 1) net.inject(request("none"), client, 1 + i);
    for (let i = 0; i < 10; i += 1) {
      net.inject(request(i % 2 === 0 ? "small" : "other"), client, clientPort);
    }
    net.inject(request("small"), client, 2);
    net.inject(request("small"), client, 2);
    expect(net.counters.unserved.sessions).toBe(1);
    net.inject(request("small"), client + 1, 2);
    net.inject(request("small"), client + 1, 3);
    expect(net.counters["queue-full"]).toBe(2);
    expect(net.counters.unserved.sessions).toBe(1);
  });

  test("only the networks of the access list are answered, whatever they send", () => {
    const net = network({ allow: [{ network: 0x0a00_0000, prefixLength: 8 }] });
    for (const stranger of [victim, 0x0b00_0001, 0x7f00_0001]) {
      net.inject(request("small"), stranger, 1);
      net.inject(request("none"), stranger, 2);
      net.inject(Uint8Array.of(0, 1, 97, 98), stranger, 3);
      net.inject(ackOf(1), stranger, 4, 1);
    }
    expect(net.sent).toHaveLength(0);
    expect(net.counters.unserved.network).toBe(6);
    const reader = new Reader({ filename: "small" });
    net.read(reader, client, clientPort);
    net.run();
    expect(reader.isDone).toBe(true);
  });
});

test("stop lets go of every file", () => {
  const net = network();
  for (let i = 0; i < 10; i += 1) {
    net.inject(new Reader({ filename: "small" }).request(), client + i, clientPort);
  }
  net.service.stop();
  expect(net.closed).toBe(10);
  expect(net.counters.ended["server-stopped"]).toBe(10);
});
