import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { systemClock } from "../../base/clock.ts";
import { openUdpSocket, type UdpSocket, waitReadable } from "../../base/net/udp-socket.ts";
import { Prng } from "../../base/prng.ts";
import { decodePacket } from "../../protocol/dhcp/packet.ts";
import { formatIpv4, maskOf } from "../../protocol/ipv4.ts";
import { formatMac } from "../../protocol/mac.ts";
import { Population } from "../../scenarios/population.ts";
import { LeaseFileStore } from "../../server/lease/lease-file-store.ts";
import { LeaseTable } from "../../server/lease/lease-table.ts";
import type { Acknowledgement, AnomalyKind, FleetSink } from "../../simulator/exchange.ts";
import { Fleet } from "../../simulator/fleet.ts";

// Rule 3 of what must never happen: after any crash, an acknowledged lease is missing (LEASE-3). The
// real server is killed at 50 random moments under 5,000 exchanges a second; after each one, the
// lease file must hold every lease of which a device has the ACK.

const prov = resolve(import.meta.dirname, "../../dist/cli/main.js");
const seed = 20_260_101;
const kills = 50;
const exchangesPerSecond = 5000;
const loopback = 0x7f00_0001;
const serverPort = 21_067;
const roundMsMax = 10_000;

const folder = mkdtempSync(join(tmpdir(), "provlab-kill-"));
const leaseFile = join(folder, "dhcpd.leases");
const configFile = join(folder, "dhcpd.conf");
const logFile = join(folder, "dhcpd.log");
const children: ChildProcess[] = [];

afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

function configurationFor(population: Population): string {
  const subnets = Array.from({ length: population.cmtsCount }, (_, index) => {
    const { network, prefixLength, pools } = population.cmts(index);
    const ranges = pools.map(({ low, high }) => `range ${formatIpv4(low)} ${formatIpv4(high)};`);
    return `subnet ${formatIpv4(network)} netmask ${formatIpv4(maskOf(prefixLength))} { ${ranges.join(" ")} }`;
  });
  return `authoritative; ping-check false; local-address 127.0.0.1;\n${subnets.join("\n")}\n`;
}

async function startServer(): Promise<ChildProcess> {
  const log = openSync(logFile, "a");
  const files = ["-cf", configFile, "-lf", leaseFile, "--no-pid"];
  const args = [prov, "dhcpd", "-d", "-q", "-p", String(serverPort), ...files];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", log, "ipc"] });
  closeSync(log);
  children.push(child);
  const ended = once(child, "exit").then(() => {
    throw new Error(`the server did not start:\n${readFileSync(logFile, "utf8")}`);
  });
  await Promise.race([once(child, "message"), ended]);
  ended.catch(() => undefined);
  return child;
}

/** Sends what the fleet wants sent, and keeps what was acknowledged. */
class Headend implements FleetSink {
  /** By device: the address of its last ACK. */
  readonly leaseOf = new Map<number, number>();
  readonly anomalies: string[] = [];
  completions = 0;
  refusals = 0;
  readonly #socket: UdpSocket;
  readonly #population: Population;

  constructor(socket: UdpSocket, population: Population) {
    this.#socket = socket;
    this.#population = population;
  }

  relayBuffer(): Uint8Array {
    return this.#socket.slot();
  }

  sendFromRelay(cmts: number, length: number, destination: number, port: number): void {
    this.#socket.push(length, destination, port, this.#population.cmts(cmts).giaddr);
  }

  deviceBuffer(): Uint8Array {
    throw new Error("no device of this test renews by itself");
  }

  sendFromDevice(): void {}

  completed(): void {
    this.completions += 1;
  }

  failed(): void {}
  retransmitted(): void {}

  refused(): void {
    this.refusals += 1;
  }

  acknowledged({ device, address }: Acknowledgement): void {
    this.leaseOf.set(device, address);
  }

  surrendered(): void {}

  anomaly(kind: AnomalyKind, device: number, address: number): void {
    this.anomalies.push(`${kind}: device ${device}, ${formatIpv4(address)}`);
  }
}

/** Leases that devices hold by their ACK and that a restarted server would not know, in words. */
function missingLeases(headend: Headend, population: Population): string[] {
  const ranges = Array.from({ length: population.cmtsCount }, (_, index) =>
    population.cmts(index).pools.map(({ low, high }) => ({ low, high, pool: index })),
  );
  const table = new LeaseTable(ranges.flat());
  LeaseFileStore.check(leaseFile, table);
  const missing: string[] = [];
  for (const [device, address] of headend.leaseOf) {
    const index = table.indexOf(address);
    const mac = population.macOf(device);
    if (table.isActive(index) && table.hasHardware(index, { type: 1, address: mac })) continue;
    missing.push(`${formatIpv4(address)} of ${formatMac(mac)} is ${table.stateOf(index)}`);
  }
  return missing;
}

