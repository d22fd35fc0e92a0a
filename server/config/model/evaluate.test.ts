import { describe, expect, test } from "vitest";
import { parseIpv4 } from "../../../protocol/ipv4.ts";
import { parseMac } from "../../../protocol/mac.ts";
import {
  configOf,
  contextOf,
  remoteId,
  type TestPacket,
  textOf,
} from "../grammar/config.testing.ts";
import type { EvaluationContext } from "../language/program.ts";
import type { Settings } from "../language/settings.ts";
import { classify, evaluateScopes, isPermitted, scopesOf } from "./evaluate.ts";
import type { ServerConfig } from "./model.ts";

const mac = "02:10:00:00:00:01";
const address = parseIpv4("10.0.0.9") as number;

/** Everything that applies to a client of this MAC at 10.0.0.9, in the first pool. */
function settingsOf(
  config: ServerConfig,
  packet: TestPacket = {},
  more: Partial<EvaluationContext> = {},
): Settings {
  const context = contextOf({ mac, ...packet }, more);
  const sources = {
    subnet: config.subnetOf(address),
    pool: config.pools[0],
    members: classify(config, context),
    host: config.hosts.byHardware(1, parseMac(mac) as Uint8Array)[0],
  };
  return evaluateScopes(config, scopesOf(config, sources), context);
}

/** A file in which each of these places sets the file name to its own name. */
function layered(places: readonly string[]): string {
  const set = (place: string) => (places.includes(place) ? `filename "${place}";` : "");
  return `
    ${set("top")}
    class "c" { match substring (hardware, 1, 6); ${set("class")} }
    subclass "c" ${mac} { ${set("subclass")} }
    group g { ${set("group")} }
    shared-network n { ${set("shared-network")}
      subnet 10.0.0.0 netmask 255.255.255.0 { ${set("subnet")}
        pool { range 10.0.0.9; ${set("pool")} } } }
    host h { hardware ethernet ${mac}; group g; ${set("host")} }`;
}

describe("CONF-16, CONF-17, CONF-18: the more specific place wins", () => {
  const order = ["top", "shared-network", "subnet", "pool", "class", "subclass", "group", "host"];
  for (const [index, winner] of order.entries()) {
    test(`${winner} over ${order.slice(0, index).join(", ") || "nothing"}`, () => {
      const config = configOf(layered(order.slice(0, index + 1)));
      expect(settingsOf(config).text("filename")).toBe(winner);
      const alone = configOf(layered([winner]));
      expect(settingsOf(alone).text("filename")).toBe(winner);
    });
  }
});

describe("scopes", () => {
  test("a host inside a network does not run the network again over the host's group", () => {
    const config = configOf(`
      group g { filename "group"; }
      subnet 10.0.0.0 netmask 255.255.255.0 { filename "subnet"; range 10.0.0.9;
        host h { hardware ethernet ${mac}; group g; } }`);
    expect(settingsOf(config).text("filename")).toBe("group");
  });

  test("the blocks around a host count for it, wherever it is", () => {
    const config = configOf(`
      subnet 10.0.0.0 netmask 255.255.255.0 { filename "subnet"; range 10.0.0.9; }
      group { filename "around"; option domain-name "outer";
        group { option domain-name "inner"; host h { hardware ethernet ${mac}; } } }`);
    const settings = settingsOf(config);
    expect(settings.text("filename")).toBe("around");
    expect(textOf(settings.option(15))).toBe("inner");
  });

  test("a named group takes the place of the block around the host, as in dhcpd", () => {
    const config = configOf(`
      group named { option domain-name "named"; }
      group { filename "around"; host h { hardware ethernet ${mac}; group named; min-secs 1; } }`);
    const settings = settingsOf(config);
    expect(settings.text("filename")).toBeUndefined();
    expect(textOf(settings.option(15))).toBe("named");
    expect(settings.number("min-secs")).toBe(1);
    expect(config.hosts.byName("h")?.group).toBe(config.groups.get("named"));
  });

  test("a host without statements shares the scope that it stands in", () => {
    const config = configOf(
      `group g { filename "g"; } host h { hardware ethernet ${mac}; group g; }`,
    );
    expect(config.hosts.byName("h")?.scope).toBe(config.groups.get("g"));
  });

  test("authoritative holds for the blocks inside, and can be taken back", () => {
    const config = configOf(`
      authoritative;
      shared-network n { not authoritative; subnet 10.0.0.0 netmask 255.255.255.0 { } }
      subnet 10.0.1.0 netmask 255.255.255.0 { }`);
    expect(config.root.authoritative).toBe(true);
    expect(config.sharedNetworks.map(({ scope }) => scope.authoritative)).toEqual([false, true]);
    expect(config.subnetOf(address)?.scope.authoritative).toBe(false);
  });

  test("of several classes the first that matched has the last word", () => {
    const config = configOf(`
      class "first" { match if exists host-name; filename "first"; min-secs 1; }
      class "second" { match if exists host-name; filename "second"; min-secs 2; server-name "s"; }`);
    const settings = settingsOf(config, { options: { 12: "x" } });
    expect(settings.text("filename")).toBe("first");
    expect(settings.text("server-name")).toBe("s");
  });
});

