import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ClientMessage } from "../../server/dhcp/decide/engine.testing.ts";
import { parseLeaseFile } from "../../server/lease/format/parse-lease-file.testing.ts";
import { prov as program } from "../prov-command.testing.ts";
import { Cable, serverInterface } from "./differential/cable.testing.ts";
import {
  Contender,
  leaseFile,
  macOf,
  type Script,
  type Step,
} from "./differential/contender.testing.ts";
import { type Answer, type Reply, replyLines } from "./differential/reply-text.testing.ts";
import { bind, device, one, own, subnet, take, via } from "./differential/steps.testing.ts";
import { describeWithPeers, NetworkLab, type Peer } from "./namespaces.testing.ts";

const siteNumber = 91;
const waitMsMax = 60_000;
const now = Math.floor(Date.now() / 1000);
const address = `binary-to-ascii(10, 8, ".", leased-address)`;

/** A pool of network 10.`net`.0.0/24 with a permit of its own. */
function pool(net: number, permit: string): string {
  return `subnet 10.${net}.0.0 netmask 255.255.255.0 {
    pool { ${permit} range 10.${net}.0.100 10.${net}.0.109; }
  }\n`;
}

/** Every line that a statement logs begins with the word LANG, so that it can be told from others. */
const configuration = `
authoritative;
default-lease-time 1200;
set constant = "of the top level";
define told(what) { log(info, concat("LANG told ", what)); return concat("<", what, ">"); }
${own}
${subnet(
  16,
  `on commit { set seen = option host-name; log(info, concat("LANG leased ", ${address}, " to ", seen)); }
   on release { log(error, concat(concat(concat("LANG released ", ${address}), " of "), seen)); }
   on expiry { log(info, concat("LANG expired ", ${address})); }`,
)}
${subnet(
  17,
  `dhcp-cache-threshold 0;
   if not defined(once) { set once = option host-name; }
   set again = pick-first-value(again, option host-name);
   filename = concat("f-", once);
   option domain-name = once;
   option root-path = constant;
   option dhcp-renewal-time = encode-int(extract-int(once, 8), 32);`,
)}
${subnet(
  18,
  `dhcp-cache-threshold 0;
   option domain-name "before"; next-server 10.18.0.8; filename "before";
   on commit { option domain-name "after"; next-server 10.18.0.9; filename "after"; }`,
)}
${subnet(
  19,
  `dhcp-cache-threshold 0;
   option time-offset = encode-int(lease-time, 32);
   on commit { log(info, concat("LANG for ", binary-to-ascii(10, 32, "", encode-int(lease-time, 32)))); }`,
)}
${subnet(
  20,
  `min-lease-time 1; default-lease-time 2; max-lease-time 2; dhcp-cache-threshold 0;
   on commit { set who = option host-name; }
   on expiry or release { # both
     log(info, concat("LANG over ", ${address}, " ", who)); set over = "yes"; }`,
)}
${pool(21, "allow after 4 2020/01/02 03:04:05;")}
${pool(22, "allow after 4 2037/01/02 03:04:05;")}
${pool(23, "deny after 4 2020/01/02 03:04:05;")}
${pool(24, `deny after epoch ${now + 1000};`)}
${subnet(
  25,
  `dhcp-cache-threshold 0;
   option domain-name = told(option host-name);
   option tftp-server-name = gethostname();
   if check "default" { option root-path "classified"; } else { option root-path "not"; }`,
)}
${subnet(26, "option host-name = host-decl-name;")}
${subnet(
  27,
  `dhcp-cache-threshold 0;
   if option host-name = "quiet" { option domain-name "q"; }
   else { on commit { log(info, "LANG conditional"); } }`,
)}
${subnet(
  28,
  `dhcp-cache-threshold 0;
   option server.filename "file"; supersede server.next-server 10.28.0.9; default server.filename "no";
   supersede server.max-lease-time = 00:00:02:58; append server.server-name "name";
   option root-path = option server.filename;
   if exists server.filename { option domain-name "exists"; }
   elsif config-option server.filename = "file" { option domain-name "config"; }`,
)}
${subnet(29, "dhcp-cache-threshold 0; option server.default-lease-time = 0e:10;")}
host conf-gone { hardware ethernet ${device(1)}; fixed-address 10.26.0.11; }
host conf-here { hardware ethernet ${device(2)}; fixed-address 10.26.0.12;
  on commit { log(info, concat("LANG host ", host-decl-name)); set kept = "not"; } }
group "g1" { option domain-name "group"; }
`;

