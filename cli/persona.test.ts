import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { LinkType } from "../protocol/pcap/captured-frame.ts";
import { pcapFile } from "../protocol/pcap/pcap.testing.ts";
import { readPersonaFile } from "../scenarios/population/captured-persona.ts";
import { Population } from "../scenarios/population/population.ts";
import { frameOf } from "../simulator/capture/pcap.testing.ts";
import { MessageTemplates } from "../simulator/device/message/message-templates.ts";
import { captureOutput } from "./output.testing.ts";
import { runPersona } from "./persona.ts";

const folder = mkdtempSync(join(tmpdir(), "persona-"));
const said = captureOutput();

afterAll(() => rmSync(folder, { recursive: true }));

const population = new Population({
  cableModems: 40,
  mtas: 0,
  cpes: 0,
  smartMeters: 0,
  cmtsCount: 1,
});
const templates = new MessageTemplates(population);

function discoverOf(device: number): Uint8Array {
  const target = new Uint8Array(1472);
  const fields = { xid: 1, secs: 0, ciaddr: 0, requested: 0, server: 0 };
  return target.slice(0, templates.write(device, "discover", fields, target));
}

function capture(name: string, devices: readonly number[], cutAt?: number): string {
  const path = join(folder, name);
  const records = devices.map((device) => {
    const { bytes } = frameOf(discoverOf(device), 0);
    return { seconds: 0, fraction: 0, bytes: bytes.subarray(0, cutAt), wireLength: bytes.length };
  });
  writeFileSync(path, pcapFile(LinkType.ethernet, records));
  return path;
}

test("the only device of a capture, to standard output or into a file", async () => {
  const path = capture("a modem!.pcap", [17]);
  expect(await runPersona(["from-pcap", path])).toBe(0);
  expect(said.stdout).toMatch(
    /^# A captured device.*\n# 02:10:00:00:00:11: 1 messages in a modem!.pcap\n/,
  );
  const reading = readPersonaFile("x.yaml", said.stdout);
  expect(reading).toMatchObject({ kind: "ok", persona: { name: "a-modem-" } });
  expect(said.stderr).toContain("not captured, made from the others: request-selecting");
  const file = join(folder, "out.yaml");
  expect(await runPersona(["from-pcap", path, "-o", file, "--name", "cm"])).toBe(0);
  expect(readFileSync(file, "utf8")).toContain('name: "cm"');
});

test("one of several, by its MAC in any writing", async () => {
  const path = capture("two.pcap", [1, 2]);
  expect(await runPersona(["from-pcap", path, "--mac", "02-10-00-00-00-02"])).toBe(0);
  expect(said.stdout).toContain("02:10:00:00:00:02");
});

test("anonymous: the head has the vendor's half of the MAC, and not the name of the file", async () => {
  const path = capture("anna.pcap", [3]);
  expect(await runPersona(["from-pcap", path, "--anonymize", "--name", "cm"])).toBe(0);
  expect(said.stdout).toContain("# 02:10:00:…: 1 messages in a capture");
  expect(said.stdout).not.toContain("anna");
});

test.each<[string, () => string[], RegExp]>([
  [
    "several devices",
    () => [capture("several.pcap", [1, 2])],
    /choose a device with --mac:\n.*:01: 1 m/,
  ],
  [
    "a device that is not there",
    () => [capture("b.pcap", [1]), "--mac", "1:2:3:4:5:6"],
    /has no 01:02/,
  ],
  [
    "frames that were cut",
    () => [capture("cut.pcap", [1], 100)],
    /no device.*\n.*left out: 1 frames.*-s 0/,
  ],
  [
    "no capture",
    () => [new URL(import.meta.url).pathname],
    /no capture file: neither .* at byte 0/,
  ],
  ["no file", () => [join(folder, "none")], /there is no such file/],
  ["a MAC that is none", () => ["x", "--mac", "1:2"], /write six octets/],
  ["a port that is none", () => ["x", "--port", "0"], /write a port/],
])("%s: refused, with what to do", async (_, args, message) => {
  expect(await runPersona(["from-pcap", ...args()])).toBe(2);
  expect(said.stderr).toMatch(message);
  expect(said.stdout).toBe("");
});
