import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import { parameterNames, parameterOf } from "../../server/config/language/parameters.ts";
import type { ClientMessage } from "../../server/dhcp/decide/engine.testing.ts";
import { Contender, macOf, type Script, type Step } from "./differential/contender.testing.ts";
import { hostSite } from "./differential/host.testing.ts";
import { lifetimeSite } from "./differential/lifetime.testing.ts";
import { onPurpose } from "./differential/on-purpose.testing.ts";
import { parameterSite } from "./differential/parameter.testing.ts";
import { poolSite } from "./differential/pool.testing.ts";
import { type Answer, type Reply, replyLines } from "./differential/reply-text.testing.ts";
import { bind, device, meant, one, own, take, via } from "./differential/steps.testing.ts";
import { describeWithPeers, NetworkLab } from "./namespaces.testing.ts";
import { parameterRows } from "./parameter-rows.testing.ts";

const siteNumber = 90;
/** In May 2033. */
const cutoffSeconds = 2_000_000_000;

/** Network 10.`net`.0.0/24 with four addresses. */
function few(net: number, statements: string): string {
  return `subnet 10.${net}.0.0 netmask 255.255.255.0 { ${statements} range 10.${net}.0.100 10.${net}.0.103; }\n`;
}

const configuration = `
authoritative;
dhcp-cache-threshold 0;
default-lease-time 1200;
abandon-lease-time 777;
db-time-format local;
lease-id-format hex;
limited-broadcast-address 10.9.0.255;
delayed-ack 8;
max-ack-delay 2500;
server-id-check on;
update-static-leases on;
option six code 240 = ip6-address;
option sixes code 241 = array of ip6-address;
option mixed code 242 = { integer 8, ip6-address };
${own.replace("{ }", "{ range 10.9.0.130 10.9.0.139; }")}
${few(16, "adaptive-lease-time-threshold 50; min-lease-time 60;")}
${few(17, "log-threshold-high 50; log-threshold-low 25;")}
${few(18, "infinite-is-reserved on;")}
shared-network resolved {
  get-lease-hostnames on;
  next-server localhost;
  option ntp-servers localhost;
  ${few(19, "")}
  subnet 127.0.0.0 netmask 255.255.255.0 { }
}
subnet 10.20.0.0 netmask 255.255.255.0 {
  option routers 10.20.0.1;
  option domain-name "an option that is long enough to leave no room in a vendor area of 64 bytes";
  range dynamic-bootp 10.20.0.150 10.20.0.155;
  range 10.20.0.100 10.20.0.120;
}
subnet 10.21.0.0 netmask 255.255.255.0 {
  filename "boot.bin"; server-name "boot"; next-server 10.21.0.9; always-broadcast on;
  use-host-decl-names on;
  deny bootp;
}
subnet 10.22.0.0 netmask 255.255.255.0 {
  dynamic-bootp-lease-length 5000;
  pool { deny dynamic bootp clients; range 10.22.0.100 10.22.0.110; }
  pool { allow dynamic bootp clients; range 10.22.0.200 10.22.0.210; }
}
subnet 10.23.0.0 netmask 255.255.255.0 {
  filename "boot.bin"; server-name "boot"; next-server 10.23.0.9; always-broadcast on;
  use-host-decl-names on; echo-client-id on;
  pool { range 10.23.0.100 10.23.0.110; }
}
${few(24, "option six 2001:db8::1; option sixes ::1, fe80::1:2; option mixed 7 2001:db8:0:0:1::;")}
${few(25, "")}
${few(26, "stash-agent-options off;")}
subnet 10.27.0.0 netmask 255.255.255.0 {
  dynamic-bootp-lease-length 5000; dynamic-bootp-lease-cutoff ${cutoffSeconds};
  range dynamic-bootp 10.27.0.100 10.27.0.101;
}
host by-name { hardware ethernet ${device(1)}; fixed-address localhost; }
host nowhere { hardware ethernet ${device(2)}; fixed-address no-such-host.invalid; option host-name "nowhere"; }
host bootp-fixed { hardware ethernet ${device(3)}; fixed-address 10.20.0.9; }
host bootp-denied { hardware ethernet ${device(4)}; fixed-address 10.21.0.9; }
host bootp-all { hardware ethernet ${device(5)}; fixed-address 10.23.0.9; }
host by-remote-id { host-identifier option agent.remote-id "modem-7"; fixed-address 10.25.0.7; option host-name "seven"; }
host by-circuit { host-identifier option agent.circuit-id 1:2; option host-name "circuit"; }
`;

const remoteId = [2, 7, ...Buffer.from("modem-7")];
const bootp = (net: number, mac: string, answer: Answer, more: ClientMessage = {}): Step => {
  const { list: _, ...message } = via(net, {}, answer).send as ClientMessage;
  return { send: { ...message, mac, type: "bootp", ...more }, answer };
};
const threshold = (unit: number): Step[] => [
  via(17, { mac: device(unit), requested: `10.17.0.${100 + unit - 20}` }, "offer"),
  take({ mac: device(unit) }),
];
const adaptive = (unit: number): Step[] => [
  via(16, { mac: device(unit), requested: `10.16.0.${100 + unit - 30}` }, "offer"),
  take({ mac: device(unit) }),
];

