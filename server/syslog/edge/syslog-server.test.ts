import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { nullLogger } from "../../../base/log.ts";
import { VirtualClock } from "../../../base/virtual-clock.testing.ts";
import { parseIpv4 } from "../../../protocol/ipv4.ts";
import { frameCounted } from "../../../protocol/syslog/framing.testing.ts";
import { StartError } from "../../process/start-error.ts";
import {
  connectTo,
  DatagramClient,
  eventually,
  readToEnd,
} from "../../service/loop/clients.testing.ts";
import { dayOf, rotatedName } from "../rotation.ts";
import {
  type RunningSyslogServer,
  type SyslogServerOptions,
  startSyslogServer,
} from "./syslog-server.ts";

const loopback = parseIpv4("127.0.0.1")!;
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

let directory: string;
const closers: (() => void | Promise<void>)[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "provlab-syslog-"));
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  rmSync(directory, { recursive: true });
});

async function start(options: Partial<SyslogServerOptions> = {}): Promise<RunningSyslogServer> {
  const server = await startSyslogServer({ address: loopback, port: 0, directory, ...options });
  closers.push(() => server.stop());
  return server;
}

async function client(port: number, address?: string): Promise<DatagramClient> {
  const opened = await DatagramClient.open(port, address);
  closers.push(() => opened.close());
  return opened;
}

/** What 90 old days have: together more than half of the total. */
const dayText = "x".repeat(70_000);

/** How many messages the notes say were dropped for this reason. */
function sumOfDrops(notes: readonly string[], reason: string): number {
  const told = notes.map((note) => new RegExp(`(\\d+) ${reason}\\b`).exec(note)?.[1]);
  return told.reduce((sum, count) => sum + Number(count ?? 0), 0);
}

/** What stands in a file, without the time of each line. */
function linesOf(file: string): string[] {
  const text = readFileSync(join(directory, file), "utf8");
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => line.slice(line.indexOf(" ") + 1));
}

describe.each(["auto", "dgram"] as const)("over the %s socket", (backend) => {
  test("LOG-1: datagrams arrive in the files of their facilities", async () => {
    const server = await start({ backend });
    const device = await client(server.port);
    await device.send(bytesOf("<182>Jan  1 00:00:07 cm-1 boot: bound"));
    await device.send(bytesOf("<174>1 - cm-2 tftp - - - fetched"));
    await device.send(bytesOf("neither format"));
    await eventually("three messages", () => server.counters.lines === 3);
    await server.stop();
    expect(linesOf("dhcp.log")).toEqual(["127.0.0.1 cm-1 local6.info boot: bound"]);
    expect(linesOf("tftp.log")).toEqual(["127.0.0.1 cm-2 local5.info tftp: fetched"]);
    expect(linesOf("messages")).toEqual(["127.0.0.1 - user.notice neither format"]);
  });

  test("a message of 8 KiB is kept whole; a longer one loses its end, and is counted", async () => {
    const server = await start({ backend });
    const device = await client(server.port);
    await device.send(bytesOf(`<13>${"x".repeat(8188)}`));
    await eventually("the message", () => server.counters.lines === 1);
    expect(server.counters["cut-off"]).toBe(0);
    await device.send(bytesOf(`<13>${"y".repeat(60_000)}`));
    await eventually("the long message", () => server.counters.lines === 2);
    expect(server.counters["cut-off"]).toBe(1);
    await server.stop();
    expect(linesOf("messages")).toEqual([
      `127.0.0.1 - user.notice ${"x".repeat(8188)}`,
      `127.0.0.1 - user.notice ${"y".repeat(8188)}`,
    ]);
  });
});

test("lines are in the file without a stop or a further message", async () => {
  const server = await start();
  await (await client(server.port)).send(bytesOf("<13>hello"));
  await eventually("the line", () => linesOf("messages").length === 1);
});

