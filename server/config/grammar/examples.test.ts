import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parseIpv4 } from "../../../protocol/ipv4.ts";
import { parseMac } from "../../../protocol/mac.ts";
import { classify, evaluateScopes, isPermitted, scopesOf } from "../model/evaluate.ts";
import type { ServerConfig } from "../model/model.ts";
import { configOf, contextOf, remoteId, type TestPacket, textOf } from "./config.testing.ts";
import { formatDiagnostic, parseConfig } from "./parse.ts";

const repository = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
const read = (path: string): string => readFileSync(path, "latin1");

function parsed(path: string): ServerConfig {
  const outcome = parseConfig(path, read);
  if (outcome.kind === "failed")
    throw new Error(outcome.diagnostics.map(formatDiagnostic).join("\n"));
  return outcome.config;
}

/** What a device of this MAC gets, and from which pools. */
function serve(config: ServerConfig, mac: string, options: TestPacket["options"], address: string) {
  const host = config.hosts.byHardware(1, parseMac(mac) as Uint8Array)[0];
  const known = host !== undefined;
  const context = contextOf({ mac, ...(options === undefined ? {} : { options }) }, { known });
  const members = classify(config, context);
  const subnet = config.subnetOf(parseIpv4(address) as number);
  const pools = (subnet?.sharedNetwork.pools ?? []).filter((pool) =>
    isPermitted(pool, { known, members }),
  );
  const sources = { subnet, pool: pools[0], members, host };
  const settings = evaluateScopes(config, scopesOf(config, sources), context);
  return { settings, pools: pools.map(({ index }) => index), host };
}

describe("examples/docsis.conf", () => {
  const config = parsed(join(repository, "examples/docsis.conf"));
  const modem = { 60: "docsis3.0:", 82: remoteId("02:10:00:00:00:01") };

  test("a registered modem", () => {
    const { settings, pools } = serve(config, "02:10:00:00:00:01", modem, "10.32.0.1");
    expect(pools).toEqual([0]);
    expect(settings.text("filename")).toBe("residential-d30.cfg");
    expect(textOf(settings.option(67))).toBe("residential-d30.cfg");
    expect([...(settings.option(122) ?? [])]).toEqual([1, 4, 10, 20, 0, 10]);
    expect(settings.number("default-lease-time")).toBe(21600);
    expect(settings.address("next-server")).toBe(parseIpv4("10.20.0.11"));
  });

  test("PRE-2: an unknown modem finds no pool", () => {
    const own = { 60: "docsis3.0:", 82: remoteId("02:10:00:00:00:77") };
    expect(serve(config, "02:10:00:00:00:77", own, "10.32.0.1").pools).toEqual([]);
    // Nor does one that its CMTS takes for another.
    expect(serve(config, "02:10:00:00:00:77", modem, "10.32.0.1").pools).toEqual([]);
  });

  test("CLASS-4, PRE-8: without a profile the file goes by the DOCSIS version", () => {
    for (const [version, file] of [
      ["docsis1.0:", "walled-garden-d10.cfg"],
      ["docsis1.1:05", "walled-garden-d11.cfg"],
      ["docsis3.1:", "walled-garden-d30.cfg"],
    ]) {
      const options = { ...modem, 60: version };
      const { settings } = serve(config, "02:10:00:00:00:77", options, "10.32.0.1");
      expect(textOf(settings.option(67))).toBe(file);
    }
  });

  test("an MTA", () => {
    const mac = "02:20:00:00:00:01";
    const options = { 60: "pktc1.0:05", 82: remoteId("02:10:00:00:00:01") };
    const { settings, pools } = serve(config, mac, options, "10.32.0.1");
    expect(pools).toEqual([1]);
    expect(textOf(settings.option(12))).toBe("mta-022000000001");
    expect(settings.option(43)).toEqual(settings.option(122));
    expect([...(settings.option(122) ?? [])].slice(0, 4)).toEqual([3, 21, 0, 4]);
  });

  test("CPE behind two modems", () => {
    const cpe = (modemMac: string) =>
      serve(config, "02:30:00:00:00:01", { 82: remoteId(modemMac) }, "10.32.0.1");
    const [first, second] = ["02:10:00:00:00:01", "02:10:00:00:00:02"].map(cpe);
    expect([first.pools, second.pools]).toEqual([[2], [2]]);
    expect(textOf(first.settings.option(15))).toBe("cable.example");
    expect(textOf(second.settings.option(15))).toBe("business.cable.example");
    expect(cpe("02:10:00:00:00:99").pools).toEqual([]);
  });
});

