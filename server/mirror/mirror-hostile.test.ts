import { createHash, createHmac } from "node:crypto";
import { createServer, request, type Server } from "node:https";
import { connect, createServer as createTcpServer, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { parseIpv4 } from "../../protocol/ipv4.ts";
import { mirrorClientTls, mirrorServerTls } from "./edge/mirror-tls.ts";
import { MirrorPair, waitMsMax } from "./mirror-pair.testing.ts";

// The interconnect belongs to somebody else: who may ask, what is asked, what is answered, and what can be read.

const signWith =
  (key: string) =>
  (bytes: Uint8Array): Uint8Array =>
    createHmac("sha256", key).update(bytes).digest();
const sign = signWith("the pair's key");

let pair: MirrorPair;

beforeEach(async () => {
  pair = await MirrorPair.make();
});

afterEach(async () => {
  await pair.close();
});

interface Answered {
  readonly status: number;
  readonly text: string;
}

/** Rejects when there is no answer. */
async function ask(path: string, tls: object = mirrorClientTls(sign)): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const options = { host: pair.addresses[0], port: pair.port, path, agent: false, ...tls };
    request(options, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on("end", () => resolve({ status: response.statusCode!, text }));
    })
      .on("error", reject)
      .end();
  });
}

/** What comes back for these bytes until the server closes the connection. */
async function send(bytes: Uint8Array | string): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(pair.port, pair.addresses[0]);
    socket.on("data", (chunk) => void chunks.push(chunk));
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(Buffer.concat(chunks)));
    socket.write(bytes);
  });
}