test(`seed ${seed}: ${kills} kills at ${exchangesPerSecond} exchanges a second lose no acknowledged lease`, async () => {
  const prng = new Prng(seed, 0);
  const population = new Population({
    ...{ cableModems: 150_000, mtas: 0, cpes: 0, smartMeters: 0 },
    ...{ cmtsCount: 8, seed },
  });
  writeFileSync(configFile, configurationFor(population));
  writeFileSync(leaseFile, "");
  const socket = await openUdpSocket({ address: 0, port: serverPort });
  const headend = new Headend(socket, population);
  const fleet = new Fleet(
    {
      population,
      seed,
      servers: [{ address: loopback, port: serverPort }],
      startMs: systemClock.monotonicMs(),
    },
    headend,
  );

  function receive(): number {
    const count = socket.receive();
    const nowMs = systemClock.monotonicMs();
    for (let index = 0; index < count; index += 1) {
      const destination = socket.destinationAddress(index);
      const packet = decodePacket(socket.bytes(index));
      fleet.receiveAtRelay(packet, destination || packet.giaddr, nowMs, nowMs);
    }
    fleet.advance(nowMs);
    return count;
  }

  /** Plays until `isOver`; `begin` starts what is due. */
  async function play(isOver: (nowMs: number) => boolean, begin: (nowMs: number) => void) {
    for (let nowMs = systemClock.monotonicMs(); !isOver(nowMs); nowMs = systemClock.monotonicMs()) {
      receive();
      begin(nowMs);
      socket.flush();
      await waitReadable([socket], 1);
    }
  }

  let next = 0;
  let acknowledgedBefore = 0;
  const acknowledgedByRound: number[] = [];
  for (let kill = 0; kill < kills; kill += 1) {
    const server = await startServer();
    const startMs = systemClock.monotonicMs();
    const first = next;
    // A number of ACKs and then a moment more: a slow machine has its kills under load as well.
    const wanted = headend.leaseOf.size + 50 + prng.nextBelow(1000);
    const delayMs = prng.nextFloat() * 20;
    let killAtMs = startMs + roundMsMax;
    await play(
      (nowMs) => {
        if (headend.leaseOf.size >= wanted) killAtMs = Math.min(killAtMs, nowMs + delayMs);
        return nowMs >= killAtMs;
      },
      (nowMs) => {
        const due = first + Math.floor(((nowMs - startMs) * exchangesPerSecond) / 1000);
        for (; next < due && next < population.size; next += 1) {
          fleet.start(next, "discover", nowMs, nowMs);
        }
      },
    );
    const ended = once(server, "exit");
    server.kill("SIGKILL");
    await ended;
    // What the server sent before it died is acknowledged, read or not.
    while (receive() > 0);
    socket.flush();
    expect(missingLeases(headend, population), `after kill ${kill + 1}`).toEqual([]);
    acknowledgedByRound.push(headend.leaseOf.size - acknowledgedBefore);
    acknowledgedBefore = headend.leaseOf.size;
  }
  // The kills came under load, not before it.
  expect(Math.min(...acknowledgedByRound), `${acknowledgedByRound}`).toBeGreaterThanOrEqual(50);
  expect(headend.refusals).toBe(0);
  expect(headend.anomalies).toEqual([]);

  // And the restarted server confirms them: INIT-REBOOT is a REQUEST for the address it had.
  await startServer();
  const devices = [...headend.leaseOf.keys()];
  const sample = Array.from({ length: 2000 }, () => devices[prng.nextBelow(devices.length)]!);
  const before = new Map(sample.map((device) => [device, headend.leaseOf.get(device)]));
  const completionsWanted = headend.completions + before.size;
  const rebooting = [...before.keys()];
  const limitMs = systemClock.monotonicMs() + 30_000;
  await play(
    (nowMs) => headend.completions >= completionsWanted || nowMs > limitMs,
    (nowMs) => {
      for (const device of rebooting.splice(0, 100)) fleet.start(device, "reboot", nowMs, nowMs);
    },
  );
  expect(headend.completions).toBeGreaterThanOrEqual(completionsWanted);
  expect(headend.refusals).toBe(0);
  expect(headend.anomalies).toEqual([]);
  for (const [device, address] of before) expect(headend.leaseOf.get(device)).toBe(address);
  socket.close();
}, 180_000);