const laterHosts = `
host conf-gone { deleted; }
host made { dynamic; hardware ethernet ${device(3)}; fixed-address 10.26.0.13;
      supersede domain-name = "made";
      supersede routers = 0a:1a:00:01;
}
host served { dynamic; hardware ethernet ${device(5)}; fixed-address 10.26.0.15;
        supersede server.filename = "omapi.cfg";
        supersede server.next-server = 0a:1a:00:09;
        supersede server.default-lease-time = 00:00:02:58;
}
host silent { dynamic; hardware ethernet ${device(6)}; fixed-address 10.26.0.16;
        supersede server.allow-booting = 00;
}
host in-group { dynamic; uid "later"; fixed-address 10.26.0.14; group "g1"; }
`;

/** A lease that ends as soon as the servers have started, with what an older one said about that. */
const leaseWithEvent = leaseFile([
  { address: "10.16.0.190", state: "active", endsIn: 2, mac: device(9) },
]).replace(
  /\}\n$/,
  `  set older = "value";\n  on expiry {\n    log (info, concat ("LANG older ", older));\n  }\n}\n`,
);

const renew = (net: number, more: ClientMessage, answer: Answer = "ack"): Step => ({
  send: (earlier: readonly Reply[]) => ({
    type: "request",
    giaddr: `10.${net}.0.1`,
    ciaddr: earlier.at(-1)!.address,
    list: [1, 2, 15, 17, 58],
    ...more,
  }),
  answer,
});

const scripts: readonly Script[] = [
  one(
    "on commit and on release",
    via(16, { hostname: "one", requested: "10.16.0.100" }, "offer"),
    take({ hostname: "one" }),
    { send: { type: "release", ciaddr: "10.16.0.100" }, answer: "silence" },
  ),
  one(
    "on commit, for a lease that is answered as it stands",
    via(16, { hostname: "two", requested: "10.16.0.101" }, "offer"),
    take({ hostname: "two" }),
    take({ hostname: "two" }, "ack", { anyLeaseTime: true }),
  ),
  one(
    "a variable is there at the next packet",
    via(17, { hostname: "one", requested: "10.17.0.100", list: [1, 15, 17, 58] }, "offer"),
    take({ hostname: "two", list: [1, 15, 17, 58] }),
    renew(17, { hostname: "three" }),
  ),
  one(
    "a variable of a lease that was released is gone",
    via(17, { hostname: "one", requested: "10.17.0.101", list: [1, 15] }, "offer"),
    take({ hostname: "one", list: [1, 15] }),
    { send: { type: "release", ciaddr: "10.17.0.101" }, answer: "silence" },
    via(17, { hostname: "two", requested: "10.17.0.101", list: [1, 15] }, "offer"),
  ),
  bind("options that on commit sets", 18, { list: [1, 15] }),
  bind("lease-time", 19, { list: [1, 2] }),
  one("a lease runs out", ...bind("", 20, { hostname: "late", requested: "10.20.0.100" }).steps),
  bind("allow after a date that is past", 21),
  one(
    "allow after a date to come",
    via(22, {}, "silence"),
    via(22, { type: "request", requested: "10.22.0.100" }, "nak"),
  ),
  one(
    "deny after a date that is past",
    via(23, {}, "silence"),
    via(23, { type: "request", requested: "10.23.0.100" }, "nak"),
  ),
  one(
    "deny after a date to come",
    via(24, {}, "offer", { anyLeaseTime: true }),
    take({}, "ack", { anyLeaseTime: true }),
  ),
  bind("functions, gethostname, check", 25, { hostname: "one", list: [1, 15, 17, 66] }),
  bind("a host that was deleted while a server ran", 26, { mac: device(1), list: [1, 12] }),
  bind("a host of the configuration", 26, { mac: device(2), list: [1, 12] }),
  bind("a host that was made while a server ran", 26, { mac: device(3), list: [1, 3, 12, 15] }),
  bind("OMAPI-7: a host whose parameters were set while a server ran", 26, {
    mac: device(5),
    list: [1, 66],
  }),
  one(
    "a host that was forbidden to boot while a server ran",
    via(26, { mac: device(6) }, "silence"),
  ),
  bind("options of the space server", 28, { list: [1, 15, 17] }),
  bind("a number of another size", 29, { list: [1] }),
  bind("a host in a group", 26, { mac: device(4), clientId: "later", list: [1, 12, 15] }),
  bind("on commit in a condition, true", 27, { hostname: "loud", list: [1, 15] }),
  bind("on commit in a condition, false", 27, { hostname: "quiet", list: [1, 15] }),
];

