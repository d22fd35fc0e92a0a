import { createHmac } from "node:crypto";
import { createServer, type IncomingHttpHeaders, request, type Server } from "node:http";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { MirrorSessions } from "./edge/mirror-sessions.ts";
import { mirrorHeaders, openSignature, SessionSigner, sha256Of } from "./edge/mirror-signatures.ts";
import { MirrorPair, waitMsMax } from "./mirror-pair.testing.ts";

// The interconnect belongs to somebody else: who may ask, what is asked, and what is answered.

const sign = (bytes: Uint8Array): Uint8Array =>
  createHmac("sha256", "the pair's key").update(bytes).digest();
const nonce = "0123456789abcdef".repeat(2);

let pair: MirrorPair;

beforeEach(async () => {
  pair = await MirrorPair.make();
});

afterEach(async () => {
  await pair.close();
});

interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

async function ask(
  url: string,
  headers: Record<string, string>,
  method = "GET",
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const options = { method, host: pair.addresses[0], port: pair.port, path: url, headers };
    request(options, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on("end", () =>
        resolve({ status: response.statusCode!, headers: response.headers, text }),
      );
    })
      .on("error", reject)
      .end();
  });
}

/** A session of somebody who has the key. */
async function open(): Promise<(url: string, count: number) => Record<string, string>> {
  const headers = {
    [mirrorHeaders.nonce]: nonce,
    [mirrorHeaders.signature]: openSignature(sign, nonce),
  };
  const opened = await ask("/session", headers, "POST");
  const id = String(opened.headers[mirrorHeaders.nonce]);
  const signer = new SessionSigner(sign, nonce, id);
  return (url, count) => ({
    [mirrorHeaders.session]: id,
    [mirrorHeaders.count]: String(count),
    [mirrorHeaders.signature]: signer.request(count, url),
  });
}

describe("who asks", () => {
  beforeEach(async () => {
    pair.write(0, "cm.cfg", "modem");
    pair.write(0, "sub/two.cfg", "two");
    pair.isActive[0] = true;
    await pair.start(0);
  });

  const manifest = "/manifest?folder=root&unless=";

  test("without a session, or with a wrong signature, is told nothing", async () => {
    const headersOf = await open();
    const right = headersOf(manifest, 1);
    const wrong: Record<string, string>[] = [
      {},
      { ...right, [mirrorHeaders.session]: nonce },
      { ...right, [mirrorHeaders.signature]: "0".repeat(64) },
      { ...right, [mirrorHeaders.signature]: "" },
      { ...right, [mirrorHeaders.signature]: "ä".repeat(32) },
      { ...right, [mirrorHeaders.count]: "2" },
      { ...right, [mirrorHeaders.count]: "NaN" },
      { ...right, [mirrorHeaders.count]: "1e999" },
      headersOf("/file?folder=root&path=cm.cfg", 1),
    ];
    for (const headers of wrong) {
      expect(await ask(manifest, headers)).toMatchObject({ status: 401, text: "" });
    }
    expect(pair.mirrors[0]!.counts().unproven).toBe(wrong.length);
    expect((await ask(manifest, right)).status).toBe(200);
  });

  test("what was asked before, or is older than that, is told nothing", async () => {
    const headersOf = await open();
    const [first, third] = [headersOf(manifest, 1), headersOf(manifest, 3)];
    expect((await ask(manifest, third)).status).toBe(200);
    expect((await ask(manifest, third)).status).toBe(401);
    expect((await ask(manifest, first)).status).toBe(401);
    // Nor in another session, though it began with the same recorded request.
    await open();
    expect((await ask(manifest, third)).status).toBe(401);
  });

  test.each([
    "../root-0/cm.cfg",
    "/cm.cfg",
    "./cm.cfg",
    "sub/../cm.cfg",
    "sub",
    "",
    "cm.cfg\0",
    ".provlab-incoming/root/1",
    `${"../".repeat(20)}etc/passwd`,
    "__proto__",
  ])("for the file %j gets none", async (path) => {
    const headersOf = await open();
    // The manifest has been made; nothing but its paths can be had.
    await ask(manifest, headersOf(manifest, 1));
    const url = `/file?${new URLSearchParams({ folder: "root", path })}`;
    expect(await ask(url, headersOf(url, 2))).toMatchObject({
      status: 409,
      text: "not as in the manifest",
    });
    const good = "/file?folder=root&path=sub/two.cfg";
    expect(await ask(good, headersOf(good, 3))).toMatchObject({ status: 200, text: "two" });
  });

  test("for another folder gets none", async () => {
    const headersOf = await open();
    for (const [count, folder] of ["", "toString", "../root"].entries()) {
      const url = `/manifest?${new URLSearchParams({ folder })}`;
      expect((await ask(url, headersOf(url, count + 1))).status).toBe(404);
    }
  });

  test("of a standby node gets no file", async () => {
    pair.isActive[0] = false;
    const headersOf = await open();
    const url = "/file?folder=root&path=cm.cfg";
    expect((await ask(url, headersOf(url, 1))).status).toBe(409);
  });

  test("with what is no HTTP, or more connections than there may be, stops nobody", async () => {
    const sockets = Array.from({ length: 40 }, (_, number) => {
      const socket = connect(pair.port, pair.addresses[0]);
      socket.on("error", () => undefined);
      socket.write(number % 2 === 0 ? "\0\xff".repeat(5000) : "GET /file HTTP/1.1\r\nA: ");
      return socket;
    });
    await pair.start(1);
    for (const socket of sockets.splice(20)) socket.destroy();
    await vi.waitFor(() => expect(pair.contentOf(1)).toEqual(pair.contentOf(0)), waitMsMax);
    for (const socket of sockets) socket.destroy();
  });
});

