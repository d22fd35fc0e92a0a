import { beforeEach, describe, expect, test } from "vitest";
import { hash32, Prng } from "../../base/prng.ts";
import { TimerWheel } from "../../base/timer-wheel.ts";
import {
  decodeTftp,
  encodeData,
  encodeError,
  encodeOptionAck,
  encodeReadRequest,
  type TftpOption,
  type TftpPacket,
} from "../../protocol/tftp/packet.ts";
import {
  type DownloadPolicy,
  type DownloadProblem,
  type DownloadRequest,
  type DownloadResult,
  docsisDownload,
} from "./download.ts";
import { expectationOf } from "./file-hash.ts";
import { type NetworkFaults, VirtualNetwork } from "./network.testing.ts";
import { TftpClient } from "./tftp-client.ts";
import { type TestTftpOptions, TestTftpServer } from "./tftp-server.testing.ts";

const PRIMARY = 0x7f00_0001;
const SECONDARY = 0x7f00_0002;
const DEVICES = 0x7f40_0000;
const DEVICE_PORT = 1069;
const servers = [
  { address: PRIMARY, port: 69 },
  { address: SECONDARY, port: 69 },
];

function fileOf(length: number, seed = 1): Uint8Array {
  const prng = new Prng(seed, length);
  return Uint8Array.from({ length }, () => prng.nextUInt32());
}

function policyOf(changes: Partial<DownloadPolicy> = {}): DownloadPolicy {
  const retry = { firstRetryMs: 1000, maxRetryMs: 4000, jitter: 0, triesMax: 4 };
  return { ...docsisDownload, retry, options: {}, roundsMax: 1, ...changes };
}

interface Failure {
  readonly server: number;
  readonly problem: DownloadProblem;
}

/** Devices, a network and servers, in virtual time. */
class Bench {
  readonly results: DownloadResult[] = [];
  readonly contents: Uint8Array[] = [];
  readonly failures: Failure[] = [];
  retransmissions = 0;
  readonly network: VirtualNetwork;
  readonly client: TftpClient;
  readonly #servers = new Map<number, TestTftpServer>();
  readonly #wheel: TimerWheel;

  constructor(size: number, policy: DownloadPolicy, seed = 1, faults: NetworkFaults = {}) {
    this.network = new VirtualNetwork(seed, faults);
    this.#wheel = new TimerWheel(size, 1, 0);
    const buffer = new Uint8Array(1024);
    let draws = 0;
    this.client = new TftpClient({
      size,
      policy,
      timers: this.#wheel,
      random: (local) => hash32(seed, local, draws++),
      sink: {
        buffer: () => buffer,
        send: (local, length, destination, port) => {
          const bytes = buffer.slice(0, length);
          this.network.carry(() =>
            this.#servers.get(destination)?.receive(bytes, port, DEVICES + local, DEVICE_PORT),
          );
        },
        downloaded: (result) => {
          this.results.push(result);
          if (result.content !== undefined) this.contents.push(result.content.slice());
        },
        attemptFailed: (_local, server, problem) => this.failures.push({ server, problem }),
        retransmitted: () => {
          this.retransmissions += 1;
        },
      },
    });
  }

  addServer(options: Omit<TestTftpOptions, "port">): TestTftpServer {
    const { address } = options;
    const server = new TestTftpServer(
      this.network,
      { ...options, port: 69 },
      (bytes, fromPort, to) => {
        this.network.carry(() =>
          this.client.receive(to - DEVICES, bytes, address, fromPort, this.network.nowMs),
        );
      },
    );
    this.#servers.set(address, server);
    return server;
  }

  run(limitMs: number, resultsWanted: number): void {
    this.network.run(
      limitMs,
      (nowMs) => this.#wheel.advance(nowMs, (local) => this.client.timeOut(local, nowMs)),
      () => this.results.length >= resultsWanted,
    );
  }
}