/** A parameter or statement, and what shows what dhcpd makes of it. */
const scripts: readonly Script[] = [
  one("adaptive-lease-time-threshold", ...[30, 31, 32, 33].flatMap(adaptive)),
  one(
    "adaptive-lease-time-threshold: who has a lease keeps what is left of it",
    via(16, { mac: device(30), requested: "10.16.0.100" }, "offer", { anyLeaseTime: true }),
  ),
  one("abandon-lease-time", via(25, { requested: "10.25.0.102" }, "offer"), take(), {
    send: { type: "decline", giaddr: "10.25.0.1", requested: "10.25.0.102" },
    answer: "silence",
  }),
  one("log-threshold-high", ...[20, 21, 22, 23].flatMap(threshold)),
  one(
    "log-threshold-low",
    ...[20, 21, 22].map((unit): Step => {
      const ciaddr = `10.17.0.${100 + unit - 20}`;
      return { send: { type: "release", mac: device(unit), ciaddr }, answer: "silence" };
    }),
    via(17, { mac: device(20), requested: "10.17.0.100" }, "offer"),
    take({ mac: device(20) }),
  ),
  one(
    "infinite-is-reserved",
    via(18, { leaseSeconds: 0xffff_ffff, requested: "10.18.0.101" }, "offer"),
    take({ leaseSeconds: 0xffff_ffff }),
    {
      send: ([, ack]) => ({ type: "release", ciaddr: ack!.address }),
      answer: "silence",
    },
    meant(
      via(18, { mac: device(40), type: "request", requested: "10.18.0.101" }, "ack"),
      "a reserved address is nobody else's",
    ),
  ),
  bind("infinite-is-reserved, and the address stays", 18, {
    leaseSeconds: 0xffff_ffff,
    requested: "10.18.0.102",
    clientId: "for ever",
  }),
  bind("fixed-address with a host name, next-server and an option with one", 19, {
    mac: device(1),
    list: [1, 42],
  }),
  bind("fixed-address with a host name that has no address", 25, { mac: device(2), list: [1, 12] }),
  one("BOOTP: a fixed address", bootp(20, device(3), "bootp")),
  one("BOOTP: options that were asked for", bootp(20, device(3), "bootp", { list: [3, 1] })),
  one(
    "BOOTP: range dynamic-bootp",
    bootp(20, device(50), "bootp"),
    bootp(20, device(50), "bootp"),
    bootp(20, device(51), "bootp"),
  ),
  one(
    "BOOTP: nobody else gets the address",
    via(20, { mac: device(52), type: "request", requested: "10.20.0.150" }, "nak"),
  ),
  one("deny bootp", bootp(21, device(4), "silence")),
  one("BOOTP: a network with no place for it", bootp(21, device(53), "silence")),
  one("BOOTP: permits of pools", bootp(22, device(54), "bootp")),
  one("dynamic-bootp-lease-length", bootp(22, device(54), "bootp")),
  one("dynamic-bootp-lease-cutoff", bootp(27, device(57), "bootp")),
  one(
    "BOOTP: the header, for a fixed address",
    bootp(23, device(5), "bootp", { clientId: "station" }),
  ),
  one("BOOTP: the header, for a lease", {
    ...bootp(23, device(55), "bootp", { clientId: "station" }),
    leeway: { anyOrder: true },
  }),
  one("BOOTP: an unknown network", bootp(77, device(3), "silence")),
  one("BOOTP without a relay", { send: { mac: device(56), type: "bootp" }, answer: "silence" }),
  bind("ip6-address", 24, { list: [240, 241, 242] }),
  bind("host-identifier", 25, { mac: device(60), relayAgent: remoteId, list: [1, 12] }),
  bind("host-identifier without an address", 25, {
    mac: device(61),
    relayAgent: [1, 2, 1, 2],
    list: [1, 12],
  }),
  bind("host-identifier of somebody else", 25, {
    mac: device(62),
    relayAgent: [2, 7, ...Buffer.from("modem-8")],
    list: [1, 12],
  }),
  one(
    "stash-agent-options",
    via(26, { relayAgent: [1, 1, 9] }, "offer"),
    take({ relayAgent: [1, 1, 9] }),
  ),
  one(
    "server-id-check, without failover",
    via(26, { type: "request", requested: "10.26.0.103", serverId: "10.9.0.77" }, "ack"),
  ),
  one(
    "limited-broadcast-address",
    { send: { broadcast: true, list: [1] }, answer: "offer" },
    { ...take({ broadcast: true }), answer: "ack" },
  ),
];

describe("every parameter that is not refused has a row", () => {
  const sites = [parameterSite, lifetimeSite, hostSite, poolSite];
  const known = new Set([...scripts, ...sites.flatMap((site) => site.scripts)].map((s) => s.name));
  const names = parameterNames.filter((name) => parameterOf(name)?.refused === undefined);
  test.each(names)("%s", (name) => {
    const row = parameterRows[name];
    expect(row).toBeDefined();
    if (row !== undefined && "script" in row) expect(known).toContain(row.script);
  });
});

