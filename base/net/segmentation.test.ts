import { afterEach, expect, test, vi } from "vitest";
import { describeUnless } from "./describe-unless.testing.ts";
import { libc, libcMissingReason } from "./kernel/libc.ts";
import { SOL_UDP } from "./kernel/linux.ts";
import { SendBatch } from "./send-batch.ts";
import { collect, ip, loopback, pushText, socketOpener, wildcard } from "./udp-socket.testing.ts";
import { openUdpSocket } from "./udp-socket.ts";

/** Where the kernel knows neither, there is nothing to test but that it says so. */
async function segmentationMissingReason(): Promise<string | undefined> {
  const missing = libcMissingReason();
  if (missing !== undefined) return missing;
  const socket = await openUdpSocket({ address: loopback, port: 0, segmentation: true });
  const { segmentationRefused } = socket.counters;
  socket.close();
  return segmentationRefused === 0 ? undefined : "this kernel has no UDP_SEGMENT or UDP_GRO";
}

describeUnless(await segmentationMissingReason(), "a socket with segmentation", () => {
  const { open } = socketOpener("batch");
  afterEach(() => vi.restoreAllMocks());

  /** Of lengths 1 to 7, so that no message of one length is in a row, and more than a message holds. */
  const texts = Array.from({ length: 900 }, (_, i) => `${i}`.padEnd(3 + (i % 7), "."));

  test.each([
    ["to one without", true, false],
    ["from one without", false, true],
    ["to one with it", true, true],
  ])("carries what it is given %s, whole and once", async (_what, sends, receives) => {
    const server = await open({ segmentation: receives });
    const client = await open({ segmentation: sends });
    for (const text of texts) pushText(client, text, { to: loopback, port: server.localPort });
    client.flush();
    const datagrams = await collect(server, texts.length);
    expect(datagrams.map(({ text }) => text).sort()).toEqual([...texts].sort());
    expect(client.counters).toMatchObject({ sent: texts.length, sendErrors: 0 });
    expect(client.counters.segmentationRefused ?? 0).toBe(0);
    expect(server.counters).toMatchObject({ received: texts.length, truncated: 0 });
    expect(server.receive()).toBe(0);
  });

  test("keeps those of one length in order, and needs few calls for few messages", async () => {
    const server = await open({ segmentation: true, batchMax: 4 });
    const client = await open({ segmentation: true });
    for (let i = 0; i < 200; i += 1) {
      pushText(client, `${1000 + i}`, { to: loopback, port: server.localPort });
    }
    client.flush();
    const datagrams = [];
    // Four messages of 64, 64, 64 and 8 segments.
    expect(server.receive()).toBe(200);
    for (let i = 0; i < 200; i += 1) datagrams.push(new TextDecoder().decode(server.bytes(i)));
    expect(datagrams).toEqual(Array.from({ length: 200 }, (_, i) => `${1000 + i}`));
  });

  test("joins only what has one source, one destination and one port", async () => {
    const first = await open({ segmentation: true });
    const second = await open({ segmentation: true });
    const devices = await open({ address: wildcard, segmentation: true });
    const expected: string[] = [];
    for (let i = 0; i < 120; i += 1) {
      const source = ip("127.64.3.4") + (i % 5);
      const { localPort } = i % 2 === 0 ? first : second;
      pushText(devices, `${1000 + i}`, { to: loopback, port: localPort, source });
      expected.push(`${1000 + i} from ${source} to ${localPort}`);
    }
    devices.flush();
    const told: string[] = [];
    for (const socket of [first, second]) {
      for (const { text, source, destination } of await collect(socket, 60)) {
        expect(destination).toBe(loopback);
        told.push(`${text} from ${source} to ${socket.localPort}`);
      }
    }
    expect(told.sort()).toEqual(expected.sort());
  });

  test("carries empty datagrams and those longer than a segment may be", async () => {
    const server = await open({ segmentation: true });
    const client = await open({ segmentation: true });
    const lengths = [0, 2000, 0, 2000, 1400, 1400, 1401, 1401];
    for (const length of lengths) {
      client.slot().fill(0x61);
      client.push(length, loopback, server.localPort);
    }
    client.flush();
    const datagrams = await collect(server, lengths.length);
    expect(datagrams.map(({ text }) => text.length).sort()).toEqual([...lengths].sort());
  });

  test("counts segments that are too long, and leaves them out", async () => {
    const server = await open({ segmentation: true, datagramBytesMax: 8 });
    const client = await open({ segmentation: true });
    for (const text of ["too long 1", "exactly8", "too long 2", "8exactly"]) {
      pushText(client, text, { to: loopback, port: server.localPort });
    }
    client.flush();
    const datagrams = await collect(server, 2);
    expect(datagrams.map(({ text }) => text)).toEqual(["exactly8", "8exactly"]);
    expect(server.counters).toMatchObject({ received: 2, truncated: 2 });
  });

  test("of a kernel that knows nothing of it goes on without, and says so", async () => {
    const call = libc();
    const { setsockopt } = call;
    vi.spyOn(call, "setsockopt").mockImplementation((fd, level, option, value, bytes) =>
      level === SOL_UDP ? -1 : setsockopt(fd!, level!, option!, value!, bytes!),
    );
    const server = await open({ segmentation: true });
    const client = await open({ segmentation: true });
    for (const text of texts) pushText(client, text, { to: loopback, port: server.localPort });
    client.flush();
    expect(await collect(server, texts.length)).toHaveLength(texts.length);
    expect(client.counters).toMatchObject({ sent: texts.length, segmentationRefused: 1 });
  });
});