const optionSets: readonly (readonly [string, DownloadPolicy["options"]])[] = [
  ["no options", {}],
  ["blksize 1428 and tsize", { blksize: 1428, tsize: 0 }],
  ["windowsize 16", { windowsize: 16, timeout: 1 }],
  ["all four", { blksize: 1024, windowsize: 7, timeout: 2, tsize: 0 }],
];

describe("a download from one server", () => {
  for (const [name, options] of optionSets) {
    for (const length of [0, 1, 511, 512, 513, 1428, 20_000]) {
      test(`${length} bytes, ${name}`, () => {
        const file = fileOf(length);
        const bench = new Bench(1, policyOf({ options }));
        const server = bench.addServer({ address: PRIMARY, files: new Map([["f", file]]) });
        bench.client.start(
          0,
          { filename: "f", servers, expected: expectationOf(file), keepContent: true },
          0,
        );
        bench.run(5000, 1);
        expect(bench.results[0]).toMatchObject({ lengthBytes: length, serverIndex: 0 });
        expect([server.requests, bench.retransmissions]).toEqual([1, 0]);
        expect(bench.results[0].problem).toBeUndefined();
        if (length <= 8192) expect(bench.contents).toEqual([file]);
        else expect(bench.contents).toEqual([]);
        // The last acknowledgement is on its way.
        bench.run(10, 2);
        expect(server.completed).toBe(1);
      });
    }
  }

  for (const blockAfterLast of [0, 1] as const) {
    for (const windowsize of [1, 8]) {
      test(`block 65,535 is followed by ${blockAfterLast}, windowsize ${windowsize}`, () => {
        const file = fileOf(8 * 65_540 + 3);
        const options = { blksize: 8, windowsize };
        const bench = new Bench(1, policyOf({ options, blockAfterLast }));
        bench.addServer({ address: PRIMARY, files: new Map([["f", file]]), blockAfterLast });
        bench.client.start(0, { filename: "f", servers, expected: expectationOf(file) }, 0);
        bench.run(200_000, 1);
        expect(bench.results[0].problem).toBeUndefined();
        expect(bench.results[0].lengthBytes).toBe(file.length);
      });
    }
  }

  test("a server that ignores options, and one that refuses them, are taken as RFC 1350", () => {
    for (const options of ["ignored", "refused"] as const) {
      const file = fileOf(3000);
      const bench = new Bench(1, policyOf({ options: { blksize: 1428, windowsize: 4 } }));
      const server = bench.addServer({ address: PRIMARY, files: new Map([["f", file]]), options });
      bench.client.start(0, { filename: "f", servers, expected: expectationOf(file) }, 0);
      bench.run(5000, 1);
      expect(bench.results[0].problem).toBeUndefined();
      expect(bench.results[0].serverIndex).toBe(0);
      expect(server.requests).toBe(options === "refused" ? 2 : 1);
    }
  });

  test("smaller blocks and windows than asked for are taken", () => {
    const file = fileOf(9000);
    const bench = new Bench(1, policyOf({ options: { blksize: 1428, windowsize: 16 } }));
    const server = bench.addServer({
      address: PRIMARY,
      files: new Map([["f", file]]),
      blksizeMax: 700,
      windowsizeMax: 3,
    });
    bench.client.start(0, { filename: "f", servers, expected: expectationOf(file) }, 0);
    bench.run(5000, 1);
    expect(bench.results[0].problem).toBeUndefined();
    expect(server.dataSent).toBe(13);
  });
});

