import { spawnSync } from "node:child_process";
import { appendFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { messageType } from "../../protocol/dhcp/packet.ts";
import { formatIpv4 } from "../../protocol/ipv4.ts";
import { formatMac } from "../../protocol/mac.ts";
import { Population } from "../../scenarios/population/population.ts";
import { parseLeaseFile } from "../../server/lease/format/parse-lease-file.testing.ts";
import type { LeaseRecord } from "../../server/lease/lease.ts";
import { MessageTemplates } from "../../simulator/device/message/message-templates.ts";
import { PACKET_BYTES_MAX } from "../../simulator/relay/cmts.ts";
import { addPlant, describeWithPeers, NetworkLab } from "../interop/namespaces.testing.ts";
import { freePorts } from "../ports.testing.ts";
import { prov } from "../prov-command.testing.ts";
import { connect, renew, smallScenario } from "../small-scenario.testing.ts";
import { Headend, impatient, loopback } from "./headend.testing.ts";
import { endOf, kill, rangesOf, readLeaseTable, ServerLab } from "./server.testing.ts";

// What a server finds in its lease file at the start: a torn end, damage, nothing, or what ISC's
// dhcpd wrote.

const seed = 20_260_106;
const devicesMax = 150;
const population = new Population({
  ...{ cableModems: devicesMax, mtas: 20, cpes: 0, smartMeters: 20 },
  ...{ cmtsCount: 2, seed },
});
const ranges = rangesOf(population);

let lab: ServerLab;
let headend: Headend | undefined;

beforeEach(async () => {
  lab = new ServerLab({ name: "lease-file", port: await freePorts() });
  lab.configure(ranges);
});

afterEach(async () => {
  headend?.close();
  headend = undefined;
  await lab.close();
});

async function openHeadend(): Promise<Headend> {
  headend = await Headend.open({ population, seed, port: lab.port, retry: impatient });
  return headend;
}

/**
 * All modems get their addresses from a server, which is then killed. A REQUEST that came twice has
 * two records: others go on getting addresses, one by one, until one of them asked nothing twice, so
 * that the last record of the file is the only one of its lease.
 */
async function bindAll(devices: Headend): Promise<void> {
  const server = await lab.start();
  for (let device = 0; device < devicesMax; device += 1) devices.start(device, "discover");
  await devices.playUntil("all are bound", () => devices.leaseOf.size === devicesMax);
  let hasAskedTwice = true;
  for (let device = devicesMax; hasAskedTwice && device < population.size; device += 1) {
    const before = devices.retransmissions;
    devices.start(device, "discover");
    await devices.playUntil("one more is bound", () => devices.leaseOf.has(device));
    hasAskedTwice = devices.retransmissions > before;
  }
  await kill(server);
}

/** Where the last record of the file begins. */
const lastRecord = (text: string): number => text.lastIndexOf("\nlease ") + 1;
const lineOf = (text: string, offset: number): number => text.slice(0, offset).split("\n").length;

describe("a torn last record is reported and left out, and the server serves", () => {
  const tears: readonly (readonly [how: string, tear: (text: string) => string])[] = [
    ["its first word", (text) => text.slice(0, lastRecord(text) + 3)],
    ["the middle of a statement", (text) => text.slice(0, text.lastIndexOf("ethernet") + 4)],
    ["all but its closing brace", (text) => text.slice(0, text.lastIndexOf("}"))],
    ["pages of zeros", (text) => `${text.slice(0, lastRecord(text) + 40)}${"\0".repeat(8192)}`],
  ];
  test.each(tears)("what is left of it: %s", async (_, tear) => {
    const devices = await openHeadend();
    await bindAll(devices);
    const whole = readFileSync(lab.leaseFile, "latin1");
    const torn = tear(whole);
    writeFileSync(lab.leaseFile, torn, "latin1");
    expect(devices.missingLeases(readLeaseTable(lab.leaseFile, ranges))).toHaveLength(1);

    const server = await lab.start();
    const line = lineOf(whole, lastRecord(whole));
    expect(lab.log).toContain(`${lab.leaseFile} line ${line}: the last record is cut off`);
    // Nothing else in the file is complained about.
    expect(lab.log.match(/ line \d+: /g)).toHaveLength(1);
    // It goes on with all others, and has room for the one that is missing.
    const bound = [...devices.leaseOf.keys()];
    const wanted = devices.completions + bound.length;
    for (const device of bound) devices.start(device, "reboot");
    await devices.playUntil("all have rebooted", () => devices.completions >= wanted);
    await kill(server);
    expect(devices.anomalies).toEqual([]);
    expect(devices.missingLeases(readLeaseTable(lab.leaseFile, ranges))).toEqual([]);
  });
});

describe("a damaged middle stops the start with the place and a way out", () => {
  const damages: readonly (readonly [what: string, damage: (text: string) => string])[] = [
    [
      "a statement nobody knows",
      (text) => replaceInMiddle(text, "  binding state", "  bindXng state"),
    ],
    ["a record without its end", (text) => replaceInMiddle(text, "}\n", "\n")],
    ["a page of zeros", (text) => replaceInMiddle(text, "  starts", "\0".repeat(512))],
    ["a time that is none", (text) => replaceInMiddle(text, "  starts ", "  starts x")],
  ];
  let intact = "";

  beforeAll(() => {
    intact = iscFile(Array.from({ length: devicesMax }, (_, device) => iscLease(device)));
  });

  test.each(damages)("%s", async (_, damage) => {
    const damaged = damage(intact);
    writeFileSync(lab.leaseFile, damaged, "latin1");
    const { status, signal, said } = await lab.run();
    expect({ status, signal }, said).toEqual({ status: 1, signal: null });
    const place = new RegExp(`^${lab.leaseFile} line (\\d+): .*begins at line (\\d+)`, "m").exec(
      said,
    );
    // The record that cannot be read is named, and so is the place in it (or right behind it).
    const first = firstDifference(intact, damaged);
    const record = damaged.lastIndexOf("\nlease ", first - 1) + 1;
    expect(Number(place?.[2]), said).toBe(lineOf(damaged, record));
    expect(Number(place?.[1]) - lineOf(damaged, first), said).toBeGreaterThanOrEqual(0);
    expect(Number(place?.[1]) - lineOf(damaged, first), said).toBeLessThanOrEqual(2);
    expect(said).toContain(`Restore the file from ${lab.leaseFile}~ or a backup`);
    expect(said).toMatch(/\nexiting\.\n$/);
    // Nothing was repaired behind the operator's back.
    expect(readFileSync(lab.leaseFile, "latin1")).toBe(damaged);
  });
});

test("what nobody knows is passed over and told with its line, and no lease is lost with it", async () => {
  const novelty = "  novelty { of 5; }\n";
  const leases = Array.from({ length: devicesMax }, (_, device) => {
    const text = iscLease(device);
    return device % 10 === 0 ? text.replace("  uid", `${novelty}  uid`) : text;
  });
  const written = iscFile([
    'ia-na "\\001\\000\\000\\000" {\n  cltt 4 2026/01/01 00:00:00;\n  iaaddr 2001:db8::5 {\n    binding state active;\n  }\n}\n',
    ...leases,
    "novelty of 6;\n",
    'failover peer "pair" state {\n  my state normal at 4 2026/01/01 00:00:00;\n}\n',
  ]);
  writeFileSync(lab.leaseFile, written, "latin1");
  const server = await lab.start();
  const places = [...lab.log.matchAll(/ line (\d+): unknown (?:statement|declaration) 'novelty'/g)];
  expect(places).toHaveLength(devicesMax / 10 + 1);
  expect(Number(places[0]?.[1])).toBe(lineOf(written, written.indexOf(novelty)));
  expect(Number(places.at(-1)?.[1])).toBe(lineOf(written, written.indexOf("novelty of 6")));
  expect(lab.log).toMatch(/1 states of a failover pair[\s\S]*1 records of DHCPv6/);

  const devices = await openHeadend();
  for (let device = 0; device < devicesMax; device += 1) devices.start(device, "discover");
  await devices.playUntil("all are bound", () => devices.leaseOf.size === devicesMax);
  for (const [device, { address }] of devices.leaseOf) expect(address).toBe(addressOf(device));
  await kill(server);
  expect(devices.missingLeases(readLeaseTable(lab.leaseFile, ranges))).toEqual([]);
});

test("LEASE-1: a missing file is refused, and what the message advises helps", async () => {
  rmSync(lab.leaseFile);
  const { status, said } = await lab.run();
  expect(status, said).toBe(1);
  expect(said).toContain(`Can't open lease database ${lab.leaseFile}: No such file or directory`);
  expect(said).toMatch(/\nexiting\.\n$/);
  const advice = /touch (\/\S+)/.exec(said);
  expect(advice?.[1]).toBe(lab.leaseFile);
  appendFileSync(advice![1], "");
  const server = await lab.start();
  server.kill("SIGTERM");
  expect(await endOf(server), lab.log).toEqual({ status: 0, signal: null });
});

test("a file in ISC's grammar is read: clients renew their leases, and find their addresses again", async () => {
  const foreign = "lease 192.0.2.9 {\n  starts 4 2026/01/01 00:00:00;\n  ends never;\n";
  writeFileSync(
    lab.leaseFile,
    iscFile([
      // The last record of an address counts, not the first one.
      iscLease(0).replaceAll(formatMac(population.macOf(0)), "02:00:00:00:00:99"),
      ...Array.from({ length: devicesMax }, (_, device) => iscLease(device)),
      `${foreign}  binding state active;\n  hardware ethernet 00:00:5e:00:53:09;\n}\n`,
      `lease ${formatIpv4(addressOf(devicesMax))} {\n  starts 4 2026/01/01 00:00:00;\n  ends never;\n  binding state abandoned;\n}\n`,
    ]),
    "latin1",
  );
  const server = await lab.start();
  expect(lab.log).not.toMatch(/line \d+/);
  expect(lab.log).toContain("1 leases are in no range of the configuration");

  // Even devices renew as they would have from the server that wrote the file; odd ones come anew.
  const devices = await openHeadend();
  const renewed = new Map<string, number>();
  devices.onReply = (packet) => {
    if (messageType(packet) === MessageType.ack) {
      renewed.set(formatMac(packet.chaddr), packet.yiaddr);
    }
  };
  const templates = new MessageTemplates(population);
  const target = new Uint8Array(PACKET_BYTES_MAX);
  for (let device = 0; device < devicesMax; device += 2) {
    const address = addressOf(device);
    const fields = { xid: device + 1, secs: 0, ciaddr: address, requested: 0, server: loopback };
    const length = templates.write(device, "request-extending", fields, target);
    devices.sendRaw(target.subarray(0, length), address);
  }
  for (let device = 1; device < devicesMax; device += 2) devices.start(device, "discover");
  await devices.playUntil("all have an ACK", () => renewed.size === devicesMax);
  for (let device = 0; device < devicesMax; device += 1) {
    expect(renewed.get(formatMac(population.macOf(device)))).toBe(addressOf(device));
  }
  // A stranger gets a free address, and not the one that was given up on.
  devices.start(population.firstOf[1], "discover");
  await devices.playUntil("a stranger is served", () => renewed.size === devicesMax + 1);
  const given = new Set(renewed.values());
  expect(given.size).toBe(devicesMax + 1);
  expect(given.has(addressOf(devicesMax))).toBe(false);
  await kill(server);
  expect(devices.missingLeases(readLeaseTable(lab.leaseFile, ranges))).toEqual([]);
  expect(readFileSync(lab.leaseFile, "latin1")).toContain(foreign);
});

/** The address that the written files give to a device. */
function addressOf(device: number): number {
  const { pools } = population.cmts(device % population.cmtsCount);
  return pools[0].low + Math.floor(device / population.cmtsCount);
}

/** A lease that runs for years, as dhcpd 4.4 lays its statements out. */
function iscLease(device: number): string {
  const mac = population.macOf(device);
  const octal = (bytes: Uint8Array) =>
    Array.from(bytes, (byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
  return `lease ${formatIpv4(addressOf(device))} {
  starts 4 2026/01/01 00:00:00;
  ends 5 2100/01/01 00:00:00;
  cltt 4 2026/01/01 00:00:00;
  binding state active;
  next binding state free;
  rewind binding state free;
  hardware ethernet ${formatMac(mac)};
  uid "\\001${octal(mac)}";
  set vendor-class-identifier = "docsis3.0:";
  option agent.circuit-id 0:0:0:7;
  option agent.remote-id ${formatMac(population.macOf(population.attachmentOf(device)))};
}
`;
}

function iscFile(records: readonly string[]): string {
  return `# The format of this file is documented in the dhcpd.leases(5) manual page.
# This lease file was written by isc-dhcp-4.4.3-P1

# authoring-byte-order entry is generated, DO NOT DELETE
authoring-byte-order little-endian;

server-duid "\\000\\001\\000\\001\\060\\361\\012\\242\\002\\000\\000\\000\\000\\001";

${records.join("")}`;
}

function replaceInMiddle(text: string, what: string, by: string): string {
  const at = text.indexOf(what, text.length / 2);
  return text.slice(0, at) + by + text.slice(at + what.length);
}

function firstDifference(left: string, right: string): number {
  let at = 0;
  while (at < left.length && left[at] === right[at]) at += 1;
  return at;
}

const scenario = smallScenario("taken-over", {
  population: {
    cableModems: 60,
    mtas: 20,
    cpes: 20,
    smartMeters: 20,
    cmtsCount: 3,
    addressBlock: "10.64.0.0/16",
  },
  phases: [connect(200), renew(100, 1)],
});

describeWithPeers("beside ISC dhcpd", ["dhcpd", "unshare"], () => {
  test("LEASE-1: a missing file is told in dhcpd's words", async () => {
    rmSync(lab.leaseFile);
    const files = ["-cf", lab.configFile, "-lf", lab.leaseFile, "-pf", `${lab.folder}/dhcpd.pid`];
    // It would end before it opens a socket; in a namespace of its own it can do nothing else.
    const theirs = spawnSync("unshare", ["-n", "/usr/sbin/dhcpd", "-4", "-f", "-d", ...files], {
      encoding: "latin1",
      timeout: 20_000,
    });
    const ours = await lab.run();
    expect(ours.status).toBe(theirs.status);
    const words = /^Can't open lease database .*$/m;
    expect(words.exec(ours.said)?.[0]).toBe(words.exec(theirs.stderr)?.[0]);
  });

  test("the lease file that it wrote is taken over: all devices keep their addresses", async () => {
    const network = new NetworkLab();
    try {
      const { headend, plant, files, serverArguments } = await addPlant(network, scenario);
      const played = [];
      const servers = { original: ["dhcpd"], ours: [process.execPath, prov, "dhcpd"] };
      for (const [name, [program, ...first]] of Object.entries(servers)) {
        const server = network.start(headend, program!, [...first, ...serverArguments]);
        await server.waitFor(/Server starting service\./);
        const ran = await network.run(plant, process.execPath, [
          ...[prov, "run", files.scenario, "--target", "10.99.0.1"],
          ...["--out", network.path(`out-${name}`)],
        ]);
        const { output } = await server.stop();
        // On a busy machine the verdict may be that the generator was the limit.
        expect([0, 98], `${ran.output}\n${output}`).toContain(ran.status);
        expect(output).not.toMatch(/damaged|cut off|in no range/);
        played.push(activeLeases(files.leases));
      }
      const [before, after] = played;
      expect(before!.size).toBe(120);
      for (const [hardware, { address, startsAt }] of before!) {
        const found = after!.get(hardware);
        expect(found?.address, hardware).toBe(address);
        expect(found?.startsAt, hardware).toBeGreaterThanOrEqual(startsAt ?? 0);
      }
      // Our records stand behind those of the original, in the same file.
      const text = readFileSync(files.leases, "latin1");
      expect(text).toContain("written by isc-dhcp-4");
    } finally {
      await network.close();
    }
  });
});

/** The last record of each address, by hardware. */
function activeLeases(path: string): Map<string, LeaseRecord> {
  const { records, error } = parseLeaseFile(readFileSync(path));
  expect(error).toBeUndefined();
  const byAddress = new Map(records.map((record) => [record.address, record]));
  const active = [...byAddress.values()].filter(({ bindingState }) => bindingState === "active");
  return new Map(active.map((record) => [formatMac(record.hardware!.address), record]));
}