describe("over TCP", () => {
  test("octet counting and line ends, in pieces that end anywhere", async () => {
    const server = await start();
    const stream = Buffer.concat([
      frameCounted(bytesOf("<182>Jan  1 00:00:07 a t: one\ntwo")),
      bytesOf("<182>Jan  1 00:00:07 a t: three\n"),
      frameCounted(bytesOf("<182>1 - a t - - - four")),
      bytesOf("<182>Jan  1 00:00:07 a t: the end, unfinished"),
    ]);
    const connection = await connectTo(server.port);
    connection.setNoDelay(true);
    for (let at = 0; at < stream.length; at += 7) {
      await new Promise((resolve) => connection.write(stream.subarray(at, at + 7), resolve));
    }
    connection.end();
    await eventually("four messages", () => server.counters.received.tcp === 4);
    await server.stop();
    expect(linesOf("dhcp.log")).toEqual([
      "127.0.0.1 a local6.info t: one#012two",
      "127.0.0.1 a local6.info t: three",
      "127.0.0.1 a local6.info t: four",
      "127.0.0.1 a local6.info t: the end, unfinished",
    ]);
  });

  test("a frame without an end is cut off, counted, and holds no memory", async () => {
    const server = await start();
    const connection = await connectTo(server.port);
    for (let sent = 0; sent < 16; sent += 1) connection.write("x".repeat(65_536));
    connection.end("\n<13>next\n");
    await eventually("two messages", () => server.counters.received.tcp === 2);
    expect(server.counters["cut-off"]).toBe(1);
    await server.stop();
    const [long, next] = linesOf("messages");
    expect(long).toMatch(/^127\.0\.0\.1 - user\.notice x{8192}$/);
    expect(next).toBe("127.0.0.1 - user.notice next");
  });

  test("a sender beyond its rate waits and loses nothing", async () => {
    const server = await start({ rateLimits: { messagesBurst: 10 } });
    const connection = await connectTo(server.port);
    for (let sent = 0; sent < 300; sent += 1) connection.write(`<182>t: ${sent}\n`);
    connection.end();
    await eventually("all of them", () => server.counters.received.tcp === 300);
    expect(server.counters.dropped.rate).toBe(0);
    await server.stop();
    expect(linesOf("dhcp.log").at(-1)).toBe("127.0.0.1 - local6.info t: 299");
  });

  test("half-open connections: bounded, refused beyond, closed when idle; datagrams still pass", async () => {
    const server = await start({ connectionsMax: 4, idleMsMax: 200 });
    const silent = [];
    for (let opened = 0; opened < 4; opened += 1) {
      const connection = await connectTo(server.port);
      connection.write("<13>never fini");
      silent.push(readToEnd(connection));
    }
    await readToEnd(await connectTo(server.port));
    await (await client(server.port)).send(bytesOf("<13>honest"));
    await eventually("the datagram", () => server.counters.received.udp === 1);
    await Promise.all(silent);
    const connection = await connectTo(server.port);
    connection.end("<13>there is room again\n");
    await eventually("the message", () => server.counters.received.tcp === 1);
    await eventually("the refusal is counted", () => server.counters["tcp-refused"] === 1);
  });
});

test("a flood of datagrams is cut at the source's rate, hinders nobody, and is told to the last one", async () => {
  const warnings: string[] = [];
  const server = await start({
    rateLimits: { messagesBurst: 20, messagesPerSecond: 0.001 },
    logger: { ...nullLogger, warn: (line) => warnings.push(line) },
  });
  const flooding = await client(server.port);
  for (let sent = 0; sent < 500; sent += 1) await flooding.send(bytesOf(`<182>flood ${sent}`));
  await eventually("the flood is over", () => server.counters.received.udp === 500);
  await eventually("it is told", () => warnings.length > 0);
  await flooding.send(bytesOf("<182>and again"));
  await (await client(server.port, "127.0.0.2")).send(bytesOf("<182>honest"));
  await eventually("the honest message", () => server.counters.received.udp === 502);
  await server.stop();
  expect(server.counters.dropped.rate).toBe(481);
  expect(linesOf("dhcp.log")).toHaveLength(21);
  expect(linesOf("dhcp.log").at(-1)).toBe("127.0.0.2 - local6.info honest");
  expect(sumOfDrops(linesOf("messages"), "rate")).toBe(481);
  expect(sumOfDrops(warnings, "rate")).toBe(481);
  expect(warnings.at(-1)).toMatch(/ rate \(481 in all\); the last from 127\.0\.0\.1\.$/);
});

