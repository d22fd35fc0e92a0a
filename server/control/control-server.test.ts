import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { ControlLine, ControlRequest } from "../ha/control-messages.ts";
import { StartError } from "../process/start-error.ts";
import { ControlServer, type ControlSource } from "./control-server.ts";
import { type AskPair, PairControl } from "./pair-control.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "provlab-control-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

let sockets = 0;

function freshPath(): string {
  sockets += 1;
  return join(folder, `${sockets}.sock`);
}

const single: ControlSource = {
  status: async () => ({ schema: "provlab/pair-status@1", role: "single", services: ["dhcp"] }),
  carryOut: async (order, tell) => tell({ kind: "refused", reasons: [`no ${order}`] }),
};

async function open(source: ControlSource, path = freshPath()): Promise<string> {
  const server = await ControlServer.open(path, source);
  onTestFinished(() => server.close());
  return path;
}

async function ask(socketPath: string, method: string, path: string) {
  const asked = request({ socketPath, method, path, agent: false });
  asked.end();
  const [response] = await once(asked, "response");
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode as number, text };
}

/** The thread of a pair that answers each request with these lines, and then is silent. */
function pairWith(lines: Partial<Record<ControlRequest, readonly ControlLine[]>>): ControlSource {
  const askPair: AskPair = (what, onLine) => {
    const timers = (lines[what] ?? []).map((line) => setTimeout(() => onLine(line), 1));
    return () => timers.forEach(clearTimeout);
  };
  return new PairControl(askPair, { statusMsMax: 50, lineMsMax: 100 });
}

const status = { kind: "status", status: { seenBy: "prov01" } } as unknown as ControlLine;
const step = { kind: "step", elapsedMs: 0, requirement: "HA-16 (1)", text: "lower" } as const;

test("only the owner may connect, and what is not offered is told", async () => {
  const path = await open(single);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(JSON.parse((await ask(path, "GET", "/status")).text)).toMatchObject({ role: "single" });
  expect(await ask(path, "POST", "/failback")).toEqual({
    status: 200,
    text: '{"kind":"refused","reasons":["no failback"]}\n',
  });
  expect((await ask(path, "GET", "/failback")).status).toBe(404);
  expect((await ask(path, "POST", "/reboot")).text).toContain("POST /clean-up");
});

test("a living server keeps its socket, and after its end it is gone", async () => {
  const path = freshPath();
  const server = await ControlServer.open(path, single);
  await expect(ControlServer.open(path, single)).rejects.toThrow(
    /another server listens on .*\.sock; stop it, or give each its own/,
  );
  expect((await ask(path, "GET", "/status")).status).toBe(200);
  await server.close();
  expect(existsSync(path)).toBe(false);
});

test("what a dead process left is replaced, what is no socket stays", async () => {
  const path = freshPath();
  const script = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  await once(spawn(process.execPath, ["-e", script], { stdio: "ignore" }), "exit");
  expect(statSync(path).isSocket()).toBe(true);
  await open(single, path);
  expect((await ask(path, "GET", "/status")).status).toBe(200);

  const file = freshPath();
  writeFileSync(file, "leases");
  const opening = ControlServer.open(file, single);
  await expect(opening).rejects.toThrow(StartError);
  await expect(opening).rejects.toThrow(/is there and is no socket/);
  const nowhere = ControlServer.open(join(folder, "no", "s"), single);
  await expect(nowhere).rejects.toThrow(/cannot listen on .*: (No such file|Permission denied)/);
});

test("an order tells its steps and ends with the end", async () => {
  const path = await open(pairWith({ status: [status], failback: [step, { kind: "done" }] }));
  const { text } = await ask(path, "POST", "/failback");
  expect(
    text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toEqual([step, { kind: "done" }]);
});

test("a thread that hangs is told with a sentence, and is given no order", async () => {
  const asked: ControlRequest[] = [];
  const silent = new PairControl(
    (what) => {
      asked.push(what);
      return () => undefined;
    },
    { statusMsMax: 50, lineMsMax: 100 },
  );
  const path = await open(silent);
  expect(await ask(path, "GET", "/status")).toEqual({
    status: 504,
    text: expect.stringMatching(/has not answered for 0.05 s: it hangs/),
  });
  expect((await ask(path, "POST", "/clean-up")).status).toBe(504);
  expect(asked).toEqual(["status", "status"]);
});

test("one that stops in the middle of an order leaves the answer without an end", async () => {
  const path = await open(pairWith({ status: [status], failback: [step] }));
  const { status: code, text } = await ask(path, "POST", "/failback");
  expect(code).toBe(200);
  expect(text.trimEnd().split("\n")).toHaveLength(1);
});

test("whoever has given an order may leave before it is carried out", async () => {
  let goOn = (): void => undefined;
  const later = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let isOver = false;
  const path = await open({
    ...single,
    carryOut: async (_, tell) => {
      tell(step);
      await later;
      tell(step);
      tell({ kind: "done" });
      isOver = true;
    },
  });
  const asked = request({ socketPath: path, method: "POST", path: "/failback", agent: false });
  asked.end();
  await once(asked, "response");
  asked.destroy();
  await once(asked, "close");
  goOn();
  await expect.poll(() => isOver).toBe(true);
  expect((await ask(path, "GET", "/status")).status).toBe(200);
});
