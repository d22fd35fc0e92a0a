import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { configOf, contextOf } from "./config.testing.ts";
import { classify } from "./evaluate.ts";

const devices = 80_000;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

function mac(device: number): string {
  const octets = [2, 0x10, 0, device >>> 16, (device >>> 8) & 0xff, device & 0xff];
  return octets.map((octet) => octet.toString(16).padStart(2, "0")).join(":");
}

function registrations(): string {
  const lines = [
    'class "cm" { match substring (hardware, 1, 6); }',
    'group basic { filename "basic.cfg"; }',
  ];
  for (let device = 0; device < devices; device += 1) {
    lines.push(`host cm-${device} { hardware ethernet ${mac(device)}; group "basic"; }`);
    lines.push(`subclass "cm" ${mac(device)};`);
  }
  return lines.join("\n");
}

// PERF-1 is 80,000 devices. The bounds are wide: the machine may be busy, and a heap lazy.
test("80,000 hosts and 80,000 subclasses are read quickly and kept small", () => {
  const text = registrations();
  const heapBefore = heapBytes();
  const startedMs = performance.now();
  const config = configOf(text);
  const tookMs = performance.now() - startedMs;
  const megabytes = (heapBytes() - heapBefore) / 2 ** 20;
  process.stdout.write(
    `${2 * devices} registrations: ${tookMs.toFixed(0)} ms, ${megabytes.toFixed(1)} MiB\n`,
  );
  expect(config.hosts.count).toBe(devices);
  expect(config.classes.byName("cm")?.subclasses.count).toBe(devices);
  for (const device of [0, 255, 256, 65_536, devices - 1]) {
    const context = contextOf({ mac: mac(device) });
    const [host] = config.hosts.byHardware(1, context.packet.chaddr);
    expect([host.name, host.index]).toEqual([`cm-${device}`, device]);
    expect(classify(config, context).map(({ subclass }) => subclass)).toEqual([device]);
  }
  expect(config.hosts.byHardware(1, contextOf({ mac: mac(devices) }).packet.chaddr)).toEqual([]);
  expect(tookMs).toBeLessThan(15_000);
  expect(megabytes).toBeLessThan(100);
});

function heapBytes(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