test("one source that fills the day leaves room for the others, and every older day", async () => {
  const totalBytesMax = 91 * 131_072;
  const clock = new VirtualClock(Date.parse("2026-11-24T12:00:00Z"));
  for (let ago = 1; ago <= 90; ago += 1) {
    writeFileSync(
      join(directory, rotatedName("dhcp.log", dayOf(clock.wallMs()) - ago, 0)),
      dayText,
    );
  }
  const before = readdirSync(directory);
  const server = await start({ clock, totalBytesMax, rateLimits: { bytesBurst: 1e9 } });
  const flooding = await client(server.port);
  // Escaped it takes four times its size.
  const flood = new Uint8Array(8192).fill(1);
  flood.set(bytesOf("<182>"));
  for (let sent = 1; sent <= 2000; sent += 1) {
    await flooding.send(flood);
    if (sent % 10 > 0) continue;
    await eventually("the flood is taken", () => server.counters.received.udp === sent);
  }
  for (let device = 2; device < 100; device += 1) {
    await (await client(server.port, `127.0.0.${device}`)).send(bytesOf("<182>honest"));
  }
  await eventually("all messages", () => server.counters.received.udp === 2098);
  await server.stop();
  expect(linesOf("dhcp.log").filter((line) => line.endsWith("honest"))).toHaveLength(98);
  expect(readdirSync(directory)).toEqual(expect.arrayContaining(before));
  const bytes = readdirSync(directory).map((name) => statSync(join(directory, name)).size);
  expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(totalBytesMax);
  const { dropped } = server.counters;
  expect(sumOfDrops(linesOf("messages"), "share")).toBe(dropped.share);
  expect(dropped.share).toBeGreaterThan(1900);
});

test("LOG-4: the server turns the day by itself", async () => {
  const clock = new VirtualClock(Date.parse("2026-11-24T23:59:58Z"));
  const server = await start({ clock });
  await (await client(server.port)).send(bytesOf("<182>before midnight"));
  await eventually("the line", () => linesOf("dhcp.log").length === 1);
  clock.advance(3000);
  await eventually("the file of the day", () => existsSync(join(directory, "dhcp.log-20261124")));
  expect(linesOf("dhcp.log-20261124")).toEqual(["127.0.0.1 - local6.info before midnight"]);
});

test("rules of one's own, with a path of one's own", async () => {
  const elsewhere = join(directory, "deep", "er", "meters.log");
  const server = await start({
    rules: [
      { selector: "local0.*", file: elsewhere },
      { selector: "*.err", file: "bad" },
    ],
  });
  expect(server.files).toEqual([elsewhere, join(directory, "bad")]);
  await (await client(server.port)).send(bytesOf("<131>both"));
  await eventually("two lines", () => server.counters.lines === 2);
  await server.stop();
  expect(linesOf("deep/er/meters.log")).toEqual(["127.0.0.1 - local0.err both"]);
  expect(linesOf("bad")).toEqual(["127.0.0.1 - local0.err both"]);
});

test("what cannot work is refused, and leaves no port behind", async () => {
  await expect(start({ rules: [{ selector: "nothing", file: "x" }] })).rejects.toThrow(RangeError);
  await expect(start({ daysKept: 0 })).rejects.toThrow(RangeError);
  await expect(start({ totalBytesMax: 91 * 65_536 - 1 })).rejects.toThrow("totalBytesMax");
  await expect(start({ rateLimits: { bytesPerSecond: 0 } })).rejects.toThrow(RangeError);
  await expect(start({ directory: "/dev/null/logs" })).rejects.toThrow(StartError);
  const first = await start();
  await expect(start({ port: first.port })).rejects.toThrow(StartError);
  await first.stop();
  expect((await start({ port: first.port })).port).toBe(first.port);
});
