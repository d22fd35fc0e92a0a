import { afterEach, describe, expect, test } from "vitest";
import { type Clock, systemClock } from "../../../base/clock.ts";
import { parseIpv4 } from "../../../protocol/ipv4.ts";
import {
  decodeNtp,
  kissCode,
  type NtpPacket,
  ntpDifferenceMs,
  unixMsOfNtp,
} from "../../../protocol/ntp/packet.ts";
import { dotted } from "../../metrics/exposition.ts";
import { StartError } from "../../process/start-error.ts";
import { DatagramClient, eventually } from "../../service/loop/clients.testing.ts";
import type { KernelClock } from "../clock-state.ts";
import { type NtpServerOptions, type RunningNtpServer, startNtpServer } from "./ntp-server.ts";

const loopback = parseIpv4("127.0.0.1")!;

const closers: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(options: NtpServerOptions = {}): Promise<RunningNtpServer> {
  const server = await startNtpServer({ address: loopback, port: 0, ...options });
  closers.push(() => server.stop());
  return server;
}

async function client(port: number, address?: string): Promise<DatagramClient> {
  const opened = await DatagramClient.open(port, address);
  closers.push(() => opened.close());
  return opened;
}

function question(first = 0x23, bytes = 48): Uint8Array {
  const packet = new Uint8Array(bytes);
  packet[0] = first;
  for (let at = 40; at < 48 && at < bytes; at += 1) packet[at] = 0xa0 + at;
  return packet;
}

async function ask(asking: DatagramClient, bytes = question()): Promise<NtpPacket> {
  return decodeNtp(await asking.ask(bytes));
}

describe.each(["auto", "dgram"] as const)("over the %s socket", (backend) => {
  test("SYS-7: a client learns the time, from the moment that its question arrived", async () => {
    const server = await start({ backend });
    const asking = await client(server.port);
    const beforeMs = Date.now();
    const bytes = await asking.ask(question());
    const afterMs = Date.now() + 1;
    const reply = decodeNtp(bytes);
    expect(bytes).toHaveLength(48);
    expect(bytes.subarray(24, 32)).toEqual(question().subarray(40, 48));
    expect(reply).toMatchObject({ version: 4, mode: 4 });
    // Two scales of time are compared in the server, and clocks drift apart by less than this.
    expect(unixMsOfNtp(reply.receive)).toBeGreaterThanOrEqual(beforeMs - 5);
    expect(unixMsOfNtp(reply.transmit)).toBeLessThanOrEqual(afterMs);
    expect(ntpDifferenceMs(reply.transmit, reply.receive)).toBeGreaterThanOrEqual(0);
    expect(server.counters.answered).toBe(1);
  });

  test("a packet with an authenticator behind is answered in 48 bytes", async () => {
    const server = await start({ backend });
    expect(await (await client(server.port)).ask(question(0x1b, 68))).toHaveLength(48);
  });
});

test("what is no request is counted and gets no reply", async () => {
  const server = await start();
  const asking = await client(server.port);
  await asking.send(new Uint8Array(0));
  await asking.send(question(0x23, 47));
  for (const first of [0x24, 0x16, 0x17, 0x3b, 0x03, 0x25]) await asking.send(question(first));
  const reply = await ask(asking);
  expect(reply.mode).toBe(4);
  expect(asking.answers).toHaveLength(1);
  expect(dotted(server.counters)).toEqual({
    answered: 1,
    kissed: 0,
    rejected: 2,
    "dropped.mode-not-served": 4,
    "dropped.version": 2,
    "dropped.no-source-port": 0,
    "dropped.rate": 0,
  });
});

test("a flood from one address: a burst, one kiss-o'-death, then silence; others are served", async () => {
  const server = await start({ rateLimits: { burst: 5, perSecond: 0.001 } });
  const flooding = await client(server.port);
  for (let sent = 0; sent < 100; sent += 1) await flooding.send(question());
  await eventually("all have arrived", () => server.counters.dropped.rate === 95);
  await eventually("six answers", () => flooding.answers.length === 6);
  const codes = flooding.answers.map((bytes) => kissCode(decodeNtp(bytes)));
  expect(codes).toEqual([undefined, undefined, undefined, undefined, undefined, "RATE"]);
  expect(server.counters.kissed).toBe(1);
  const other = await client(server.port, "127.0.0.2");
  expect(kissCode(await ask(other))).toBeUndefined();
});

test("without a limit nobody is told off", async () => {
  const server = await start({ rateLimits: false });
  const asking = await client(server.port);
  for (let asked = 0; asked < 50; asked += 1) expect((await ask(asking)).stratum).not.toBe(0);
});

test("the state of the host's clock shows in the replies, and its loss is told (TIME-3)", async () => {
  let kernel: KernelClock = { synchronised: true, maxErrorMs: 20, leapSecond: "none" };
  let offsetMs = 0;
  const clock: Clock = {
    wallMs: () => systemClock.wallMs(),
    monotonicMs: () => systemClock.monotonicMs() + offsetMs,
  };
  const warnings: string[] = [];
  const server = await start({
    clock,
    policy: { stratum: 2 },
    hostClock: { unixMs: () => Date.now(), precision: -10, kernel: () => kernel },
    logger: {
      error: () => undefined,
      warn: (line) => warnings.push(line),
      info: () => undefined,
      debug: () => undefined,
    },
  });
  const asking = await client(server.port);
  expect(await ask(asking)).toMatchObject({ stratum: 2, leap: 0, precision: -10 });
  kernel = { ...kernel, synchronised: false };
  offsetMs = 2000;
  await eventually("the state is read again", () => server.clockState().stratum === 10);
  expect((await ask(asking)).stratum).toBe(10);
  expect(warnings).toEqual(["NTP: stratum 2 is now 10."]);
});

test("a stratum out of range and a port that is taken are refused", async () => {
  await expect(start({ policy: { stratum: 16 } })).rejects.toThrow(RangeError);
  const first = await start();
  const second = startNtpServer({ address: loopback, port: first.port });
  await expect(second).rejects.toThrow(StartError);
});
