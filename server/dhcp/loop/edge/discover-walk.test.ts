import { readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { expect, test, vi } from "vitest";
import { nullLogger } from "../../../../base/log.ts";
import type { UdpSocket } from "../../../../base/net/udp-socket.ts";
import { VirtualClock } from "../../../../base/virtual-clock.testing.ts";
import { PacketDecoder } from "../../../../protocol/dhcp/packet.ts";
import { MemoryLeaseStore } from "../../../lease/store/memory-lease-store.testing.ts";
import { LeaseTable } from "../../../lease/table/lease-table.ts";
import { clientPacket, configOf, ip, serverInterface } from "../../decide/engine.testing.ts";
import { DhcpEngine } from "../../decide/engine.ts";
import { DhcpCounters } from "../counters.ts";
import { ReplySender } from "../reply-sender.ts";
import { DhcpListener } from "./listener.ts";

const root = resolve(import.meta.dirname, "../../../..");

/** The walk that ARCHITECTURE.md lists, as a path of `file: function` to each line. */
function listedPaths(): string[][] {
  const page = readFileSync(join(root, "ARCHITECTURE.md"), "utf8");
  const block =
    /### The walk of one DISCOVER\n[\s\S]*?```text\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
  const path: string[] = [];
  return block
    .trimEnd()
    .split("\n")
    .map((line) => {
      const depth = line.search(/\S/) / 2;
      path.length = depth;
      path.push(line.trim());
      return [...path];
    });
}

/** The functions of the server on the stack, outermost first. */
function serverStack(): string[] {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 50;
  const frames = new Error().stack?.split("\n") ?? [];
  Error.stackTraceLimit = stackTraceLimit;
  return frames
    .flatMap((frame) => {
      const [, name, file] =
        /at (?:[\w$]+\.)?(#?[\w$]+) \((?:file:\/\/)?(.*):\d+:\d+\)/.exec(frame) ?? [];
      const path = relative(root, file ?? "");
      return path.startsWith("server/") && !path.includes(".test") ? [`${path}: ${name}`] : [];
    })
    .reverse();
}

/** The stacks at which a loop with a real engine calls out while it answers one DISCOVER. */
async function walk(): Promise<string[][]> {
  const stacks: string[][] = [];
  /** The same function, which notes the stack. */
  const noted =
    <Args extends unknown[], Result>(work: (...args: Args) => Result) =>
    (...args: Args): Result => {
      stacks.push(serverStack());
      return work(...args);
    };
  const config = configOf(`
    ping-check false; get-lease-hostnames true; log (info, "seen");
    subnet 10.9.0.0 netmask 255.255.255.0 { range 10.9.0.100 10.9.0.109; }`);
  const leases = new LeaseTable([{ low: ip("10.9.0.100"), high: ip("10.9.0.109"), pool: 0 }]);
  Object.assign(leases, {
    takeFree: noted(leases.takeFree.bind(leases)),
    offer: noted(leases.offer.bind(leases)),
  });
  const packet = clientPacket({ giaddr: "10.9.0.2" });
  const decoder = vi.spyOn(PacketDecoder.prototype, "decode");
  decoder.mockImplementation(noted(() => packet));
  let received = 0;
  const slot = new Uint8Array(1500);
  const socket: Partial<UdpSocket> = {
    receive: noted(() => (received++ === 0 ? 1 : 0)),
    bytes: () => slot,
    sourceAddress: () => ip("10.9.0.2"),
    sourcePort: () => 67,
    destinationAddress: () => ip("10.9.0.1"),
    interfaceIndex: () => serverInterface.index,
    receivedAtMs: () => 1_000_000,
    slot: () => slot,
    push: noted(() => undefined),
    flush: noted(() => undefined),
  };
  const counters = new DhcpCounters();
  const interfaces = [serverInterface];
  const sender = new ReplySender({
    ...{ socket: socket as UdpSocket, interfaces, counters, logger: nullLogger },
    links: { send: () => false },
    ownAddresses: new Set(),
    serverPort: 67,
    broadcastAddress: 0xffff_ffff,
  });
  const engine = new DhcpEngine({
    config: { ...config, subnetOf: noted(config.subnetOf.bind(config)) },
    leases,
    ports: { server: 67, client: 68 },
    interfaces: interfaces,
    packetLogging: "none",
    nameOf: noted(() => undefined),
    output: noted(() => undefined),
  });
  const listener = new DhcpListener({
    ...{
      engine,
      leases,
      socket: socket as UdpSocket,
      sender,
      encoder: sender,
      counters,
      interfaces,
    },
    store: new MemoryLeaseStore(),
    anyInterface: false,
    pinger: undefined,
    logger: nullLogger,
    flushLog: () => listener.stop(),
    clock: new VirtualClock(1_000_000),
  });
  await listener.run();
  decoder.mockRestore();
  return stacks;
}

test("a DISCOVER goes the way that ARCHITECTURE.md lists", async () => {
  const stacks = (await walk()).map((stack) => stack.join("\n"));
  const listed = listedPaths();
  expect(listed.length).toBeGreaterThan(10);
  for (const path of listed) {
    const isSeen = stacks.some((stack) => `${stack}\n`.startsWith(`${path.join("\n")}\n`));
    expect(isSeen, `${path.at(-1)} is not called by ${path.at(-2)}`).toBe(true);
  }
});

test("from the socket to the reply it is at most seven functions", () => {
  const reply = listedPaths().find((path) => path.at(-1)?.endsWith(": buildReply"));
  expect(reply).toHaveLength(7);
});