test("sessions that were opened and never used push each other out, and are few", () => {
  const sessions = new MirrorSessions(sign);
  const opened = Array.from({ length: 100 }, () =>
    String(
      sessions.open({
        [mirrorHeaders.nonce]: nonce,
        [mirrorHeaders.signature]: openSignature(sign, nonce),
      })?.[mirrorHeaders.nonce],
    ),
  );
  const usable = opened.filter((id) => {
    const signature = new SessionSigner(sign, nonce, id).request(1, "/");
    const headers = {
      [mirrorHeaders.session]: id,
      [mirrorHeaders.count]: "1",
      [mirrorHeaders.signature]: signature,
    };
    return sessions.prove("/", headers) !== undefined;
  });
  expect(usable).toEqual(opened.slice(-8));
});

describe("what is answered by a master that has the key and lies", () => {
  const hash = sha256Of("modem");
  const line = (path: string, size = 5, sha256 = hash): string =>
    `${sha256} ${size} 1000 644 ${path}\n`;
  const complete = "provlab/mirror@1 complete\n";
  let master: Server | undefined;

  /** `file`: the body of every file. */
  async function startMaster(manifest: string, file: string, signs = sign): Promise<void> {
    let signer: SessionSigner | undefined;
    const sessions = new MirrorSessions(signs);
    const server = createServer((asked, response) => {
      const { url = "", headers } = asked;
      if (url === "/session") {
        const opened = sessions.open(headers);
        if (opened !== undefined) {
          const from = String(headers[mirrorHeaders.nonce]);
          signer = new SessionSigner(signs, from, opened[mirrorHeaders.nonce]);
        }
        response.writeHead(opened === undefined ? 401 : 200, opened).end();
        return;
      }
      const body = url.startsWith("/manifest") ? manifest : file;
      const count = Number(headers[mirrorHeaders.count]);
      const signature = signer?.reply(count, 200, sha256Of(body)) ?? "";
      response.writeHead(200, { [mirrorHeaders.signature]: signature }).end(body);
    });
    await new Promise<void>((done) => server.listen(pair.port, pair.addresses[0], done));
    master = server;
  }

  afterEach(() => {
    master?.close();
    master?.closeAllConnections();
  });

  test.each<[string, string, string, string]>([
    [
      "a path that leads out",
      `${complete}${line("../out")}`,
      "modem",
      "root: the manifest is not one",
    ],
    ["a path from the root", `${complete}${line("/etc/out")}`, "modem", "the manifest is not one"],
    [
      "a path of the mirror's own",
      `${complete}${line(".provlab-incoming/root/x")}`,
      "modem",
      "the manifest is not one",
    ],
    ["a manifest that is none", "<html>", "modem", "the manifest is not one"],
    ["a longer file", `${complete}${line("a")}`, "modem and more", "longer than it may be"],
    ["an endless file", `${complete}${line("a")}`, "x".repeat(1e7), "longer than it may be"],
  ])("%s", async (_name, manifest, file, reason) => {
    pair.write(1, "mine", "mine");
    await startMaster(manifest, file);
    await pair.start(1);
    await vi.waitFor(() => expect(pair.said.join("\n")).toContain(reason), waitMsMax);
    expect(pair.contentOf(1)).toEqual({ mine: "mine" });
  });

  test.each([
    ["another content", "other"],
    ["less of it", "mod"],
  ])("%s than the manifest says", async (_name, file) => {
    pair.write(1, "a", "mine");
    await startMaster(`${complete}${line("a")}`, file);
    const asked = vi.fn();
    master!.on("request", ({ url }: { url: string }) => void (url.startsWith("/file") && asked()));
    await pair.start(1);
    await vi.waitFor(() => expect(asked.mock.calls.length).toBeGreaterThan(2), waitMsMax);
    expect(pair.contentOf(1)).toEqual({ a: "mine" });
    expect(pair.mirrors[1]!.counts()).toMatchObject({ fetched: 0, isInStep: false });
  });

  test("with another key, whatever it says", async () => {
    const other = (bytes: Uint8Array): Uint8Array =>
      createHmac("sha256", "another").update(bytes).digest();
    await startMaster(`${complete}${line("a")}`, "modem", other);
    await pair.start(1);
    await vi.waitFor(() => expect(pair.said.join("\n")).toContain("another key"), waitMsMax);
    expect(pair.contentOf(1)).toEqual({});
  });
});
