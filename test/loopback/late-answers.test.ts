import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { lateAnswersProgram } from "../../lab/machine/package-root.ts";

const lateMs = 400;
/** The relay reads its file ten times a second. */
const lookMs = 200;

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** Emits what a member of the store has sent back. */
const echoed = new EventEmitter();

/** A member of the store that sends each byte back. */
async function echo(): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.on("data", (bytes) => socket.write(bytes, () => echoed.emit(bytes.toString())));
  });
  onTestFinished(() => void server.close());
  return listen(server);
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  server.close();
  await once(server, "close");
  return port;
}

test("answers leave late and in their order, also when the delay has become shorter", async () => {
  const folder = mkdtempSync(join(tmpdir(), "provlab-late-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const delay = join(folder, "delay");
  writeFileSync(delay, String(lateMs));
  const port = await freePort();
  const programArguments = ["127.0.0.1", String(port), String(await echo()), delay];
  const relay = spawn(process.execPath, [lateAnswersProgram, ...programArguments]);
  onTestFinished(() => void relay.kill("SIGKILL"));
  await once(relay.stdout, "data");

  const client = connect({ host: "127.0.0.1", port, noDelay: true });
  onTestFinished(() => void client.destroy());
  const begun = performance.now();
  client.write("first ");
  expect((await once(client, "data")).join("")).toBe("first ");
  // A timer may fire a millisecond early.
  expect(performance.now() - begun).toBeGreaterThanOrEqual(lateMs - 1);

  // On a busy machine the relay may learn of the new delay before it has the second answer: then both are early.
  client.write("second ");
  await once(echoed, "second ");
  writeFileSync(delay, "0");
  setTimeout(() => client.write("third"), lookMs);
  let answered = "";
  while (answered.length < "second third".length) {
    answered += (await once(client, "data")).join("");
  }
  expect(answered).toBe("second third");
});
