import { expect, test } from "vitest";
import { Population } from "../../scenarios/population/population.ts";
import { RecordingSink } from "../../simulator/device/exchange.testing.ts";
import { DeviceNotes } from "../../simulator/load/phase-ledger.ts";
import { PhaseRun } from "../../simulator/load/phase-run.ts";
import { SafetyChecker } from "../../simulator/measure/safety-checker.ts";
import { SecondTally } from "../../simulator/measure/time-series.ts";
import { Fleet } from "../../simulator/worker/fleet.ts";
import { Plant } from "../../simulator/worker/plant.ts";

const BYTES_A_DEVICE_MAX = 1000;

/** Everything that a run of DHCP alone keeps for its devices, on its worker and on the coordinator. */
function buildRun(devices: number): readonly unknown[] {
  const population = new Population({
    cableModems: devices - 2 * Math.floor(devices / 5),
    mtas: Math.floor(devices / 5),
    cpes: 0,
    smartMeters: Math.floor(devices / 5),
    cmtsCount: 40,
  });
  const servers = [{ address: 1, port: 67 }];
  const fleet = new Fleet({ population, seed: 1, servers, startMs: 0 }, new RecordingSink());
  const notes = new DeviceNotes(population.size);
  const phase = {
    name: "connect",
    streams: [{ kind: "outstanding", exchange: "discover", outstanding: 256 }] as const,
    until: "all-bound" as const,
    timeLimitMs: 90_000,
    drainMs: 0,
    powerCycle: false,
  };
  const run = new PhaseRun(
    {
      ...{ phase, phaseIndex: 0, seed: 1, population, notes, tally: new SecondTally() },
      fleet: new Plant(fleet, undefined),
      holdsLease: () => false,
      worker: { index: 0, count: 1 },
      giveUpMs: 129_000,
    },
    0,
  );
  return [fleet, notes, run, new SafetyChecker(population)];
}

function bytesInUse(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

test(`a device more is ${BYTES_A_DEVICE_MAX} bytes at most, from 100,000 to 1,000,000`, () => {
  const before = bytesInUse();
  const small = buildRun(100_000);
  const between = bytesInUse();
  const large = buildRun(1_000_000);
  const after = bytesInUse();
  expect([small, large].flat()).toHaveLength(8);
  // What the build leaves for the collector counts as well, so this errs on the side of too much.
  const marginalBytes = (after - between - (between - before)) / 900_000;
  expect(marginalBytes).toBeGreaterThan(50);
  expect(marginalBytes).toBeLessThan(BYTES_A_DEVICE_MAX);
});