describe("statements", () => {
  const nameOf = (text: string, packet: TestPacket = {}, known = false) =>
    textOf(settingsOf(configOf(text), packet, { known }).option(12));
  const cases: readonly (readonly [text: string, hostName: string | undefined])[] = [
    ['option host-name "a"; option host-name "b";', "b"],
    ['option host-name "a"; supersede host-name "b";', "b"],
    ['option host-name "a"; default host-name "b";', "a"],
    ['default host-name "b";', "b"],
    ['option host-name "a"; append host-name "b";', "ab"],
    ['option host-name "a"; prepend host-name "b";', "ba"],
    ['append host-name "b";', "b"],
    // A value is worked out when all statements have run (observed with dhcpd 4.4.3-P1).
    ['option host-name "a"; option host-name = option nis-domain;', undefined],
    ['option host-name = option nis-domain; default host-name "b";', undefined],
    ['option host-name "a"; append host-name = option nis-domain;', undefined],
    ['option host-name = config-option root-path; option root-path "late";', "late"],
    [
      'option host-name "a"; append host-name = config-option root-path; option root-path "b";',
      "ab",
    ],
    ['set var = "one"; option host-name = var; set var = "two";', "two"],
    [
      'option host-name = "a"; append host-name = var; prepend host-name = var; set var = "z";',
      "zaz",
    ],
    // dhcpd itself ends by a signal here.
    ['option host-name "a"; option host-name = config-option host-name;', undefined],
    [
      "option host-name = config-option root-path; option root-path = config-option host-name;",
      undefined,
    ],
    ['filename "f"; option host-name = concat (config-option server.filename, "x");', "fx"],
    ['if exists nis-domain { option host-name "a"; }', undefined],
    ['if exists nis-domain { option host-name "a"; } else { option host-name "b"; }', "b"],
    ['if known { option host-name "a"; } elsif not known { option host-name "b"; } else { }', "b"],
    ['if not known { option host-name "a"; } elsif not known { option host-name "b"; }', "a"],
    ['if not known { if not known { option host-name "a"; } }', "a"],
  ];
  for (const [text, hostName] of cases) {
    test(`${text} gives ${hostName}`, () => expect(nameOf(text)).toBe(hostName));
  }

  const serverCases: readonly (readonly [text: string, filename: string | undefined])[] = [
    ['supersede server.filename = "x";', "x"],
    ['supersede server.filename "x";', "x"],
    ['option server.filename "x";', "x"],
    ['filename "a"; default server.filename "b";', "a"],
    ['filename "a"; append server.filename "b";', "ab"],
    ['option server.filename "x"; filename "a";', "a"],
    ['filename "a"; server-name = option server.filename; default server.filename = "b";', "a"],
    ['if exists server.filename { filename "a"; }', undefined],
    ['filename "f"; if config-option server.filename = "f" { filename "g"; }', "g"],
    ["supersede server.filename = option server.filename;", undefined],
  ];
  test.each(serverCases)("%s gives the file %s", (text, filename) => {
    expect(settingsOf(configOf(text)).text("filename")).toBe(filename);
  });

  test("what OMAPI writes about a parameter counts as the parameter", () => {
    const settings = settingsOf(
      configOf(`supersede server.next-server = 0a:00:00:03; supersede server.allow-booting = 00;
        supersede server.boot-unknown-clients = 01; supersede server.default-lease-time = 00:00:54:60;
        option server.min-secs 3; option server.always-broadcast on; option server.vendor-option-space dhcp;`),
    );
    expect(settings.address("next-server")).toBe(0x0a00_0003);
    expect(settings.permission("booting")).toBe("deny");
    expect(settings.permission("unknown-clients")).toBe("allow");
    expect(settings.number("default-lease-time")).toBe(21600);
    expect(settings.number("min-secs")).toBe(3);
    expect(settings.flag("always-broadcast")).toBe(true);
  });

  test("parameters come as what they are (CONF-13)", () => {
    const settings = settingsOf(
      configOf(`default-lease-time 21600; max-lease-time -1; min-secs 3; ping-check off;
        always-broadcast on; filename "x.cfg"; next-server 10.0.0.3; server-identifier 10.0.0.4;
        deny bootp; ignore declines; allow booting; boot-unknown-clients off;`),
    );
    expect(settings.number("default-lease-time")).toBe(21600);
    expect(settings.number("max-lease-time")).toBe(0xffff_ffff);
    expect(settings.number("min-lease-time")).toBeUndefined();
    expect(settings.flag("ping-check")).toBe(false);
    expect(settings.flag("always-broadcast")).toBe(true);
    expect(settings.flag("echo-client-id")).toBeUndefined();
    expect(settings.text("filename")).toBe("x.cfg");
    expect(settings.address("next-server")).toBe(parseIpv4("10.0.0.3"));
    expect(settings.address("server-identifier")).toBe(parseIpv4("10.0.0.4"));
    expect(settings.option(54)).toEqual(Uint8Array.of(10, 0, 0, 4));
    expect(settings.permission("bootp")).toBe("deny");
    expect(settings.permission("declines")).toBe("ignore");
    expect(settings.permission("booting")).toBe("allow");
    expect(settings.permission("unknown-clients")).toBe("deny");
    expect(settings.permission("leasequery")).toBeUndefined();
  });

  test("host names in addresses are resolved for each reply", () => {
    const config = configOf(`
      option domain-name-servers 10.0.0.1, dns.example, 10.0.0.2;
      option subnet-mask gone.example; next-server TFTP.example;`);
    expect(config.hostNames).toEqual(["dns.example", "gone.example", "tftp.example"]);
    const known: Readonly<Record<string, number[]>> = {
      "dns.example": [7, 8],
      "tftp.example": [9, 10],
    };
    const resolve = (name: string) => known[name];
    const settings = settingsOf(config, {}, { resolve });
    expect([...(settings.option(6) ?? [])]).toEqual([
      10, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0, 8, 10, 0, 0, 2,
    ]);
    expect(settings.option(1)).toBeUndefined();
    expect(settings.address("next-server")).toBe(9);
    const unresolved = settingsOf(config);
    expect([...(unresolved.option(6) ?? [])]).toEqual([10, 0, 0, 1, 10, 0, 0, 2]);
    expect(unresolved.address("next-server")).toBeUndefined();
  });
});