describe("loss, doubling and reordering (issue: 5 % in each direction)", () => {
  for (const [name, options] of optionSets) {
    for (const seed of [1, 2, 3]) {
      test(`${name}, seed ${seed}: every file is right in the end`, () => {
        const devices = 100;
        const policy = policyOf({
          options,
          retry: { firstRetryMs: 1000, maxRetryMs: 4000, jitter: 0.2, triesMax: 12 },
        });
        const faults = { loss: 0.05, duplication: 0.02, delayMsMin: 1, maxDelayMs: 12 };
        const bench = new Bench(devices, policy, seed, faults);
        const files = new Map<string, Uint8Array>();
        for (let local = 0; local < devices; local += 1) {
          files.set(`cm-${local}`, fileOf(3000 + local * 37, local));
        }
        bench.addServer({ address: PRIMARY, files });
        for (let local = 0; local < devices; local += 1) {
          const filename = `cm-${local}`;
          const expected = expectationOf(files.get(filename)!);
          bench.client.start(local, { filename, servers, expected }, 0);
        }
        bench.run(120_000, devices);
        expect(bench.network.lost).toBeGreaterThan(20);
        expect(bench.results.filter(({ problem }) => problem !== undefined)).toEqual([]);
        expect(new Set(bench.results.map(({ local }) => local)).size).toBe(devices);
        expect(bench.retransmissions).toBeGreaterThan(0);
      });
    }
  }

  test("the same seed loses the same packets", () => {
    const endings = [7, 7, 8].map((seed) => {
      const file = fileOf(20_000);
      const bench = new Bench(20, policyOf(), seed, { loss: 0.1 });
      bench.addServer({ address: PRIMARY, files: new Map([["f", file]]) });
      for (let local = 0; local < 20; local += 1) {
        bench.client.start(local, { filename: "f", servers, expected: expectationOf(file) }, 0);
      }
      bench.run(300_000, 20);
      return bench.results.map(({ local, endedAtMs }) => [local, endedAtMs]);
    });
    expect(endings[0]).toEqual(endings[1]);
    expect(endings[0]).not.toEqual(endings[2]);
  });

  test("5,000 devices at once", () => {
    const devices = 5000;
    const file = fileOf(4096);
    const request: DownloadRequest = { filename: "f", servers, expected: expectationOf(file) };
    const bench = new Bench(devices, policyOf({ options: { blksize: 1428 } }), 5, { loss: 0.01 });
    bench.addServer({ address: PRIMARY, files: new Map([["f", file]]) });
    for (let local = 0; local < devices; local += 1) bench.client.start(local, request, 0);
    bench.run(60_000, devices);
    expect(bench.results).toHaveLength(devices);
    expect(bench.results.every(({ problem }) => problem === undefined)).toBe(true);
  });
});

