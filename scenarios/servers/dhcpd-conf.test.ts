import { describe, expect, test } from "vitest";
import { parseConfig } from "../../server/config/grammar/parse.ts";
import { EngineBed } from "../../server/dhcp/decide/engine.testing.ts";
import { type BootParameters, bootParametersOf } from "../../simulator/boot/boot-parameters.ts";
import { RecordingSink } from "../../simulator/device/exchange.testing.ts";
import { Fleet } from "../../simulator/worker/fleet.ts";
import { type DeviceKind, Population } from "../population/population.ts";
import { bootFileNames, bootFilesOf } from "./boot-files.ts";
import { type DhcpdConfOptions, dhcpdConf } from "./dhcpd-conf.ts";

const population = new Population({
  cableModems: 24,
  mtas: 5,
  cpes: 50,
  smartMeters: 9,
  cmtsCount: 3,
});
const modemsOnly = new Population({
  cableModems: 3,
  mtas: 0,
  cpes: 0,
  smartMeters: 0,
  cmtsCount: 1,
});
const everything: DhcpdConfOptions = {
  leaseSeconds: 7200,
  localAddress: 0x7f00_0001,
  serverSubnet: { network: 0x0a09_0000, prefixLength: 24 },
  bootServer: 0x0a09_0001,
  leaseFile: "/var/lib/dhcp/dhcpd.leases",
  serverIdentifier: 0x0a09_0001,
  serverName: "node-a",
};

function countOf(text: string, pattern: RegExp): number {
  return [...text.matchAll(pattern)].length;
}

describe("what the file says", () => {
  const text = dhcpdConf(population, everything);
  test("PRE-1, PRE-5, PRE-9: a host for every device and a subclass for every subscriber", () => {
    expect(countOf(text, /^ {2}host \S+ \{ hardware ethernet [0-9a-f:]{17}; \}$/gm)).toBe(88);
    expect(countOf(text, /^subclass "cable-modem" 1:02:10:/gm)).toBe(24);
    expect(countOf(text, /^subclass "packetcable-mta" 1:02:20:/gm)).toBe(5);
    expect(countOf(text, /^subclass "subscriber-cpe" 02:10:/gm)).toBe(24);
    expect(countOf(text, /^subclass "smart-meter" 1:02:40:/gm)).toBe(9);
  });
  test("PRE-4, CLASS-10, CLASS-14: every pool denies unknown clients and is open to one class", () => {
    expect(countOf(text, /^ {2,}deny unknown-clients;$/gm)).toBe(12);
    expect(countOf(text, /^ {2,}allow members of /gm)).toBe(12);
    expect(countOf(text, /^shared-network /gm)).toBe(3);
  });
  test("renewals are always written, nothing is pinged", () => {
    expect(text).toContain("dhcp-cache-threshold 0;");
    expect(text).toContain("ping-check false;");
    expect(text).toContain("default-lease-time 7200;\nmax-lease-time 7200;\nmin-lease-time 7200;");
  });
  test("kinds that do not exist are not mentioned", () => {
    expect(dhcpdConf(modemsOnly, { leaseSeconds: 600 })).not.toMatch(/meter|mta"|cpe/);
  });
  test("without registration a million devices take no more lines than a few", () => {
    const text = dhcpdConf(population, { leaseSeconds: 600, registered: false });
    expect(text).not.toMatch(
      /^ *(host|subclass|group) |unknown-clients;|^ *match (hardware|option)/m,
    );
    expect(countOf(text, /^ {2,}allow members of /gm)).toBe(12);
    expect(countOf(text, /^ {2}filename "mta.bin";$/gm)).toBe(1);
    const plan = { cableModems: 1_000_000, mtas: 0, cpes: 0, smartMeters: 0, cmtsCount: 3 };
    const million = dhcpdConf(new Population(plan), { leaseSeconds: 600, registered: false });
    expect(million.length).toBeLessThan(text.length);
  });
});

describe("our own parser takes it without a word", () => {
  for (const [what, text, hosts] of [
    ["everything", dhcpdConf(population, everything), 88],
    ["as little as possible", dhcpdConf(modemsOnly, { leaseSeconds: 600 }), 3],
    ["nobody registered", dhcpdConf(population, { ...everything, registered: false }), 0],
  ] as const) {
    test(what, () => {
      const result = parseConfig("generated.conf", () => text);
      if (result.kind === "failed") expect.fail(JSON.stringify(result.diagnostics, null, 2));
      expect(result.warnings).toEqual([]);
      expect(result.config.hosts.count).toBe(hosts);
    });
  }
});

describe("what devices learn from it for the rest of their boot", () => {
  const bootServer = everything.bootServer!;
  const bed = new EngineBed(dhcpdConf(population, everything));
  const sink = new RecordingSink();
  const servers = [{ address: 0x0a09_0001, port: 67 }];
  const fleet = new Fleet({ population, seed: 1, servers, startMs: 0 }, sink);

  /** Of the OFFER, which has the options of the ACK. */
  function toldTo(device: number): BootParameters {
    fleet.start(device, "discover", 0, 0);
    const [discover] = sink.take();
    const { packet } = discover!;
    const outcome = bed.engine.respond(
      {
        packet,
        sourceAddress: packet.giaddr,
        sourcePort: 67,
        destinationAddress: 0x0a09_0001,
        interfaceIndex: 3,
      },
      bed.nowSeconds,
      bed.nowSeconds * 1000,
    );
    return bootParametersOf(bed.seenReply(outcome).packet);
  }

  function devicesOf(kind: DeviceKind): number[] {
    const devices = Array.from({ length: population.size }, (_, device) => device);
    return devices.filter((device) => population.kindOf(device) === kind);
  }

  const all = [bootServer];
  test("CLASS-4: a modem has the file of its DOCSIS version, and a time server", () => {
    for (const device of devicesOf("cable-modem")) {
      const version = population.docsisVersionOf(device)!;
      const file = bootFileNames.modem[version === "1.1" ? "2.0" : version];
      expect(toldTo(device)).toMatchObject({
        tftpServers: all,
        filename: file,
        timeServers: all,
        logServers: all,
      });
    }
  });
  test("an MTA has the file of its group", () => {
    for (const device of devicesOf("mta")) {
      expect(toldTo(device)).toMatchObject({ tftpServers: all, filename: bootFileNames.mta });
    }
  });
  test("SM-1, SM-4: a meter has its image, an NTP server and a log server", () => {
    for (const device of devicesOf("smart-meter")) {
      expect(toldTo(device)).toMatchObject({
        tftpServers: all,
        filename: bootFileNames.meter,
        ntpServers: all,
        logServers: all,
      });
    }
  });
  test("a CPE has nothing to fetch", () => {
    for (const device of devicesOf("cpe")) {
      expect(toldTo(device)).toMatchObject({ tftpServers: [], filename: "" });
    }
  });
  test("every file that it names exists, and every file is named", () => {
    const text = dhcpdConf(population, everything);
    const named = [...text.matchAll(/\b(?:filename|bootfile-name) "([^"]+)"/g)].map(
      ([, file]) => file!,
    );
    const files = bootFilesOf({ seed: 1, meterImageBytes: 1024 }).map(({ name }) => name);
    expect([...new Set(named)].sort()).toEqual([...files].sort());
  });
});