const said = (log: string): string[] => log.match(/LANG .*/g) ?? [];

describeWithPeers("the language, as ISC dhcpd has it", ["dhcpd"], () => {
  let lab: NetworkLab;
  let both: readonly [theirs: Contender, ours: Contender];
  let xid = 0x3000_0000;

  beforeAll(async () => {
    lab = new NetworkLab();
    both = [new Contender(lab, "dhcpd"), new Contender(lab, "prov")];
    const leases = `${leaseWithEvent}${laterHosts}`;
    const site = { name: "language", configuration, leases, scripts };
    await Promise.all(both.map((one) => one.start(site, siteNumber)));
  });

  afterAll(async () => {
    for (const { wire } of both) wire.close();
    await lab.close();
  });

  test.each(scripts.map((script, at) => [script.name, script, at] as const))(
    "%s",
    async (_name, { steps }, at) => {
      const earlier: [Reply[], Reply[]] = [[], []];
      for (const [place, { send, answer, leeway = {} }] of steps.entries()) {
        xid += 1;
        const message = typeof send === "function" ? send(earlier[0]) : send;
        const filled = { mac: macOf(siteNumber, at), xid, ...message };
        const [theirs, ours] = await Promise.all(both.map((one) => one.ask(filled)));
        const where = `step ${place + 1}\n${both.map(({ log }) => log.slice(-400)).join("\n--\n")}`;
        const kinds = [theirs?.kind ?? "silence", ours?.kind ?? "silence"];
        expect(kinds, where).toEqual([answer, answer]);
        if (theirs === undefined || ours === undefined) continue;
        earlier[0].push(theirs);
        earlier[1].push(ours);
        const [wanted, got] = [theirs, ours].map((reply, side) =>
          replyLines(reply, both[side].wire.hardwareAddress, leeway),
        );
        expect(got, where).toEqual(wanted);
      }
    },
  );

  test("deny after: the lease ends with its pool", () => {
    for (const { program } of both) {
      expect(recordOf(program, "10.24.0.100")?.endsAt).toBe(now + 1000);
    }
  });

  test("both say the same, on expiry too", async () => {
    const atTheEnd = ["LANG older value", "LANG over 10.20.0.100 late"];
    const deadline = performance.now() + waitMsMax;
    for (const one of both) {
      while (!atTheEnd.every((line) => said(one.log).includes(line))) {
        if (performance.now() > deadline) throw new Error(`${one.program}:\n${one.log}`);
        await new Promise((resume) => setTimeout(resume, 50));
      }
    }
    // When a lease runs out is a matter of a second.
    const [theirs, ours] = both.map(({ log }) => said(log));
    const isPrompt = (line: string): boolean => !atTheEnd.includes(line);
    expect(ours!.filter(isPrompt)).toEqual(theirs!.filter(isPrompt));
    expect(ours!.toSorted()).toEqual(theirs!.toSorted());
  });

  describe("the lease file has the same variables and events", () => {
    const leases = ["10.16.0.100", "10.16.0.101", "10.17.0.100", "10.20.0.100", "10.16.0.190"];
    test.each(leases)("%s", (address) => {
      const [theirs, ours] = both.map(({ program }) => memoryOf(program, address));
      expect(theirs).toBeDefined();
      expect(ours).toEqual(theirs);
    });
  });

  function recordOf(program: string, address: string) {
    const file = lab.path(`${program}-${siteNumber}/dhcpd.leases`);
    const wanted = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
    return parseLeaseFile(readFileSync(file)).records.findLast((one) => one.address === wanted);
  }

  function memoryOf(program: string, address: string) {
    const record = recordOf(program, address);
    if (record === undefined) return undefined;
    const { bindingState, variables = [], kept = [] } = record;
    return {
      bindingState,
      variables: variables
        .map(
          ([name, value]) => `${name} ${value instanceof Uint8Array ? Buffer.from(value) : value}`,
        )
        .sort(),
      // The two write them in ways of their own.
      kept: kept.map((text) => text.replace(/\s/g, "")).sort(),
    };
  }
});