describe("CLASS-1, CONF-14: membership", () => {
  const names = (config: ServerConfig, packet: TestPacket) =>
    classify(config, contextOf(packet)).map(({ clientClass, subclass }) => [
      clientClass.name,
      subclass,
    ]);

  const devices = configOf(`
    class "cm" { match if substring (option vendor-class-identifier, 0, 6) = "docsis"; }
    class "mta" { match if substring (option vendor-class-identifier, 0, 8) = "pktc1.0:"; }
    class "cm10" { match if not (substring (option vendor-class-identifier, 0, 6) = "docsis")
      and not (substring (option vendor-class-identifier, 0, 8) = "pktc1.0:")
      and option agent.remote-id = substring (hardware, 1, 6); }
    class "cpe" { match if exists agent.remote-id
      and not (option agent.remote-id = substring (hardware, 1, 6))
      and not (substring (option vendor-class-identifier, 0, 8) = "pktc1.0:"); }
    class "hybrid" { match if substring (option vendor-class-identifier, 10, 8) = "05240101"; }`);
  const own = remoteId(mac);
  const other = remoteId("02:10:00:00:00:02");
  const table: readonly (readonly [rules: string, packet: TestPacket, classes: string[]])[] = [
    ["CLASS-2, CLASS-7", { mac, options: { 60: "docsis3.0:", 82: own } }, ["cm"]],
    ["CLASS-2", { mac, options: { 60: "docsis1.1:0501" } }, ["cm"]],
    ["CLASS-5", { mac, options: { 60: "docsis2.0:052401010102" } }, ["cm", "hybrid"]],
    ["CLASS-3", { mac, options: { 60: "pktc1.0:05", 82: other } }, ["mta"]],
    ["CLASS-3", { mac, options: { 60: "pktc1.0:05" } }, ["mta"]],
    ["CLASS-9", { mac, options: { 82: own } }, ["cm10"]],
    ["CLASS-8", { mac, options: { 60: "MSFT 5.0", 82: other } }, ["cpe"]],
    ["no rule", { mac, options: { 60: "MSFT 5.0" } }, []],
  ];
  for (const [rules, packet, classes] of table) {
    test(`${rules}: ${JSON.stringify(packet.options?.[60])} is ${classes.join() || "none"}`, () => {
      expect(names(devices, packet).map(([name]) => name)).toEqual(classes);
    });
  }

  test("CLASS-11: match looks the value up among the subclasses", () => {
    const config = configOf(`class "c" { match substring (hardware, 1, 6); }
      subclass "c" 02:10:00:00:00:02; subclass "c" ${mac}; subclass "c" ${mac};`);
    expect(config.classes.byName("c")?.subclasses.count).toBe(2);
    expect(names(config, { mac })).toEqual([["c", 1]]);
    expect(names(config, { mac: "02:10:00:00:00:03" })).toEqual([]);
  });

  test("match if and match must both hold; an empty value is no member", () => {
    const config = configOf(`class "c" { match if exists host-name; match option nis-domain; }
      subclass "c" "x"; subclass "c" "";`);
    expect(names(config, { options: { 12: "h", 40: "x" } })).toEqual([["c", 0]]);
    expect(names(config, { options: { 40: "x" } })).toEqual([]);
    expect(names(config, { options: { 12: "h" } })).toEqual([]);
    expect(names(config, { options: { 12: "h", 40: "" } })).toEqual([]);
  });

  test("CLASS-13: a spawning class takes unknown values, but none at all is no member", () => {
    const config = configOf(`class "c" { spawn with option agent.remote-id; lease limit 4; }
      subclass "c" ${mac} { lease limit 9; filename "own"; }`);
    const [declared] = classify(config, contextOf({ options: { 82: own } }));
    expect([declared.subclass, declared.leaseLimit]).toEqual([0, 9]);
    expect(declared.scope.parent).toBe(declared.clientClass.scope);
    const [spawned] = classify(config, contextOf({ options: { 82: other } }));
    expect([spawned.subclass, spawned.leaseLimit]).toEqual([-1, 4]);
    expect(spawned.key).toEqual(parseMac("02:10:00:00:00:02"));
    expect(classify(config, contextOf())).toEqual([]);
  });
});

