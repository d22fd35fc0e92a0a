import { createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { MessageWriter } from "../protobuf.ts";
import { EtcdClient } from "./etcd-client.ts";
import { framed } from "./etcd-grpc.ts";

// A member of etcd that answers every call with revision 7 and no keys, when and as the test says.

const header = new MessageWriter().number(3, 7);
const answerBytes = framed(new MessageWriter().message(1, header).number(4, 0).finish());

async function memberThat(answer: (stream: ServerHttp2Stream) => Promise<void>): Promise<string> {
  const server = createServer();
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
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const rest = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function clientOf(...endpoints: string[]): EtcdClient {
  const client = new EtcdClient({ endpoints, attemptMsMin: 20, attemptMsMax: 5000 });
  onTestFinished(() => client.close());
  return client;
}

const query = { key: "/p/leader" };

test("members that take longer than the least time are given longer, until they answer", async () => {
  const late = (stream: ServerHttp2Stream) => rest(150).then(() => void stream.end(answerBytes));
  const client = clientOf(await memberThat(late), await memberThat(late));
  expect((await client.range(query, 20_000)).revision).toBe(7);
  // From then on it knows.
  expect(client.attemptMs).toBeGreaterThan(150);
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