describeWithPeers("execute", ["dhcpd"], () => {
  const lab = new NetworkLab();

  afterAll(() => lab.close());

  const script = lab.path("script");
  writeFileSync(script, `#!/bin/sh\nf="$1"; shift; printf '%s|' "$@" >> "$f"\n`, { mode: 0o755 });

  const configurationFor = (role: string): string => {
    const path = lab.path(`${role}.conf`);
    writeFileSync(
      path,
      `ping-check false; ddns-update-style none;
       on commit { execute("${script}", "${lab.path(`${role}.out`)}", option host-name, ${address}, "; $HOME *"); }
       subnet 10.9.0.0 netmask 255.255.255.0 { }
       subnet 10.16.0.0 netmask 255.255.255.0 { range 10.16.0.100 10.16.0.109; }\n`,
    );
    writeFileSync(lab.path(`${role}.leases`), "");
    return path;
  };

  const start = (role: string, cable: Cable, flags: readonly string[] = []): Peer => {
    const command = role === "dhcpd" ? ["dhcpd"] : [process.execPath, program, "dhcpd"];
    return lab.start(cable.serverSide, command[0], [
      ...[...command.slice(1), "-4", "-f", "-d", "--no-pid", ...flags],
      ...["-cf", configurationFor(role), "-lf", lab.path(`${role}.leases`), serverInterface],
    ]);
  };

  test("the same words reach the command of either server", async () => {
    const outputs: string[] = [];
    for (const [role, flags] of [
      ["dhcpd", []],
      ["prov", ["--allow-execute"]],
    ] as const) {
      const cable = new Cable(lab, role);
      const peer = start(role, cable, flags);
      await peer.waitFor(/Server starting service\./);
      const client = { mac: device(1), giaddr: "10.16.0.1", hostname: "one two" };
      cable.send({ ...client, xid: 1, type: "request", requested: "10.16.0.100" });
      const file = lab.path(`${role}.out`);
      await peer.waitFor(/DHCPACK on 10\.16\.0\.100/);
      const deadline = performance.now() + waitMsMax;
      while (!existsSync(file) || readFileSync(file, "latin1").length === 0) {
        if (performance.now() > deadline) throw new Error(peer.output);
        await new Promise((resume) => setTimeout(resume, 20));
      }
      outputs.push(readFileSync(file, "latin1"));
      await peer.stop("SIGTERM");
      cable.wire.close();
    }
    expect(outputs[0]).toBe("one two|10.16.0.100|; $HOME *|");
    expect(outputs[1]).toBe(outputs[0]);
  });

  test("is refused without the flag", async () => {
    const cable = new Cable(lab, "refused");
    const { status, output } = await start("refused", cable).ended;
    expect(status).toBe(1);
    expect(output).toContain("execute is not allowed.");
    cable.wire.close();
  });
});