describeUnless(libcMissingReason(), "SendBatch with segmentation, when sendmmsg", () => {
  afterEach(() => vi.restoreAllMocks());

  /** Five datagrams of 4 bytes and three of 5, in turns: two messages. */
  function eight(): SendBatch {
    const batch = new SendBatch(8, 64, true);
    for (let i = 0; i < 8; i += 1) batch.push(i < 6 ? 4 + (i % 2) : 4, 0x7f00_0001, 9, 0, 0);
    return batch;
  }

  /** Plays the answers, then takes everything; records how many messages each call offered. */
  function play(...answers: readonly (number | string)[]): number[] {
    const offered: number[] = [];
    let reason = "";
    vi.spyOn(libc(), "ppoll").mockReturnValue(0);
    vi.spyOn(libc(), "errno").mockImplementation(() => reason);
    vi.spyOn(libc(), "sendmmsg").mockImplementation((...call) => {
      const answer = answers[offered.length] ?? call[2];
      offered.push(call[2]);
      if (typeof answer === "number") return answer;
      reason = answer;
      return -1;
    });
    return offered;
  }

  test("takes it, counts the datagrams", () => {
    const offered = play(1);
    const batch = eight();
    batch.flush(5);
    expect(offered).toEqual([2, 1]);
    expect([batch.sent, batch.sendErrors, batch.segmentsRefused]).toEqual([8, 0, 0]);
  });

  test.each(["EINVAL", "EIO", "EMSGSIZE"])("says %s: sends each alone, for good", (reason) => {
    const offered = play(1, reason);
    const batch = eight();
    batch.flush(5);
    // The first message, of five, has left; the three of the other follow one by one.
    expect(offered).toEqual([2, 1, 1, 1, 1]);
    expect([batch.sent, batch.sendErrors, batch.segmentsRefused]).toEqual([8, 0, 1]);
    for (let i = 0; i < 3; i += 1) batch.push(4, 0x7f00_0001, 9, 0, 0);
    batch.flush(5);
    expect(offered.slice(5)).toEqual([3]);
    expect([batch.sent, batch.segmentsRefused]).toEqual([11, 1]);
  });

  test("says that nobody is there: loses that message, the rest follows", () => {
    const offered = play("EHOSTUNREACH");
    const batch = eight();
    batch.flush(5);
    expect(offered).toEqual([2, 1]);
    expect([batch.sent, batch.sendErrors, batch.segmentsRefused]).toEqual([3, 5, 0]);
  });

  test("says EAGAIN for ever: gives up, and counts what is lost", () => {
    play(1, ...Array<string>(40).fill("EAGAIN"));
    const batch = eight();
    batch.flush(5);
    expect([batch.sent, batch.sendErrors]).toEqual([5, 3]);
  });
});