describe("CLASS-10, PRE-4: permits", () => {
  const permitted = (lines: string, known: boolean, packet: TestPacket = {}, bootp = false) => {
    const config = configOf(`class "named" { match if exists host-name; }
      class "sub" { match option nis-domain; } subclass "sub" "x";
      subnet 10.0.0.0 netmask 255.255.255.0 { pool { range 10.0.0.9; ${lines} } }`);
    const members = classify(config, contextOf(packet));
    return isPermitted(config.pools[0], { known, members, bootp });
  };
  const named: TestPacket = { options: { 12: "h" } };
  const cases: readonly (readonly [
    lines: string,
    known: boolean,
    packet: TestPacket,
    ok: boolean,
  ])[] = [
    ["", false, {}, true],
    ["deny unknown-clients;", false, {}, false],
    ["deny unknown clients;", true, {}, true],
    ["allow known-clients;", false, {}, false],
    ["allow known clients;", true, {}, true],
    ['allow members of "named";', false, {}, false],
    ['allow members of "named";', false, named, true],
    ['deny unknown-clients; allow members of "named";', false, named, false],
    ['deny unknown-clients; allow members of "named";', true, named, true],
    ['deny members of "named"; allow known-clients;', true, named, false],
    ['allow members of "named"; allow known-clients;', true, {}, true],
    ['allow members of "sub";', false, { options: { 40: "x" } }, true],
    ["deny all clients;", true, named, false],
    ["deny dynamic bootp clients;", true, named, true],
  ];
  for (const [lines, known, packet, ok] of cases) {
    const who = `${known ? "known" : "unknown"}${packet.options === undefined ? "" : " member"}`;
    test(`${lines || "nothing"}: ${who} client ${ok ? "in" : "out"}`, () => {
      expect(permitted(lines, known, packet)).toBe(ok);
    });
  }

  test("members of one of a hundred classes, each with a pool that is for it or for all but it", () => {
    const numbers = Array.from({ length: 100 }, (_, index) => index);
    const config = configOf(`
      ${numbers.map((at) => `class "c${at}" { match if option host-name = "${at}"; }`).join("\n")}
      subnet 10.0.0.0 netmask 255.255.0.0 {
        ${numbers.map((at) => `pool { range 10.0.0.${at}; allow members of "c${at}"; }`).join("\n")}
        ${numbers.map((at) => `pool { range 10.0.1.${at}; deny members of "c${at}"; }`).join("\n")}
      }`);
    for (const at of numbers) {
      const members = classify(config, contextOf({ options: { 12: `${at}` } }));
      const open = config.pools.filter((pool) => isPermitted(pool, { known: false, members }));
      const others = numbers.filter((other) => other !== at).map((other) => 100 + other);
      expect(open.map(({ index }) => index)).toEqual([at, ...others]);
    }
  });

  test("DHCP-15: BOOTP clients stay out of the ranges of a subnet itself", () => {
    const config = configOf("subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.9; }");
    const subject = { known: false, members: [] };
    expect(isPermitted(config.pools[0], { ...subject, bootp: true })).toBe(false);
    expect(isPermitted(config.pools[0], subject)).toBe(true);
  });
});