describeWithPeers("parameters, as ISC dhcpd has them", ["dhcpd"], () => {
  let lab: NetworkLab;
  let both: readonly [theirs: Contender, ours: Contender];
  let xid = 0x2000_0000;

  beforeAll(async () => {
    lab = new NetworkLab();
    both = [new Contender(lab, "dhcpd"), new Contender(lab, "prov")];
    const site = { name: "parameters", configuration, scripts };
    await Promise.all(both.map((one) => one.start(site, siteNumber)));
  });

  afterAll(async () => {
    for (const { wire } of both) wire.close();
    await lab.close();
  });

  async function ask(message: ClientMessage, mac: string) {
    xid += 1;
    const filled = { mac, xid, ...message };
    return Promise.all(both.map((one) => one.ask(filled)));
  }

  test.each(scripts.map((script, at) => [script.name, script, at] as const))(
    "%s",
    async (_name, { steps }, at) => {
      const mac = macOf(siteNumber, at);
      const earlier: Reply[] = [];
      for (const [place, { send, answer, leeway = {}, onPurpose: name }] of steps.entries()) {
        const message = typeof send === "function" ? send(earlier) : send;
        const [theirs, ours] = await ask(message, mac);
        if (theirs !== undefined) earlier.push(theirs);
        const where = `step ${place + 1}\n${both.map(({ log }) => log.slice(-400)).join("\n--\n")}`;
        expect([theirs?.kind ?? "silence", ours?.kind ?? "silence"], where).toEqual([
          answer,
          name === undefined ? answer : onPurpose[name].ours,
        ]);
        if (name !== undefined) continue;
        if (theirs === undefined || ours === undefined) continue;
        const [wanted, got] = [theirs, ours].map((reply, side) =>
          replyLines(reply, both[side].wire.hardwareAddress, leeway),
        );
        expect(got, where).toEqual(wanted);
      }
    },
  );

  test("get-lease-hostnames: here the first reply goes without", async () => {
    const message = { mac: device(1), giaddr: "10.19.0.1", list: [1, 12] };
    for (let count = 0; count < 100; count += 1) {
      const [theirs, ours] = await ask(message, device(1));
      const name = theirs!.packet.options.get(OptionCode.hostName);
      expect(Buffer.from(name ?? []).toString()).toMatch(/^localhost/);
      if (ours!.packet.options.has(OptionCode.hostName)) {
        const [wanted, got] = [theirs!, ours!].map((reply, side) =>
          replyLines(reply, both[side].wire.hardwareAddress, {}),
        );
        // RFC 2132, section 2: texts are sent without NUL.
        expect(got).toEqual(wanted!.map((line) => line.replace(/^(option 12: .*)00$/, "$1")));
        return;
      }
    }
    expect.unreachable("the name of 127.0.0.1 never came");
  });

  // dhcpd says at the offer already that an address is reserved.
  test("both say the same about full pools and reserved addresses", () => {
    const lines = both.map(({ log }) =>
      log
        .split("\n")
        .map((line) => line.replace(/^\S+ (INFO|WARN|ERROR) +/i, ""))
        .filter((line) => /^(Pool threshold|Pool over threshold|Infinite-leasetime)/.test(line)),
    );
    expect(lines[0].length).toBeGreaterThan(3);
    expect([...new Set(lines[1])]).toEqual([...new Set(lines[0])]);
  });

  describe("the lease file", () => {
    const addresses = [
      ...["10.18.0.102", "10.20.0.150", "10.22.0.200", "10.25.0.102", "10.26.0.100"],
      ...["10.27.0.100", "10.9.0.130"],
    ];
    test.each(addresses)("%s", async (address) => {
      const [theirs, ours] = await Promise.all(
        both.map(async ({ program }) => {
          const file = lab.path(`${program}-${siteNumber}/dhcpd.leases`);
          const text = readFileSync(file, "latin1");
          const start = text.lastIndexOf(`lease ${address} {`);
          return start < 0 ? "" : shape(text.slice(start, text.indexOf("\n}", start)));
        }),
      );
      expect(theirs).not.toBe("");
      expect(ours).toBe(theirs);
    });
  });
});

/** The two servers may write in two different seconds: lengths are compared, not times. */
function shape(record: string): string {
  const seconds = (name: string): number =>
    Number(new RegExp(`  ${name} epoch (\\d+)`).exec(record)?.[1] ?? Number.NaN);
  const ends = seconds("ends");
  const length = ends === cutoffSeconds ? "cutoff" : `${ends - seconds("starts")} s`;
  return `${record}\n${length}`
    .replace(/epoch \d{10}; # \w{3} \w{3} \d\d \d\d:\d\d:\d\d \d{4}$/gm, "epoch N; # DATE")
    .split("\n")
    .toSorted()
    .join("\n");
}
