import { afterEach, describe, expect, test } from "vitest";
import { type Clock, systemClock } from "../../../base/clock.ts";
import { VirtualClock } from "../../../base/virtual-clock.testing.ts";
import { parseIpv4 } from "../../../protocol/ipv4.ts";
import { decodeTime } from "../../../protocol/time/rfc868.ts";
import { dotted } from "../../metrics/exposition.ts";
import { StartError } from "../../process/start-error.ts";
import {
  connectTo,
  DatagramClient,
  eventually,
  readToEnd,
} from "../../service/loop/clients.testing.ts";
import { type RunningTimeServer, startTimeServer, type TimeServerOptions } from "./time-server.ts";

const loopback = parseIpv4("127.0.0.1")!;
const unixSeconds = 1_800_000_000;
/** The wall stands still; the loop's own scale goes on. */
const stoppedWall = (wallMs: number): Clock => ({
  wallMs: () => wallMs,
  monotonicMs: () => systemClock.monotonicMs(),
});

const closers: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(options: TimeServerOptions = {}): Promise<RunningTimeServer> {
  const server = await startTimeServer({
    address: loopback,
    port: 0,
    clock: stoppedWall(unixSeconds * 1000 + 999),
    ...options,
  });
  closers.push(() => server.stop());
  return server;
}

async function client(port: number): Promise<DatagramClient> {
  const opened = await DatagramClient.open(port);
  closers.push(() => opened.close());
  return opened;
}

describe.each(["auto", "dgram"] as const)("over the %s socket", (backend) => {
  test("TIME-5: answers an empty datagram, and one that is not", async () => {
    const server = await start({ backend });
    const asking = await client(server.port);
    for (const question of [new Uint8Array(0), new Uint8Array(1), new Uint8Array(1400).fill(255)]) {
      expect(decodeTime(await asking.ask(question))).toBe(unixSeconds);
    }
    expect(dotted(server.counters)).toEqual({
      "answered.udp": 3,
      "answered.tcp": 0,
      "dropped.clock-not-set": 0,
      "dropped.loop": 0,
    });
  });

  test("a burst is answered to the last datagram", async () => {
    const server = await start({ backend });
    const asking = await client(server.port);
    // As many answers as the default receive buffer of the client holds.
    for (let sent = 0; sent < 200; sent += 1) await asking.send(new Uint8Array(0));
    await eventually("200 answers", () => asking.answers.length === 200);
    expect(server.counters.answered.udp).toBe(200);
  });
});

test("TIME-7, INC-9: the same port answers over TCP: four bytes, then the end", async () => {
  const server = await start();
  for (const greeting of ["", "what time is it?\n"]) {
    const connection = await connectTo(server.port);
    if (greeting !== "") connection.write(greeting);
    const bytes = await readToEnd(connection);
    expect(decodeTime(bytes)).toBe(unixSeconds);
  }
  expect(server.counters.answered.tcp).toBe(2);
});

test("a server without the time keeps silent on UDP and closes on TCP (RFC 868)", async () => {
  const server = await start({ clock: stoppedWall(5000) });
  const asking = await client(server.port);
  await asking.send(new Uint8Array(0));
  await eventually("the datagram is dropped", () => server.counters.dropped["clock-not-set"] === 1);
  expect(await readToEnd(await connectTo(server.port))).toEqual(new Uint8Array(0));
  expect(asking.answers).toEqual([]);
  expect(server.counters.dropped["clock-not-set"]).toBe(2);
});

test("the time is the wall clock's at the moment of the question", async () => {
  const clock = new VirtualClock(unixSeconds * 1000);
  const server = await start({ clock });
  const asking = await client(server.port);
  expect(decodeTime(await asking.ask(new Uint8Array(0)))).toBe(unixSeconds);
  clock.advance(61_000);
  expect(decodeTime(await asking.ask(new Uint8Array(0)))).toBe(unixSeconds + 61);
});

test("without TCP nothing listens there", async () => {
  const server = await start({ tcp: false });
  await expect(connectTo(server.port)).rejects.toThrow("ECONNREFUSED");
});

test("a port that is taken is a StartError that names it, and nothing stays open", async () => {
  const first = await start();
  await expect(startTimeServer({ address: loopback, port: first.port })).rejects.toThrow(
    new RegExp(`^Cannot serve Time UDP on 127\\.0\\.0\\.1 port ${first.port}: .*EADDRINUSE`),
  );
  await first.stop();
  const second = await start({ port: first.port });
  expect(second.port).toBe(first.port);
  await expect(startTimeServer({ address: 0x0102_0304, port: 0 })).rejects.toThrow(StartError);
});
