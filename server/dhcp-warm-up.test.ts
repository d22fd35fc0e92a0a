import { expect, test, vi } from "vitest";
import { type Clock, systemClock } from "../base/clock.ts";
import { loggerTo } from "../base/log.ts";
import { MemorySocket } from "../base/net/memory-socket.ts";
import { MessageType } from "../protocol/dhcp/message-type.ts";
import { leaseTableOf } from "./config/edge/load-config.ts";
import {
  clientPacket,
  configOf,
  ip,
  serverInterface,
  startSeconds,
} from "./dhcp/decide/engine.testing.ts";
import { DhcpEngine } from "./dhcp/decide/engine.ts";
import { AnswerStages } from "./dhcp/loop/answer-stages.ts";
import { type DhcpLoopParts, makeDhcpLoop } from "./dhcp-loop.ts";
import { KeptWarm, warmUp, warmUpMsMax } from "./dhcp-warm-up.ts";
import { LeaseFileStore } from "./lease/store/edge/lease-file-store.ts";
import { SimulatedDisk } from "./lease/store/lease-disk.testing.ts";
import type { Durability } from "./lease/store/lease-store.ts";
import { untraced } from "./trace/server-trace.ts";

/** Each look takes some of the time, so a warm-up is always the same. */
class TickingClock implements Clock {
  #ms = 0;
  wallMs(): number {
    return startSeconds * 1000 + this.#ms;
  }
  monotonicMs(): number {
    this.#ms += 0.5;
    return this.#ms;
  }
}

const path = "/dhcpd.leases";

/** A server whose every effect is recorded. */
function serverOf(text: string, durability: Durability = "fsync") {
  const config = configOf(text);
  const leases = leaseTableOf(config);
  const disk = new SimulatedDisk();
  disk.install(path, new Uint8Array(0));
  const store = LeaseFileStore.open(path, leases, { disk });
  const effects: unknown[] = [];
  const note =
    <Result = undefined>(kind: string, result?: Result) =>
    (...values: unknown[]): Result => {
      effects.push([kind, ...values]);
      return result as Result;
    };
  const socket = new MemorySocket({
    address: ip("10.9.0.1"),
    interfaceIndex: serverInterface.index,
  });
  const parts: DhcpLoopParts = {
    ...{ config, leases, socket: socket.socket, trace: untraced, clock: new TickingClock() },
    store: durability === "replicated" ? Object.assign(store, { durability }) : store,
    stages: new AnswerStages(() => 0),
    wake: undefined,
    gate:
      durability === "replicated"
        ? {
            turn: () => "silent",
            turnMsMax: 1000,
            mayRelease: () => false,
            tellUndecidable: () => undefined,
          }
        : undefined,
    links: { interfaceIndexes: [], send: note("frame", false) },
    pinger: {
      outstanding: 0,
      ping: note("ping", false),
      poll: () => ({ answered: [], timedOut: [] }),
    },
    interfaces: [serverInterface],
    ports: { server: 67, client: 68 },
    ownAddresses: [ip("10.9.0.1")],
    broadcastAddress: 0xffff_ffff,
    serverHostName: "prov",
    tftpServers: undefined,
    overload: undefined,
    packetLogging: "text",
    resolve: note("resolve"),
    nameOf: note("name"),
    output: note("output"),
    flushLog: note("flush"),
    openQuarantine: undefined,
    logger: loggerTo(note("log")),
  };
  return { parts, socket, disk, effects };
}

const subnet = (range: string): string =>
  `subnet 10.9.0.0 netmask 255.255.255.0 { range ${range}; }`;

const statements = `
  ping-check false;
  set seen = "nobody";
  define classOf (what) { set seen = what; log (info, "class"); return what; }
  class "modems" { match if classOf (substring (option vendor-class-identifier, 0, 6)) = "docsis"; }
  class "spawning" { spawn with option agent.remote-id; lease limit 4; }
  log (info, "a packet");
  get-lease-hostnames true;
  option domain-name seen;
  on commit { set committed = "yes"; execute ("/bin/false", "now"); log (error, "commit"); }
  on release { execute ("/bin/false", "then"); }
  host named { hardware ethernet 02:00:00:00:00:07; fixed-address printer.example; }
  `;