describe("primary, then secondary (TFTP-2)", () => {
  const file = fileOf(2000);

  test("a server that refuses options does not take them from the next one", () => {
    const bench = new Bench(1, policyOf({ options: { blksize: 1428 } }));
    const files = new Map([["f", file]]);
    const primary = bench.addServer({
      ...{ address: PRIMARY, files, options: "refused", blocksMax: 1 },
    });
    const secondary = bench.addServer({ address: SECONDARY, files });
    bench.client.start(0, { filename: "f", servers, expected: expectationOf(file) }, 0);
    bench.run(60_000, 1);
    expect(bench.results[0]).toMatchObject({ serverIndex: 1 });
    expect([primary.requests, secondary.requests]).toEqual([2, 1]);
    expect(secondary.dataSent).toBe(2);
  });

  for (const half of ["hashHigh", "hashLow"] as const) {
    test(`a file of the right length with another ${half} is not the right file`, () => {
      const bench = new Bench(1, policyOf());
      bench.addServer({ address: PRIMARY, files: new Map([["f", file]]) });
      const right = expectationOf(file);
      const expected = { ...right, [half]: (right[half] ^ 1) >>> 0 };
      bench.client.start(0, { filename: "f", servers: servers.slice(0, 1), expected }, 0);
      bench.run(5000, 1);
      expect(bench.results[0].problem).toBe("wrong-hash");
    });
  }

  const wrong = fileOf(2000, 2);
  const cases: readonly {
    readonly name: string;
    readonly primary: Partial<TestTftpOptions> | undefined;
    readonly problem: DownloadProblem;
    readonly options?: DownloadPolicy["options"];
  }[] = [
    { name: "is silent", primary: undefined, problem: "no-answer" },
    { name: "lacks the file", primary: { files: new Map() }, problem: "not-found" },
    { name: "stops after a block", primary: { blocksMax: 1 }, problem: "stalled" },
    {
      name: "has another file of that length",
      primary: { files: new Map([["f", wrong]]) },
      problem: "wrong-hash",
    },
    {
      name: "has a shorter file",
      primary: { files: new Map([["f", file.subarray(0, 1999)]]) },
      problem: "wrong-length",
    },
    {
      name: "announces more than it sends",
      primary: { announcedMore: 1 },
      problem: "wrong-length",
      options: { tsize: 0 },
    },
    {
      name: "announces less than it sends",
      primary: { announcedMore: -1 },
      problem: "too-long",
      options: { tsize: 0 },
    },
  ];
  for (const { name, primary, problem, options } of cases) {
    test(`the primary ${name}: ${problem}, and the secondary has it`, () => {
      const bench = new Bench(1, policyOf({ options: options ?? {} }));
      const files = new Map([["f", file]]);
      if (primary !== undefined) bench.addServer({ address: PRIMARY, files, ...primary });
      bench.addServer({ address: SECONDARY, files });
      bench.client.start(0, { filename: "f", servers, expected: expectationOf(file) }, 0);
      bench.run(60_000, 1);
      expect(bench.failures).toEqual([{ server: PRIMARY, problem }]);
      expect(bench.results[0]).toMatchObject({ server: SECONDARY, serverIndex: 1 });
      expect(bench.results[0].problem).toBeUndefined();
    });

    test(`both servers, and three rounds: the device gives up with ${problem}`, () => {
      const bench = new Bench(1, policyOf({ options: options ?? {}, roundsMax: 3 }));
      const files = new Map([["f", file]]);
      for (const address of [PRIMARY, SECONDARY]) {
        if (primary !== undefined) bench.addServer({ address, files, ...primary });
      }
      bench.client.start(0, { filename: "f", servers, expected: expectationOf(file) }, 0);
      bench.run(400_000, 1);
      expect(bench.results[0]).toMatchObject({ problem, server: SECONDARY });
      expect(bench.failures).toHaveLength(5);
      // Two pauses of 10 s lie between three rounds.
      expect(bench.results[0].endedAtMs).toBeGreaterThan(20_000);
      expect(bench.client.isActive(0)).toBe(false);
    });
  }
});

