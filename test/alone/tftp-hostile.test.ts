import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { libcMissingReason } from "../../base/net/kernel/libc.ts";
import { waitReadable } from "../../base/net/udp-socket.ts";
import { fuzzServer } from "../../bench/fuzz/campaign/server-campaign.ts";
import { openTftpAttack } from "../../bench/fuzz/tftp/attack.ts";
import { absurdOptions, escapeNames, rawRequest } from "../../bench/fuzz/tftp/corpus.ts";
import { TftpReaders } from "../../bench/fuzz/tftp/readers.ts";
import { makeTftpRoot, type TftpRoot } from "../../bench/fuzz/tftp/served-root.ts";
import { TftpOpcode, tftpErrorCodes } from "../../protocol/tftp/packet.ts";
import { residentMiB, ServeLab, type Serving } from "../faults/serve-lab.testing.ts";
import { agreedBy, HostilePeers, loopback, type Reply } from "./tftp-hostile.testing.ts";

// A TFTP server is asked by whoever can reach it. Whatever comes: nothing from outside the root goes
// out, no reply is larger than agreed, memory stays bounded, and honest clients get their files.
// `npm run campaign:hostile -- --only tftp` does the same with a million packets.

const seed = 20_261_124;
const readMsMax = 30_000;
/** ERRORs that nobody asked for are held to this a second, so that forged packets flood no third. */
const errorsPerSecond = 1000;
const utf8 = new TextEncoder();

const lab = new ServeLab("tftp-hostile");
let root: TftpRoot;
let serving: Serving;
let port: number;
let peers: HostilePeers;
let readers: TftpReaders;

function readRequest(
  name: string | Uint8Array,
  options: readonly (readonly [string, string])[] = [],
): Uint8Array {
  const bytes = typeof name === "string" ? utf8.encode(name) : name;
  return rawRequest(TftpOpcode.readRequest, bytes, "octet", options);
}

/** Honest downloads, one after the other; each must end with the right file. Returns the slowest, ms. */
async function readHonestly(count: number): Promise<number> {
  let slowestMs = 0;
  for (let read = 0; read < count; read += 1) {
    const startMs = performance.now();
    readers.begin();
    while (!readers.turn()) {
      if (performance.now() - startMs > readMsMax) throw new Error("an honest client waits");
      await waitReadable([readers.socket], 20);
    }
    expect(readers.take()).toBeUndefined();
    slowestMs = Math.max(slowestMs, performance.now() - startMs);
  }
  return slowestMs;
}

const errorCodeOf = ({ packet }: Reply): number | undefined =>
  packet.kind === "error" ? packet.code : undefined;