/** Stands between node 1 and node 0; returns its address and what passed, in each direction. */
async function listenIn(): Promise<{
  address: string;
  asked: () => Buffer;
  answered: () => Buffer;
}> {
  const address = "127.0.42.3";
  const [asked, answered]: Buffer[][] = [[], []];
  const open = new Set<Socket>();
  const server = createTcpServer((client) => {
    const master = connect(pair.port, pair.addresses[0]);
    for (const [from, to, chunks] of [
      [client, master, asked],
      [master, client, answered],
    ] as const) {
      open.add(from);
      from.on("data", (chunk) => void chunks.push(chunk));
      from.on("error", () => to.destroy());
      from.pipe(to);
    }
  });
  await new Promise<void>((done) => server.listen(pair.port, address, done));
  onTestFinished(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  return { address, asked: () => Buffer.concat(asked), answered: () => Buffer.concat(answered) };
}

describe("who asks", () => {
  beforeEach(async () => {
    pair.write(0, "cm.cfg", "modem");
    pair.write(0, "sub/two.cfg", "two");
    pair.isActive[0] = true;
    await pair.start(0);
  });

  const manifest = "/manifest?folder=root&unless=";

  test.each<[string, object]>([
    ["with another key", mirrorClientTls(signWith("another"))],
    [
      "under another name",
      { ...mirrorClientTls(sign), pskCallback: () => ({ psk: Buffer.alloc(32), identity: "x" }) },
    ],
    ["with certificates in place of the key", { rejectUnauthorized: false }],
  ])("%s is told nothing", async (_name, tls) => {
    await expect(ask(manifest, tls)).rejects.toThrow();
    await expect(ask("/file?folder=root&path=cm.cfg", tls)).rejects.toThrow();
    expect(pair.mirrors[0]!.counts()).toMatchObject({ unproven: 2, served: 0 });
    expect((await ask(manifest)).status).toBe(200);
  });

  test("in the clear is told nothing", async () => {
    const answer = await send(`GET ${manifest} HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect(answer.includes("cm.cfg")).toBe(false);
    expect(pair.mirrors[0]!.counts().unproven).toBe(1);
  });

  test("by a recording of the other node is told nothing", async () => {
    const line = await listenIn();
    const { links } = pair.planOf(1);
    await pair.start(1, { links: [{ ...links[0], peerAddress: parseIpv4(line.address)! }] });
    await pair.untilInStep(1);
    await pair.mirrors[1]!.stop();
    const { served } = pair.mirrors[0]!.counts();
    await send(line.asked());
    expect(pair.mirrors[0]!.counts()).toMatchObject({ served, unproven: 1 });
  });

  test("cannot make the server speak an older TLS or a cipher without a key of its own", async () => {
    const refused = (options: object): Promise<unknown> =>
      new Promise((resolve) => {
        const base = { host: pair.addresses[0], port: pair.port, ...mirrorClientTls(sign) };
        const socket = connectTls({ ...base, ...options }, () => resolve("connected"));
        socket.on("error", () => resolve("refused"));
      });
    expect(await refused({})).toBe("connected");
    expect(await refused({ ciphers: "PSK-AES256-GCM-SHA384" })).toBe("refused");
    expect(await refused({ minVersion: "TLSv1", maxVersion: "TLSv1.1" })).toBe("refused");
  });

  test("and listens on the line, reads neither a name nor a content", async () => {
    const line = await listenIn();
    const secret = "the operator's secret ".repeat(100);
    pair.write(0, "secret-of-the-cmts", secret);
    const { links } = pair.planOf(1);
    await pair.start(1, { links: [{ ...links[0], peerAddress: parseIpv4(line.address)! }] });
    await pair.untilSame();
    for (const passed of [line.asked(), line.answered()]) {
      expect(passed.length).toBeGreaterThan(0);
      for (const word of ["secret", "manifest", "cm.cfg", "HTTP"]) {
        expect(passed.includes(word)).toBe(false);
      }
    }
    expect(line.answered().length).toBeGreaterThan(secret.length);
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
    // The manifest has been made; nothing but its paths can be had.
    await ask(manifest);
    const url = `/file?${new URLSearchParams({ folder: "root", path })}`;
    expect(await ask(url)).toEqual({ status: 409, text: "not as in the manifest" });
    const good = "/file?folder=root&path=sub/two.cfg";
    expect(await ask(good)).toEqual({ status: 200, text: "two" });
  });

  test("for another folder gets none", async () => {
    for (const folder of ["", "toString", "../root"]) {
      const url = `/manifest?${new URLSearchParams({ folder })}`;
      expect((await ask(url)).status).toBe(404);
    }
  });

  test("of a standby node gets no file", async () => {
    pair.isActive[0] = false;
    expect((await ask("/file?folder=root&path=cm.cfg")).status).toBe(409);
  });

  test("with what is no TLS, or more connections than there may be, stops nobody", async () => {
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

  test("half of a TLS handshake does not keep the mirror from closing", async () => {
    const socket = connect(pair.port, pair.addresses[0]);
    const cut = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    socket.on("error", () => undefined);
    // The first bytes of a record that never comes.
    await new Promise<void>((done) => socket.write("\x16\x03\x01", () => done()));
    await ask("/manifest?folder=root");
    const beganMs = performance.now();
    await pair.mirrors[0]!.stop();
    await cut;
    // The handshake itself has 5 s.
    expect(performance.now() - beganMs).toBeLessThan(4000);
  });
});

describe("what is answered by a master that has the key and lies", () => {
  const hash = createHash("sha256").update("modem").digest("hex");
  const line = (path: string, size = 5, sha256 = hash): string =>
    `${sha256} ${size} 1000 644 ${path}\n`;
  const complete = "provlab/mirror@1 complete\n";
  let master: Server | undefined;

  /** `file`: the body of every file. */
  async function startMaster(manifest: string, file: string, signs = sign): Promise<void> {
    const server = createServer(mirrorServerTls(signs), ({ url = "" }, response) => {
      response.writeHead(200).end(url.startsWith("/manifest") ? manifest : file);
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
    await startMaster(`${complete}${line("a")}`, "modem", signWith("another"));
    await pair.start(1);
    await vi.waitFor(() => expect(pair.said.join("\n")).toContain("another key"), waitMsMax);
    expect(pair.contentOf(1)).toEqual({});
  });
});
