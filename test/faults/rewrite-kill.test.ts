import { existsSync, statSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import { Population } from "../../scenarios/population/population.ts";
import type { DhcpExchange } from "../../simulator/device/exchange.ts";
import { freePorts } from "../ports.testing.ts";
import { Headend, impatient } from "./headend.testing.ts";
import { kill, rangesOf, readLeaseTable, ServerLab } from "./server.testing.ts";

// The lease file is rewritten when it grew by 8 MiB. A kill at any moment of that loses nothing
// (LEASE-3): the old file is in force until the new one is whole.

const seed = 20_260_104;
const kills = 6;
const roundsMax = 12;
const window = 250;

const lab = new ServerLab({ name: "rewrite-kill", port: await freePorts() });
let headend: Headend | undefined;

afterAll(async () => {
  headend?.close();
  await lab.close();
});

test(`seed ${seed}: kills while the lease file is rewritten lose no acknowledged lease`, async () => {
  const prng = new Prng(seed, 0);
  const population = new Population({
    ...{ cableModems: 9000, mtas: 1000, cpes: 1000, smartMeters: 1000 },
    ...{ cmtsCount: 4, seed },
  });
  const ranges = rangesOf(population);
  // Without it renewals that come soon are answered without a record, and the file does not grow.
  lab.configure(ranges, "dhcp-cache-threshold 0;");
  const devices = await Headend.open({ population, seed, port: lab.port, retry: impatient });
  headend = devices;
  const aside = `${lab.leaseFile}.rewrite`;
  const asideBytes = () => statSync(aside, { throwIfNoEntry: false })?.size ?? 0;
  const inode = () => statSync(lab.leaseFile).ino;

  let next = 0;
  const load = devices.keepBusy(window, () => {
    next = (next + 1) % population.size;
    const isBound = devices.fleet.stateOf(next) === "bound";
    return [next, isBound ? "renew" : "discover"] satisfies [number, DhcpExchange];
  });
  let server = await lab.start();
  await devices.playUntil(
    "all devices have a lease",
    () => devices.leaseOf.size === population.size,
    load,
  );
  const compactBytes = statSync(lab.leaseFile).size;

  let killedInRewrite = 0;
  for (let round = 0; round < roundsMax && killedInRewrite < kills; round += 1) {
    // The first slices, the last ones, the copy of what came meanwhile, or all but done.
    const wantedBytes = Math.floor(prng.nextFloat() * 0.9 * compactBytes);
    let isSeen = false;
    await devices.playUntil(
      "a rewrite is under way",
      () => {
        const bytes = asideBytes();
        // One that was faster than we look: the kill comes right after it.
        const isOver = isSeen && bytes === 0;
        isSeen ||= bytes > 0;
        return isOver || bytes > wantedBytes;
      },
      load,
    );
    await kill(server);
    devices.drain();
    if (existsSync(aside)) killedInRewrite += 1;
    const table = readLeaseTable(lab.leaseFile, ranges);
    expect(devices.missingLeases(table), `after kill ${round + 1}`).toEqual([]);
    server = await lab.start();
  }
  expect(killedInRewrite).toBe(kills);

  // Left alone, the rewrite comes to its end, and takes away what the kills left behind. The last
  // kill comes when the new file has just taken the place of the old one.
  const before = inode();
  await devices.playUntil("the file is rewritten", () => inode() !== before, load);
  await kill(server);
  devices.drain();
  expect(existsSync(aside)).toBe(false);
  expect(devices.missingLeases(readLeaseTable(lab.leaseFile, ranges))).toEqual([]);
  expect(devices.anomalies).toEqual([]);
  expect(devices.judge().counters.doubleAllocations).toBe(0);
  // A lease file without a fault, at every start.
  expect(lab.log).not.toMatch(/damaged|Can't/);
}, 90_000);