describe("examples/smart-meter.conf", () => {
  const config = parsed(join(repository, "examples/smart-meter.conf"));

  test("two models of meter", () => {
    const first = serve(config, "02:40:00:00:00:01", undefined, "10.48.1.1");
    expect(first.host?.fixedAddresses).toEqual([parseIpv4("10.48.1.1")]);
    expect(textOf(first.settings.option(66))).toBe("10.48.0.5");
    expect(first.settings.number("max-lease-time")).toBe(86400);
    const second = serve(config, "02:40:00:00:00:02", undefined, "10.48.1.2");
    expect(textOf(second.settings.option(12))).toBe("sp576-0-2");
  });
});

// The listings of the provisioning guide, corrected. They lie beside the repository where it is
// developed; another checkout does not have these tests.
const guide = resolve(repository, "../shared/spec/examples");
if (existsSync(guide)) describe("the guide's own examples, as they are", guideTests);

function guideTests(): void {
  const docsis = join(guide, "docsis-dhcpd.conf");
  const meters = join(guide, "smart-meter-dhcpd.conf");

  test("docsis-dhcpd.conf", () => {
    const config = parsed(docsis);
    const mac = "00:e0:6f:39:f9:88";
    const modem = serve(config, mac, { 60: "docsis1.1:", 82: remoteId(mac) }, "10.174.0.1");
    expect(modem.pools).toEqual([0]);
    expect(textOf(modem.settings.option(67))).toBe("basic_cm.cfg");
    expect([...(modem.settings.option(122) ?? [])]).toEqual([
      1, 4, 192, 168, 0, 11, 2, 4, 192, 168, 0, 12,
    ]);
    const mta = serve(config, "00:e0:6f:58:4d:a4", { 60: "pktc1.0:05" }, "10.174.0.1");
    expect(mta.pools).toEqual([1]);
    expect(textOf(mta.settings.option(12))).toBe("00e06f584da4");
    expect(mta.settings.option(43)?.length).toBe(2 + 29 + 2 + 9);
    expect(config.hostNames).toEqual(["dns.example.com"]);
  });

  test("smart-meter-dhcpd.conf", () => {
    const config = parsed(meters);
    const meter = serve(config, "54:53:ed:1d:32:a9", undefined, "192.168.101.202");
    expect(meter.host?.fixedAddresses).toEqual([parseIpv4("192.168.101.202")]);
    expect(meter.settings.number("default-lease-time")).toBe(86400);
    expect(config.sharedNetworks.map(({ name }) => name)).toEqual(["192.168.101.0/24"]);
  });
}

test("damaged examples give diagnostics, never an exception (seed 1)", () => {
  const texts = ["docsis.conf", "smart-meter.conf"].map((name) =>
    read(join(repository, "examples", name)),
  );
  let state = 1;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const pieces = [
    "{",
    "}",
    ";",
    '"',
    "(",
    ")",
    ",",
    ".",
    ":",
    "#",
    "\0",
    "option ",
    "if ",
    "1",
    "é",
    "\\",
  ];
  let failed = 0;
  for (let round = 0; round < 600; round += 1) {
    let text = texts[round % 2];
    for (let change = 0; change <= round % 4; change += 1) {
      const at = below(text.length);
      const piece = pieces[below(pieces.length)];
      const cut = below(3) === 0 ? below(40) : 1;
      text = text.slice(0, at) + (below(2) === 0 ? piece : "") + text.slice(at + cut);
    }
    const outcome = parseConfig("damaged.conf", () => text);
    if (outcome.kind === "failed") {
      failed += 1;
      expect(outcome.diagnostics.length).toBeGreaterThan(0);
      for (const diagnostic of outcome.diagnostics) {
        expect(diagnostic.line).toBeLessThanOrEqual(text.split("\n").length);
        expect(formatDiagnostic(diagnostic)).toMatch(/^damaged\.conf line \d+: ./);
      }
    }
  }
  expect(failed).toBeGreaterThan(200);
});

test("a file cut off anywhere is an error or a shorter file, never an exception", () => {
  const text = read(join(repository, "examples/docsis.conf"));
  for (let end = 0; end < text.length; end += 7) {
    const outcome = parseConfig("cut.conf", () => text.slice(0, end));
    if (outcome.kind === "failed") expect(outcome.diagnostics.length).toBeGreaterThan(0);
  }
  expect(() => configOf(text)).not.toThrow();
});