test("what follows a warm-up is what would have been without one", () => {
  const request = clientPacket({ type: "discover", giaddr: "10.9.0.2", vendorClass: "docsis3.0:" });
  const played = [true, false].map((isWarm) => {
    const server = serverOf(`${statements} ${subnet("10.9.0.100 10.9.0.109")}`);
    const { parts, socket, disk, effects } = server;
    const fileBefore = disk.contents(path);
    if (isWarm) {
      expect(warmUp(parts).replies).toBeGreaterThan(500);
      expect(effects).toEqual([]);
      expect(disk.contents(path)).toEqual(fileBefore);
      expect(disk.openFiles).toBe(1);
      expect(parts.leases.counts().neverUsed).toBe(10);
      expect(socket.takeSent()).toEqual([]);
      expect(socket.socket.counters).toMatchObject({ received: 0, sent: 0 });
    }
    const wallMs = (): number => startSeconds * 1000;
    const monotonicMs = (): number => systemClock.monotonicMs();
    const loop = makeDhcpLoop({ ...parts, clock: { wallMs, monotonicMs } });
    const replies: Uint8Array[] = [];
    for (const bytes of [request.bytes!, request.bytes!]) {
      socket.deliver([{ bytes, sourceAddress: ip("10.9.0.2"), sourcePort: 67 }]);
      loop.listener.turn();
      replies.push(...socket.takeSent());
    }
    const file = new TextDecoder().decode(disk.contents(path));
    return { replies, effects, file, counters: loop.counters.snapshot() };
  });
  expect(played[0].replies).toHaveLength(2);
  expect(played[0]).toEqual(played[1]);
});

test("it plays every message through the engine, and most are answered", () => {
  const kinds = new Map<string, number>();
  const { respond } = DhcpEngine.prototype;
  const spy = vi.spyOn(DhcpEngine.prototype, "respond").mockImplementation(function (
    this: DhcpEngine,
    ...args: Parameters<DhcpEngine["respond"]>
  ) {
    const { options, ciaddr, giaddr } = args[0].packet;
    const message = [options.getUInt8(53), options.has(50), ciaddr !== 0, giaddr !== 0].join();
    kinds.set(message, (kinds.get(message) ?? 0) + 1);
    return respond.apply(this, args);
  });
  const { parts } = serverOf(`ping-check false; ${subnet("10.9.0.100 10.9.0.250")}`);
  const { messages, replies } = warmUp(parts);
  spy.mockRestore();
  // DISCOVER; REQUEST by option 50, of which twice as many; the renewal; the RELEASE.
  const { discover, request, release } = MessageType;
  expect([...kinds.keys()].sort()).toEqual([
    `${discover},false,false,true`,
    `${request},false,true,false`,
    `${request},true,false,true`,
    `${release},false,true,false`,
  ]);
  expect([...kinds.values()].reduce((sum, count) => sum + count, 0)).toBe(messages);
  // Four of five: nobody answers a RELEASE.
  expect(replies / messages).toBeGreaterThan(0.75);
  expect(replies / messages).toBeLessThan(0.85);
});

/** Whether anybody can get an address. */
type Fate = "some" | "none";

const many = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join("\n");
const octets = (index: number): string => `${index >>> 8}.${index & 255}`;