/** One device, and a test that speaks for the server, packet by packet. */
describe("packet by packet", () => {
  interface Sent {
    readonly packet: TftpPacket;
    readonly destination: number;
    readonly port: number;
  }
  const TID = 40_000;
  let sent: Sent[];
  let results: DownloadResult[];
  let wheel: TimerWheel;
  let client: TftpClient;
  let nowMs: number;

  function build(changes: Partial<DownloadPolicy> = {}): void {
    const buffer = new Uint8Array(1024);
    sent = [];
    results = [];
    nowMs = 0;
    wheel = new TimerWheel(1, 1, 0);
    client = new TftpClient({
      size: 1,
      policy: policyOf(changes),
      timers: wheel,
      random: () => 0,
      sink: {
        buffer: () => buffer,
        send: (_local, length, destination, port) =>
          sent.push({ packet: decodeTftp(buffer.slice(0, length)), destination, port }),
        downloaded: (result) => results.push(result),
        attemptFailed: () => {},
        retransmitted: () => {},
      },
    });
    client.start(0, { filename: "f", servers: servers.slice(0, 1) }, 0);
    expect(take()).toMatchObject([{ packet: { kind: "read-request" }, port: 69 }]);
  }

  beforeEach(() => build());

  function take(): Sent[] {
    return sent.splice(0);
  }

  function passMs(ms: number): void {
    for (let passed = 0; passed < ms; passed += 1) {
      nowMs += 1;
      wheel.advance(nowMs, (local) => client.timeOut(local, nowMs));
    }
  }

  function receive(bytes: Uint8Array, port = TID, address = PRIMARY): void {
    client.receive(0, bytes, address, port, nowMs);
  }

  function data(block: number, length = 512): Uint8Array {
    const bytes = new Uint8Array(4 + length);
    encodeData(bytes, 0, block, new Uint8Array(length).fill(block));
    return bytes;
  }

  function error(code: number): Uint8Array {
    const bytes = new Uint8Array(20);
    return bytes.subarray(0, encodeError(bytes, 0, code, "no"));
  }

  function optionAck(options: readonly TftpOption[]): Uint8Array {
    const bytes = new Uint8Array(200);
    return bytes.subarray(0, encodeOptionAck(bytes, 0, options));
  }

  const ack = (block: number) => ({ packet: { kind: "ack", block }, port: TID });

  test("the request is repeated after 1, 2 and 4 s, then the device gives up", () => {
    const sentAtMs: number[] = [];
    for (let ms = 0; ms < 20_000 && results.length === 0; ms += 1) {
      passMs(1);
      if (take().length > 0) sentAtMs.push(nowMs);
    }
    expect(sentAtMs).toEqual([1000, 3000, 7000]);
    expect(results[0]).toMatchObject({ problem: "no-answer", endedAtMs: 11_000 });
  });

  test("a repeated block is acknowledged again, an older one is not (RFC 1123 4.2.3.1)", () => {
    receive(data(1));
    receive(data(2));
    receive(data(2));
    receive(data(1));
    expect(take()).toMatchObject([ack(1), ack(2), ack(2)]);
    expect(client.ignored.repeated).toBe(2);
  });

  test("the last block is acknowledged as often as it comes, until the dally time is over", () => {
    receive(data(1, 100));
    receive(data(1, 100));
    expect(take()).toMatchObject([ack(1), ack(1)]);
    passMs(10_001);
    receive(data(1, 100));
    expect(take()).toEqual([]);
    expect(results).toHaveLength(1);
  });

  test("a wrong transfer id is told so, and the transfer goes on (RFC 1350 section 4)", () => {
    receive(data(1));
    take();
    receive(data(2), TID + 1);
    receive(data(2), TID, SECONDARY);
    receive(error(0), TID + 1);
    expect(take()).toMatchObject([
      { packet: { kind: "error", code: 5 }, port: TID + 1, destination: PRIMARY },
      { packet: { kind: "error", code: 5 }, port: TID, destination: SECONDARY },
    ]);
    receive(data(2, 1));
    expect(take()).toMatchObject([ack(2)]);
    expect(results[0].problem).toBeUndefined();
  });

  test("a late block of an earlier transfer does not begin this one", () => {
    receive(data(7));
    receive(error(5));
    expect(take()).toMatchObject([{ packet: { kind: "error", code: 5 } }]);
    receive(data(1, 3));
    expect(results[0]).toMatchObject({ lengthBytes: 3 });
  });

  test("a gap in a window is reported once, and the window goes on behind it (RFC 7440)", () => {
    build({ options: { windowsize: 4 } });
    receive(optionAck([{ name: "windowsize", value: "4" }]));
    expect(take()).toMatchObject([ack(0)]);
    receive(data(1));
    receive(data(3));
    receive(data(4));
    expect(take()).toMatchObject([ack(1)]);
    for (const block of [2, 3, 4, 5]) receive(data(block));
    expect(take()).toMatchObject([ack(5)]);
    receive(data(6));
    passMs(1000);
    expect(take()).toMatchObject([ack(6)]);
    // The acknowledgement of the window was lost, so all of it comes again: one more is enough.
    for (const block of [3, 4, 5, 6]) receive(data(block));
    expect(take()).toMatchObject([ack(6)]);
  });

  test("a block repeated within a window is not acknowledged", () => {
    build({ options: { windowsize: 4 } });
    receive(optionAck([{ name: "windowsize", value: "4" }]));
    take();
    for (const block of [1, 2, 2, 1]) receive(data(block));
    expect(take()).toEqual([]);
    for (const block of [3, 4]) receive(data(block));
    expect(take()).toMatchObject([ack(4)]);
  });

  test("progress makes the waits short again", () => {
    passMs(3000);
    expect(take()).toHaveLength(2);
    receive(data(1));
    take();
    passMs(999);
    expect(take()).toEqual([]);
    passMs(1);
    expect(take()).toMatchObject([ack(1)]);
    passMs(2000);
    receive(data(2));
    take();
    passMs(1000);
    expect(take()).toMatchObject([ack(2)]);
  });

  test("a repeated option acknowledgement is acknowledged again, until the first block", () => {
    build({ options: { blksize: 600 } });
    const answer = optionAck([{ name: "blksize", value: "600" }]);
    receive(answer);
    receive(answer);
    expect(take()).toMatchObject([ack(0), ack(0)]);
    receive(data(1, 600));
    receive(answer);
    expect(take()).toMatchObject([ack(1)]);
  });

  for (const [name, options] of [
    ["a larger block", [{ name: "blksize", value: "1429" }]],
    ["an option nobody asked for", [{ name: "windowsize", value: "2" }]],
    ["nonsense", [{ name: "blksize", value: "1e3" }]],
  ] as const) {
    test(`${name} is refused with error 8, and asked for without options`, () => {
      build({ options: { blksize: 1428 } });
      receive(optionAck(options));
      expect(take()).toMatchObject([
        { packet: { kind: "error", code: 8 }, port: TID },
        { packet: { kind: "read-request", options: [] }, port: 69 },
      ]);
      receive(optionAck(options));
      expect(results[0].problem).toBe("options-refused");
    });
  }

  const verdicts: readonly (readonly [string, () => void, DownloadProblem])[] = [
    ["ERROR 1", () => receive(error(1)), "not-found"],
    ["ERROR 2", () => receive(error(2)), "access-violation"],
    ["ERROR 0", () => receive(error(0)), "server-error"],
    ["ERROR 99", () => receive(error(99)), "server-error"],
    ["ERROR 8 although nothing was asked for", () => receive(error(8)), "options-refused"],
    ["a block longer than agreed", () => receive(data(1, 513)), "bad-packet"],
    [
      "a request",
      () => {
        const bytes = new Uint8Array(40);
        const request = { filename: "x", mode: "octet" } as const;
        receive(bytes.subarray(0, encodeReadRequest(bytes, 0, request)));
      },
      "bad-packet",
    ],
  ];
  for (const [name, act, problem] of verdicts) {
    test(`${name}: ${problem}`, () => {
      act();
      expect(results).toMatchObject([{ problem }]);
      expect(wheel.count).toBe(0);
    });
  }

  test("a file beyond the limit is refused with error 3, announced or not", () => {
    build({ fileBytesMax: 600, options: { tsize: 0 } });
    receive(optionAck([{ name: "tsize", value: "601" }]));
    expect(take()).toMatchObject([{ packet: { kind: "error", code: 3 } }]);
    expect(results[0].problem).toBe("too-long");
    build({ fileBytesMax: 600 });
    receive(data(1));
    receive(data(2));
    expect(results[0].problem).toBe("too-long");
  });

  test("random bytes change nothing", () => {
    const prng = new Prng(11, 0);
    receive(data(1));
    take();
    for (let round = 0; round < 2000; round += 1) {
      const bytes = Uint8Array.from({ length: prng.nextBelow(40) }, () => prng.nextUInt32());
      // Opcodes above 6 only: the others are answered as the cases above have it.
      if (bytes.length > 1) bytes[0] |= 0x80;
      receive(bytes);
    }
    expect(client.ignored.undecodable).toBe(2000);
    expect(take()).toEqual([]);
    receive(data(2, 0));
    expect(results[0].problem).toBeUndefined();
  });

  test("a power cut is silent, and what still comes is for nobody", () => {
    receive(data(1));
    take();
    client.cancel(0);
    receive(data(2));
    passMs(10_000);
    expect(take()).toEqual([]);
    expect(results).toEqual([]);
    expect(client.ignored.unexpected).toBe(1);
  });

  test("policies and requests that cannot work are refused", () => {
    expect(() => build({ options: { windowsize: 20_000 } })).toThrow(/windowsize 20000/);
    expect(() => build({ roundsMax: 0 })).toThrow(/roundsMax/);
    expect(() => client.start(0, { filename: "f", servers: [] }, 0)).toThrow(/0 servers/);
  });
});
