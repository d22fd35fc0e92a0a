import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { configOf, contextOf, errorsOf } from "../../server/config/grammar/config.testing.ts";
import { classify } from "../../server/config/model/evaluate.ts";

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

// The bounds are wide: the machine may be busy, and a heap lazy.
test("80,000 hosts and 80,000 subclasses are read quickly and kept small (PERF-1, SYS-10)", () => {
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

// What would be looked at once for every other one of its kind would not end here in time.
describe("a hundred thousand of a kind", () => {
  const count = 100_000;
  const many = (line: (index: number) => string): string =>
    Array.from({ length: count }, (_, index) => line(index)).join("\n");

  test("hosts with the same address", () => {
    const config = configOf(many((index) => `host h${index} { hardware ethernet ${mac(0)}; }`));
    const hosts = config.hosts.byHardware(1, contextOf({ mac: mac(0) }).packet.chaddr);
    expect(hosts.length).toBe(count);
    expect(hosts.at(-1)?.name).toBe(`h${count - 1}`);
  });

  test("subnets, from the last to the first", () => {
    const config = configOf(
      many((index) => {
        const place = count - 1 - index;
        const [high, middle, low] = [place >>> 16, (place >>> 8) & 0xff, place & 0xff];
        return `subnet ${10 + high}.${middle}.${low}.0 netmask 255.255.255.0 { }`;
      }),
    );
    expect(config.subnetOf(0x0a00_0105)?.network).toBe(0x0a00_0100);
  });

  test("classes without a subclass are kept small", () => {
    const heapBefore = heapBytes();
    const config = configOf(many((index) => `class "c${index}" { match if known; }`));
    expect((heapBytes() - heapBefore) / 2 ** 20).toBeLessThan(120);
    expect(config.classes.all.length).toBe(count);
  });

  test("mistakes and warnings far down in the file", () => {
    const text = `${many(() => "ping-check on;")}\n${many((index) => `host h${index} { }`)}\nfoo bar;`;
    const [error] = errorsOf(text);
    expect([error?.line, error?.text]).toEqual([2 * count + 1, "foo bar;"]);
  });
});

describe("a file that would fill the memory is given up", () => {
  const long = 300_000;
  const cases: readonly (readonly [what: string, text: () => string, message: string])[] = [
    [
      "statements",
      () => "break;\n".repeat(4_000_001),
      "more than 4000000 statements and expressions.",
    ],
    [
      "patterns",
      () => 'if option host-name ~= "(a{1,60}){1,15}" { }\n'.repeat(5000),
      "more than 4000000 statements and expressions.",
    ],
    [
      "patterns that are too large",
      () => 'if option host-name ~= "(a{1,200}){1,200}" { }\n'.repeat(10_000),
      "more than 4000000 statements and expressions.",
    ],
    ["a string", () => `option host-name "${"x".repeat(long)}";`, "string too long."],
    [
      "octets",
      () => `option dhcp-client-identifier ${"1:".repeat(long)}1;`,
      "more than 65535 octets.",
    ],
    [
      "addresses",
      () => `option routers 10.0.0.1${",10.0.0.1".repeat(long)};`,
      "more than 65535 values.",
    ],
    ["a name", () => `host a${".a".repeat(long)} { }`, "name too long."],
  ];

  test.each(cases)("%s", (_, text, message) => {
    expect(errorsOf(text())[0]?.message).toBe(message);
  });
});

function heapBytes(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