describeUnless(libcMissingReason(), "a TFTP server among enemies", () => {
  beforeAll(async () => {
    root = makeTftpRoot(lab.folder);
    serving = await lab.start({ tftp: { root: root.path, port: 0 } });
    port = serving.ports["tftp"];
    readers = await TftpReaders.open({ address: loopback, port }, root.files, seed);
  });

  beforeEach(async () => {
    peers?.close();
    peers = await HostilePeers.open(port, root);
  });

  afterAll(async () => {
    peers?.close();
    readers?.close();
    await lab.close();
  });

  test("no name leads out of the root, however it is written", async () => {
    const names = [...escapeNames(root.canaryFile), ...root.traps.map((name) => utf8.encode(name))];
    const clients = new Map(names.map((name) => [peers.ask(readRequest(name)), name] as const));
    const replies = await peers.collect((got) => got.length === names.length);
    expect(new Set(replies.map(({ client }) => client)).size).toBe(names.length);
    const served = replies
      .filter(({ packet }) => packet.kind === "data")
      .map(({ client }) => new TextDecoder().decode(clients.get(client)));
    // A slash too many leads to the same file, and that is inside.
    expect(served.toSorted()).toEqual(["cm-1.0.cfg/", "cm-1.0.cfg/.", "empty.cfg/"]);
    for (const reply of replies.filter(({ packet }) => packet.kind !== "data")) {
      expect([
        tftpErrorCodes.fileNotFound,
        tftpErrorCodes.accessViolation,
        tftpErrorCodes.illegalOperation,
      ]).toContain(errorCodeOf(reply));
    }
    await readHonestly(3);
  });

  test("nothing is written, wherever to", async () => {
    const names = [
      ...escapeNames(root.canaryFile),
      utf8.encode("new.cfg"),
      utf8.encode("block.cfg"),
    ];
    for (const name of names) peers.ask(rawRequest(TftpOpcode.writeRequest, name, "octet", []));
    const replies = await peers.collect((got) => got.length === names.length);
    expect(replies).toHaveLength(names.length);
    expect(replies.every(({ packet }) => packet.kind === "error")).toBe(true);
    await readHonestly(root.files.size);
  });

  test("absurd options are refused, shrunk or left out, and nothing larger follows", async () => {
    const lists = new Map(
      absurdOptions.map(
        (options) => [peers.ask(readRequest("meter.zip", options)), options] as const,
      ),
    );
    const answers = await peers.collect((got) => got.length === lists.size);
    expect(new Set(answers.map(({ client }) => client)).size).toBe(lists.size);
    const refused = answers.filter(({ packet }) => packet.kind === "error");
    expect(refused.length).toBeGreaterThan(15);
    const granted = answers.filter(({ packet }) => packet.kind === "option-ack");
    expect(granted.length).toBeGreaterThan(8);
    for (const { client, serverPort } of granted) peers.acknowledge(client, serverPort, 0);
    const blocks = await peers.collect();
    for (const { client, packet } of granted) {
      const { blksize, windowsize } = agreedBy(packet);
      const mine = blocks.filter((reply) => reply.client === client);
      const options = JSON.stringify(lists.get(client));
      // The reply check has looked at the length of each; here is how many there are.
      const numbers = new Set(
        mine.map((reply) => reply.packet.kind === "data" && reply.packet.block),
      );
      expect(numbers.size, options).toBe(Math.min(windowsize, Math.floor(90_000 / blksize) + 1));
      expect(blksize * windowsize, options).toBeLessThanOrEqual(65_536);
    }
    await readHonestly(3);
  });

  test("ACKs of transfers that there are not get a bounded number of ERRORs", async () => {
    const flood = 20_000;
    const startMs = performance.now();
    for (let sent = 0; sent < flood; sent += 1) {
      peers.acknowledge(peers.stranger(), port, sent & 0xffff);
      if (sent % 500 === 499) await peers.send();
    }
    const slowestMs = await readHonestly(3);
    const replies = await peers.collect();
    const seconds = Math.ceil((performance.now() - startMs) / 1000) + 1;
    expect(replies.every((reply) => errorCodeOf(reply) === tftpErrorCodes.unknownTransferId)).toBe(
      true,
    );
    expect(replies.length).toBeGreaterThan(0);
    expect(replies.length).toBeLessThanOrEqual(seconds * errorsPerSecond);
    expect(slowestMs).toBeLessThan(5000);
  });

  test("ACKs by the thousand in a transfer move it on once", async () => {
    const client = peers.ask(readRequest("meter.zip"));
    const [first] = await peers.collect((got) => got.length === 1);
    expect(first!.packet).toMatchObject({ kind: "data", block: 1 });
    for (const block of [0, 1, 1, 3, 0xffff]) {
      for (let copy = 0; copy < 1000; copy += 1) {
        peers.acknowledge(client, first!.serverPort, block);
      }
      await peers.send();
    }
    const replies = await peers.collect();
    expect(replies.map(({ packet }) => packet.kind === "data" && packet.block)).toEqual([2]);
    await readHonestly(3);
  });

  test.each([1, 8])(
    "each ACK twice does not double the DATA (RFC 1123 section 4.2.3.1), windowsize %i",
    async (windowsize) => {
      const blocks = Math.floor(90_000 / 512) + 1;
      const options = windowsize === 1 ? [] : ([["windowsize", String(windowsize)]] as const);
      const client = peers.ask(readRequest("meter.zip", options));
      let received = 0;
      let data = 0;
      let inWindow = 0;
      while (received < blocks) {
        const replies = await peers.collect((got) => got.length > 0);
        expect(replies.length, `after block ${received}`).toBeGreaterThan(0);
        for (const { packet, serverPort } of replies) {
          if (packet.kind === "data") data += 1;
          if (packet.kind === "data" && packet.block === received + 1) {
            received += 1;
            inWindow += 1;
            if (inWindow < windowsize && received < blocks) continue;
          }
          inWindow = 0;
          // As a client does that answers each copy, and whose network copies each answer.
          peers.acknowledge(client, serverPort, received);
          peers.acknowledge(client, serverPort, received);
        }
      }
      data += (await peers.collect()).filter(({ packet }) => packet.kind === "data").length;
      // With a window one repetition for each is allowed, for the ACK may tell of a loss (RFC 7440).
      expect(data).toBeLessThanOrEqual(windowsize === 1 ? blocks : 2 * blocks);
    },
  );

  test("5,000 clients that ask and are gone: bounded memory, and honest ones notice nothing", async () => {
    const names = [...root.files.keys()];
    const optionLists = [[], [["blksize", "65464"]], [["windowsize", "64"]]] as const;
    await readHonestly(names.length);
    const beforeMiB = residentMiB(serving.process);
    const answered = new Set<number>();
    let slowestMs = 0;
    for (let asked = 0; asked < 5000; asked += 1) {
      const options = optionLists[asked % optionLists.length];
      peers.ask(readRequest(names[asked % names.length], options));
      if (asked % 250 !== 249) continue;
      const wanted = asked + 1 - answered.size;
      for (const { client } of await peers.collect((got) => got.length >= wanted)) {
        answered.add(client);
      }
      slowestMs = Math.max(slowestMs, await readHonestly(1));
    }
    for (const { client } of await peers.collect()) answered.add(client);
    expect(answered.size).toBe(5000);
    expect(slowestMs).toBeLessThan(2000);
    expect(residentMiB(serving.process) - beforeMiB).toBeLessThan(48);
  });

  test(`30,000 hostile packets of every kind (seed ${seed})`, async () => {
    const attack = await openTftpAttack({ seed, root, server: { address: loopback, port } });
    const report = await fuzzServer(attack, {
      ...{ seed, packets: 30_000 },
      serverMemoryMiB: () => residentMiB(serving.process),
      signal: new AbortController().signal,
      onProgress: () => undefined,
    });
    expect(report.failure).toBeUndefined();
    expect(report.examples).toEqual([]);
    expect(report.packets).toBe(30_000);
    expect(report.served).toBeGreaterThan(100);
    expect(report.replies).toBeGreaterThan(5000);
    expect(report.memory).toMatchObject({ isFlat: true });
    expect(serving.process.exitCode).toBeNull();
  });
});
