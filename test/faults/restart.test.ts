import { afterEach, expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import { Population } from "../../scenarios/population/population.ts";
import type { DhcpExchange } from "../../simulator/device/exchange.ts";
import { freePorts } from "../ports.testing.ts";
import { Headend, impatient } from "./headend.testing.ts";
import { endOf, rangesOf, readLeaseTable, ServerLab } from "./server.testing.ts";

// An orderly end and a long pause, both in the middle of the load: no acknowledged lease is lost
// (LEASE-3), and no address gets a second holder.

const seed = 20_260_102;
const stops = 4;
const stopMsMax = 30_000;
const pauses = 4;
const leaseSeconds = 3;

let lab: ServerLab;
let headend: Headend | undefined;

afterEach(async () => {
  headend?.close();
  headend = undefined;
  await lab.close();
});

async function openHeadend(population: Population): Promise<Headend> {
  headend = await Headend.open({ population, seed, port: lab.port, retry: impatient });
  return headend;
}

test(`seed ${seed}: SIGTERM under load ends with 0, and what was acknowledged is on disk`, async () => {
  lab = new ServerLab({ name: "restart", port: await freePorts() });
  const prng = new Prng(seed, 1);
  const population = new Population({
    ...{ cableModems: 20_000, mtas: 5000, cpes: 5000, smartMeters: 2000 },
    ...{ cmtsCount: 4, seed },
  });
  const ranges = rangesOf(population);
  lab.configure(ranges);
  const devices = await openHeadend(population);
  let next = 0;
  const load = devices.keepBusy(200, () => {
    next = (next + 1) % population.size;
    return [next, "discover"];
  });
  for (let stop = 0; stop < stops; stop += 1) {
    const server = await lab.start();
    const wanted = devices.acknowledgements + 500 + prng.nextBelow(1500);
    await devices.playUntil("it serves", () => devices.acknowledgements >= wanted, load);
    const toldAtMs = performance.now();
    server.kill("SIGTERM");
    let end: Awaited<ReturnType<typeof endOf>> | undefined;
    void endOf(server).then((found) => {
      end = found;
    });
    // The load goes on while it stops.
    await devices.playUntil("the server has ended", () => end !== undefined, load);
    expect(performance.now() - toldAtMs).toBeLessThan(stopMsMax);
    expect(end, lab.log).toEqual({ status: 0, signal: null });
    devices.drain();
    const table = readLeaseTable(lab.leaseFile, ranges);
    expect(devices.missingLeases(table), `after stop ${stop + 1}`).toEqual([]);
  }
  expect(devices.anomalies).toEqual([]);
  expect(devices.judge().counters.doubleAllocations).toBe(0);
  expect(lab.log).toBe("");
});

test("SIGTERM right after the start is an orderly end too", async () => {
  lab = new ServerLab({ name: "short", port: await freePorts() });
  lab.configure([{ network: 0x7f40_0000, prefixLength: 24, low: 0x7f40_000a, high: 0x7f40_00fe }]);
  for (let round = 0; round < 3; round += 1) {
    const server = await lab.start();
    server.kill("SIGTERM");
    expect(await endOf(server), lab.log).toEqual({ status: 0, signal: null });
  }
});

test(`seed ${seed}: SIGSTOP and SIGCONT under load give no address to two devices`, async () => {
  lab = new ServerLab({ name: "pause", port: await freePorts() });
  const prng = new Prng(seed, 2);
  const population = new Population({
    ...{ cableModems: 900, mtas: 0, cpes: 0, smartMeters: 0 },
    ...{ cmtsCount: 2, seed },
  });
  // Two addresses for three devices, and leases that end during a pause: all addresses change hands.
  lab.configure(rangesOf(population, 300), `max-lease-time ${leaseSeconds};`);
  const devices = await openHeadend(population);
  const load = devices.keepBusy(100, () => {
    const device = prng.nextBelow(population.size);
    return [device, nextExchange(devices, device, prng.nextBelow(4))];
  });
  const server = await lab.start();
  for (let pause = 0; pause < pauses; pause += 1) {
    const wanted = devices.acknowledgements + 300 + prng.nextBelow(500);
    await devices.playUntil("it serves", () => devices.acknowledgements >= wanted, load);
    server.kill("SIGSTOP");
    // In every other pause all leases end; in the others devices only get impatient.
    const repeated = devices.retransmissions + 100 + prng.nextBelow(100);
    const isLong = pause % 2 === 1;
    await devices.playUntil(
      "the pause is long enough",
      () => devices.retransmissions >= repeated && !(isLong && devices.leaseOf.size > 0),
      load,
    );
    server.kill("SIGCONT");
  }
  const wanted = devices.acknowledgements + 500;
  await devices.playUntil("it serves", () => devices.acknowledgements >= wanted, load);

  const { counters, violations } = devices.judge();
  expect(violations).toEqual([]);
  expect(Object.values(counters).every((count) => count === 0)).toBe(true);
  expect(devices.anomalies).toEqual([]);
  // Addresses did change hands, or nothing above could have failed.
  expect(devices.handovers).toBeGreaterThan(100);
  server.kill("SIGTERM");
  expect(await endOf(server), lab.log).toEqual({ status: 0, signal: null });
});

function nextExchange(devices: Headend, device: number, draw: number): DhcpExchange {
  if (devices.fleet.stateOf(device) !== "bound") return "discover";
  return (["renew", "renew", "reboot", "release"] as const)[draw];
}