test.each<readonly [string, string, Fate]>([
  ["no subnet", "", "none"],
  ["no address", "subnet 10.9.0.0 netmask 255.255.255.0 { }", "none"],
  ["one address for all", subnet("10.9.0.100"), "some"],
  ["nobody is allowed", `deny unknown-clients; ${subnet("10.9.0.100 10.9.0.150")}`, "none"],
  ["nobody may boot", `deny booting; ${subnet("10.9.0.100 10.9.0.150")}`, "none"],
  [
    "a pool that is closed by now",
    `subnet 10.9.0.0 netmask 255.255.255.0 {
       pool { range 10.9.0.100 10.9.0.150; deny after 3 2001/01/03 00:00:00; } }`,
    "none",
  ],
  ["addresses are probed", subnet("10.9.0.100 10.9.0.150"), "some"],
  ["min-secs", `min-secs 3; ${subnet("10.9.0.100 10.9.0.150")}`, "none"],
  ["no leases are kept for BOOTP", `deny bootp; ${subnet("10.9.0.100 10.9.0.150")}`, "some"],
  [
    "only hosts",
    `deny unknown-clients; ${subnet("10.9.0.100 10.9.0.250")}
     ${many(300, (n) => `host h${n} { hardware ethernet 02:00:00:00:${(n >>> 8).toString(16)}:${(n & 255).toString(16)}; }`)}`,
    "some",
  ],
  [
    "only subclasses, by the modem's address in option 82",
    `class "registered" { match option agent.remote-id; }
     ${many(300, (n) => `subclass "registered" 02:00:00:00:${(n >>> 8).toString(16)}:${(n & 255).toString(16)};`)}
     subnet 10.9.0.0 netmask 255.255.255.0 {
       pool { range 10.9.0.100 10.9.0.250; allow members of "registered"; } }`,
    "some",
  ],
  [
    "only one kind in each of many networks",
    `class "phones" { match if substring (option vendor-class-identifier, 0, 4) = "pktc"; }
     ${many(300, (n) => `subnet 10.${octets(n)}.0 netmask 255.255.255.0 { pool { range 10.${octets(n)}.9 10.${octets(n)}.99; allow members of "phones"; } }`)}`,
    "some",
  ],
  [
    "the last network of the address space",
    "subnet 255.255.255.0 netmask 255.255.255.0 { range 255.255.255.9; }",
    "some",
  ],
])("%s: it ends, and harms nothing", (_, text, fate) => {
  for (const durability of ["fsync", "os", "replicated"] as const) {
    const { parts, effects } = serverOf(text, durability);
    const { replies } = warmUp(parts, 60);
    expect(replies > 0).toBe(fate === "some");
    expect(effects).toEqual([]);
    expect(parts.leases.counts().neverUsed).toBe(parts.leases.size);
  }
});

test("60,000 hosts and 65,536 addresses in 256 pools are not all looked at", () => {
  const { parts } = serverOf(`
    ${many(60_000, (n) => `host h${n} { hardware ethernet 02:00:00:${(n >>> 16).toString(16)}:${((n >>> 8) & 255).toString(16)}:${(n & 255).toString(16)}; }`)}
    shared-network all {
      ${many(256, (n) => `subnet 10.${octets(n)}.0 netmask 255.255.255.0 { pool { range 10.${octets(n)}.0 10.${octets(n)}.255; } }`)}
    }`);
  const reads = vi.spyOn(parts.config.hosts, "byName");
  const { replies } = warmUp(parts, 100);
  expect(replies).toBeGreaterThan(100);
  expect(reads).not.toHaveBeenCalled();
});

test("time is the limit", () => {
  const { parts } = serverOf(subnet("10.9.0.100 10.9.0.150"));
  expect(warmUp(parts, 0)).toEqual({ messages: 0, replies: 0 });
  const { messages } = warmUp(parts, 10);
  expect(messages).toBeGreaterThan(0);
  expect(messages).toBeLessThan(warmUp(parts, 100).messages);
});

test("a standby is kept warm without a trace, by a few messages at a time", () => {
  const { parts, effects } = serverOf(subnet("10.9.0.100 10.9.0.150"), "replicated");
  const kept = new KeptWarm(parts);
  const played = [kept.play(), kept.play(), kept.play()];
  kept.close();
  for (const { messages, replies } of played) {
    expect(replies).toBeGreaterThan(0);
    expect(messages).toBeLessThan(500);
  }
  expect(effects).toEqual([]);
  expect(parts.leases.counts().neverUsed).toBe(51);
});

test("a start that took long warms up for a shorter time", () => {
  expect([0, 100, 350, 5000].map(warmUpMsMax)).toEqual([600, 500, 250, 200]);
});
