import { createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { MessageWriter } from "../protobuf.ts";
import { EtcdClient } from "./etcd-client.ts";
import { framed } from "./etcd-grpc.ts";

// A member of etcd that answers every call with revision 7 and no keys, when and as the test says.

const header = new MessageWriter().number(3, 7);
const answerBytes = framed(new MessageWriter().message(1, header).number(4, 0).finish());

/** A transaction that succeeded. */
const transactionBytes = framed(new MessageWriter().message(1, header).number(2, 1).finish());

async function memberThat(answer: (stream: ServerHttp2Stream) => Promise<void>): Promise<string> {
  const server = createServer();
  onTestFinished(() => void server.close());
  server.on("stream", (stream) => {
    stream.on("error", () => undefined);
    stream.respond(
      { ":status": 200, "content-type": "application/grpc" },
      { waitForTrailers: true },
    );
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    void answer(stream);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const rest = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function clientOf(...endpoints: string[]): EtcdClient {
  const client = new EtcdClient({ endpoints, attemptMsMin: 20, attemptMsMax: 5000 });
  onTestFinished(() => client.close());
  return client;
}

const query = { key: "/p/leader" };

const lateBy =
  (ms: number) =>
  (stream: ServerHttp2Stream): Promise<void> =>
    rest(ms).then(() => void (stream.destroyed || stream.end(answerBytes)));

test("a member that is only slow is waited for, while another one is asked beside it", async () => {
  const asked: string[] = [];
  const slow = await memberThat((stream) => {
    asked.push("slow");
    return lateBy(300)(stream);
  });
  const dead = await memberThat(() => {
    asked.push("dead");
    return new Promise(() => undefined);
  });
  const client = clientOf(slow, dead);
  // Members that are given 20, 40, 80 … ms in turn would all have been given up before the first answer.
  expect((await client.range(query, 20_000)).revision).toBe(7);
  expect(asked).toEqual(["slow", "dead"]);
  // From then on it knows.
  expect(client.attemptMs).toBeGreaterThan(300);
  asked.length = 0;
  await client.range(query, 20_000);
  expect(asked).toEqual(["slow"]);
});

test("the member that answered is asked first the next time", async () => {
  const silent = await memberThat(() => new Promise(() => undefined));
  let answered = 0;
  const quick = await memberThat((stream) => {
    answered += 1;
    return lateBy(0)(stream);
  });
  const client = clientOf(silent, quick);
  await client.range(query, 20_000);
  const startMs = performance.now();
  for (let call = 0; call < 3; call += 1) await client.range(query, 20_000);
  expect(answered).toBe(4);
  expect(performance.now() - startMs).toBeLessThan(5000);
});

test("an attempt that fails does not end the one beside it, and the call ends with its time", async () => {
  const slow = await memberThat(lateBy(400));
  const closing = await memberThat(async (stream) => stream.session?.destroy());
  expect((await clientOf(slow, closing).range(query, 20_000)).revision).toBe(7);
  const silent = await memberThat(() => new Promise(() => undefined));
  await expect(clientOf(silent, silent).range(query, 200)).rejects.toThrow(/did not answer in/);
});

test("a member that takes a long transaction in parts is not silent", async () => {
  const value = new Uint8Array(400_000);
  const taking = await memberThat(async (stream) => {
    // Its window opens only as far as it reads.
    stream.on("readable", async () => {
      await rest(100);
      stream.read();
    });
    stream.on("end", () => stream.end(transactionBytes));
  });
  let parts = 0;
  const client = clientOf(taking);
  const transaction = { guards: [], puts: [{ key: "/p/a", value }], reads: [] };
  const startMs = performance.now();
  await client.transact(transaction, 500, () => {
    parts += 1;
  });
  expect(performance.now() - startMs).toBeGreaterThan(700);
  expect(parts).toBeGreaterThan(5);
});

test("probes that are given only one attempt learn from their silence, too", async () => {
  const late = (stream: ServerHttp2Stream) => rest(150).then(() => void stream.end(answerBytes));
  const client = clientOf(await memberThat(late));
  const probe = () =>
    client.range(query, client.attemptMs).then(
      () => "answered",
      () => "silent",
    );
  await expect.poll(probe, { timeout: 20_000 }).toBe("answered");
});

test("a page that comes in bytes is waited for; a member that sends none is given up for the next", async () => {
  const silent = await memberThat(() => new Promise(() => undefined));
  const trickling = await memberThat(async (stream) => {
    for (const byte of answerBytes) {
      stream.write(Uint8Array.of(byte));
      await rest(200);
    }
    stream.end();
  });
  const client = clientOf(silent, trickling);
  await expect(client.readPage(query, 1500)).rejects.toThrow(/did not answer in \d+ ms/);
  // Its bytes take over two seconds in all.
  expect(answerBytes.length).toBeGreaterThan(10);
  expect((await client.readPage(query, 1500)).revision).toBe(7);
});

test("a member that takes a long transaction again and again, and refuses it each time, does not prolong the call", async () => {
  let refusals = 0;
  const leaderless = await memberThat(async (stream) => {
    stream.resume();
    stream.on("end", () => {
      refusals += 1;
      stream.close();
    });
  });
  const client = clientOf(leaderless);
  const value = new Uint8Array(400_000);
  const transaction = { guards: [], puts: [{ key: "/p/a", value }], reads: [] };
  let parts = 0;
  const taken = () => {
    parts += 1;
  };
  await expect(client.transact(transaction, 400, taken)).rejects.toThrow();
  expect(refusals).toBeGreaterThan(1);
  // Each part counts once, however often it is sent.
  expect(parts).toBe(Math.floor(value.length / (32 << 10)));
});

test("a connection from quicker times is replaced, because its window would stay narrow", async () => {
  let delayMs = 0;
  const connections: unknown[] = [];
  const member = await memberThat(async (stream) => {
    connections.push(stream.session);
    stream.resume();
    await rest(delayMs);
    if (!stream.destroyed) stream.end(transactionBytes);
  });
  const client = clientOf(member);
  const transact = (length: number) => {
    const puts = [{ key: "/p/a", value: new Uint8Array(length) }];
    return client.transact({ guards: [], puts, reads: [] }, 20_000);
  };
  await transact(40_000);
  delayMs = 400;
  // Two members are asked at first; short transactions do not need a window.
  for (let call = 0; call < 3; call += 1) await transact(10);
  const before = connections.at(-1);
  await transact(40_000);
  expect(connections.at(-1)).toBe(before);
  await expect
    .poll(
      async () => {
        await transact(10);
        return connections.at(-1) !== before;
      },
      { timeout: 20_000 },
    )
    .toBe(true);
  const after = connections.at(-1);
  for (let call = 0; call < 3; call += 1) await transact(40_000);
  expect(connections.at(-1)).toBe(after);
});
