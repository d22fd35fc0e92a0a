import { describe, expect, test } from "vitest";
import type { LeaseRecord } from "../../lease/lease.ts";
import { deviceMac, EngineBed } from "./engine.testing.ts";

const network = (statements: string, pool = ""): string => `
ping-check false;
${statements}
subnet 10.9.0.0 netmask 255.255.255.0 { pool { ${pool} range 10.9.0.100 10.9.0.109; } }
`;

const variablesOf = ({ variables = [] }: LeaseRecord): Record<string, unknown> =>
  Object.fromEntries(
    variables.map(([name, value]) => [
      name,
      value instanceof Uint8Array ? new TextDecoder().decode(value) : value,
    ]),
  );

const lastOf = (bed: EngineBed): LeaseRecord => bed.records.at(-1)!;

describe("on commit", () => {
  test("runs when a lease is given, not when it is offered", () => {
    const bed = new EngineBed(
      network(`on commit { log(info, concat("leased ", binary-to-ascii(10, 8, ".", leased-address),
        " for ", binary-to-ascii(10, 32, "", encode-int(lease-time, 32)))); }`),
    );
    bed.reply({});
    expect(bed.takeSaid()).toEqual([]);
    const ack = bed.reply({ type: "request", requested: "10.9.0.100" });
    expect(ack.type).toBe("ack");
    expect(bed.takeSaid()).toEqual(["info leased 10.9.0.100 for 43200"]);
  });

  test("runs for a fixed address, an unchanged lease and each renewal", () => {
    const bed = new EngineBed(
      network(`on commit { log(info, "given"); }
        host h { hardware ethernet ${deviceMac(9)}; fixed-address 10.9.0.9; }`),
    );
    bed.bind({});
    bed.reply({ type: "request", ciaddr: "10.9.0.100" });
    bed.bind({ mac: deviceMac(9) });
    expect(bed.takeSaid()).toEqual(["info given", "info given", "info given"]);
    expect(bed.records).toHaveLength(1);
  });

  test("sets options of the reply", () => {
    const bed = new EngineBed(
      network(`option domain-name "before"; on commit { option domain-name "after"; }`),
    );
    expect(bed.reply({ list: [15] }).option(15)).toEqual([...Buffer.from("before")]);
    for (const mac of [deviceMac(1), deviceMac(2)]) {
      const requested = mac === deviceMac(1) ? "10.9.0.100" : "10.9.0.101";
      const ack = bed.reply({ type: "request", mac, requested, list: [15] });
      expect(ack.option(15)).toEqual([...Buffer.from("after")]);
    }
  });

  test("calls functions of the file, and asks for commands", () => {
    const bed = new EngineBed(
      network(`define told(what) { log(error, concat("told ", what)); return what; }
        on commit { eval told(option host-name); execute("/bin/true", option host-name, "b"); }`),
    );
    bed.bind({ hostname: "h1" });
    expect(bed.takeSaid()).toEqual(["error told h1"]);
    expect(bed.commands).toEqual([["/bin/true", "h1", "b"]]);
  });

  test("a client without what a command needs causes no command", () => {
    const bed = new EngineBed(network(`on commit { execute("/bin/true", option host-name); }`));
    bed.bind({});
    expect(bed.commands).toEqual([]);
  });
});

test.each([
  ["without conditions", ""],
  ["beside options that depend on the packet", "option domain-name = option host-name;"],
])("what statements say is said once for a known client, %s", (_name, statements) => {
  const bed = new EngineBed(`
    ping-check off; ${statements}
    log (info, "said");
    execute ("/bin/true");
    host dynamic { hardware ethernet ${deviceMac(1)}; }
    subnet 10.9.0.0 netmask 255.255.255.0 { range 10.9.0.100 10.9.0.109; }
  `);
  for (const unit of [1, 2]) {
    bed.reply({ giaddr: "10.9.0.2", mac: deviceMac(unit) });
    expect([bed.takeSaid(), bed.commands.splice(0)]).toEqual([["info said"], [["/bin/true"]]]);
  }
});

describe("variables", () => {
  test("of the top level are not set anew by the statements that run for a host", () => {
    const bed = new EngineBed(`
      ping-check off;
      set mark = "first";
      define forget (value) { unset mark; return "forgotten"; }
      class "forgets" { match if option host-name = "forget" and forget ("") = "never"; }
      host dynamic { hardware ethernet ${deviceMac(1)}; }
      host fixed { hardware ethernet ${deviceMac(2)}; fixed-address 10.9.0.50; }
      option domain-name = pick-first-value (mark, "gone");
      subnet 10.9.0.0 netmask 255.255.255.0 { range 10.9.0.100 10.9.0.109; }
    `);
    const markSeenBy = (unit: number, hostname: string) => {
      const message = { giaddr: "10.9.0.2", mac: deviceMac(unit), hostname, list: [15] };
      return Buffer.from(bed.reply(message).option(15) ?? []).toString();
    };
    expect(markSeenBy(3, "")).toBe("first");
    expect(markSeenBy(3, "forget")).toBe("gone");
    expect([1, 2, 3].map((unit) => markSeenBy(unit, ""))).toEqual(["gone", "gone", "gone"]);
  });

  test("of the event are in the record that the ACK waits for", () => {
    const bed = new EngineBed(
      network(`on commit { set seen = option host-name; set long = lease-time; set yes = known; }`),
    );
    bed.bind({ hostname: "h1", vendorClass: "docsis3.0" });
    expect(variablesOf(lastOf(bed))).toEqual({ seen: "h1", long: 43_200, yes: false });
    expect(lastOf(bed).vendorClass).toEqual(new TextEncoder().encode("docsis3.0"));
  });

  test("are there at the next packet; parameters see them, options those of the top level", () => {
    const bed = new EngineBed(
      network(`dhcp-cache-threshold 0; set common = "top";
        if not defined(first) { set first = option host-name; }
        filename = first; option domain-name = first; option root-path = common;`),
    );
    bed.bind({ hostname: "one" });
    const list = [15, 17];
    const renewed = bed.reply({ type: "request", ciaddr: "10.9.0.100", hostname: "two", list });
    expect(Buffer.from(renewed.packet.file).toString()).toBe("one");
    expect(renewed.option(15)).toBeUndefined();
    expect(renewed.option(17)).toEqual([...Buffer.from("top")]);
    expect(variablesOf(lastOf(bed))).toEqual({ common: "top", first: "one" });
  });

  test("change a lease that is answered as it stands: it is stored before the ACK", () => {
    const bed = new EngineBed(
      network(
        `on commit { set before = times; set times = pick-first-value(concat(before, "i"), "i"); }`,
      ),
    );
    bed.bind({});
    bed.nowSeconds += 10;
    const outcome = bed.send({ type: "request", ciaddr: "10.9.0.100" });
    expect(outcome).toMatchObject({ kind: "reply", durable: true, leaseIndex: 0 });
    expect(outcome.changes).toEqual([0]);
    expect(variablesOf(lastOf(bed))).toEqual({ before: "i", times: "ii" });
    expect(lastOf(bed).endsAt! - lastOf(bed).startsAt!).toBe(43_200);
    expect(bed.seenReply(outcome).leaseSeconds).toBe(43_190);
  });

  test("of a lease that is over are dropped by a DISCOVER, and never seen by another client", () => {
    const text = network("if not defined(first) { set first = option host-name; }");
    const again = new EngineBed(text);
    again.bind({ hostname: "one" });
    again.nowSeconds += 50_000;
    again.expire();
    expect(variablesOf(lastOf(again))).toEqual({ first: "one" });
    again.bind({ hostname: "two" });
    expect(variablesOf(lastOf(again))).toEqual({ first: "two" });
    again.nowSeconds += 50_000;
    again.expire();
    const other = { type: "request", mac: deviceMac(2), requested: "10.9.0.100" } as const;
    again.reply({ ...other, hostname: "other" });
    expect(variablesOf(lastOf(again))).toEqual({ first: "other" });
  });

  test("outlive a restart", () => {
    const text = network(`on commit { if not defined(first) { set first = option host-name; } }`);
    const bed = new EngineBed(text);
    bed.bind({ hostname: "one" });
    const restarted = new EngineBed(text, bed.records);
    restarted.reply({ type: "request", ciaddr: "10.9.0.100", hostname: "two" });
    expect(variablesOf(lastOf(restarted))).toEqual({ first: "one" });
  });
});

describe("on release and on expiry", () => {
  const text = network(`on commit { set who = option host-name; }
    on release { log(info, concat("released ", who)); }
    on expiry { # whatever
      log(info, concat("expired ", who)); set over = "yes"; }`);

  test("one of them runs, once", () => {
    const bed = new EngineBed(text);
    bed.bind({ hostname: "one" });
    expect(lastOf(bed).kept).toEqual([
      `on expiry { log(info, concat("expired ", who)); set over = "yes"; }`,
      `on release { log(info, concat("released ", who)); }`,
    ]);
    expect(bed.verdict({ type: "release", ciaddr: "10.9.0.100" })).toBe("changed");
    expect(bed.takeSaid()).toEqual(["info released one"]);
    expect(lastOf(bed)).toMatchObject({ bindingState: "free" });
    expect(lastOf(bed).variables).toBeUndefined();
    bed.nowSeconds += 50_000;
    bed.expire();
    expect(bed.takeSaid()).toEqual([]);
  });

  test("expiry sees variables and no packet, and may set some", () => {
    const bed = new EngineBed(text);
    bed.bind({ hostname: "one" });
    bed.nowSeconds += 43_201;
    expect(bed.expire()).toHaveLength(1);
    expect(bed.takeSaid()).toEqual(["info expired one"]);
    expect(variablesOf(lastOf(bed))).toEqual({ who: "one", over: "yes" });
    expect(lastOf(bed).kept).toBeUndefined();
  });

  test("what the lease remembers counts, whatever the configuration says by then", () => {
    const bed = new EngineBed(text);
    bed.bind({ hostname: "one" });
    const restarted = new EngineBed(network(`on expiry { log(info, "new"); }`), bed.records);
    restarted.nowSeconds += 43_201;
    restarted.expire();
    expect(restarted.takeSaid()).toEqual(["info expired one"]);
  });

  test("a lease over but not yet swept up expires before it is given again", () => {
    const bed = new EngineBed(text);
    bed.bind({ hostname: "one" });
    bed.nowSeconds += 43_201;
    bed.reply({ type: "discover", hostname: "two" });
    expect(bed.takeSaid()).toEqual(["info expired one"]);
  });

  test("what cannot be read is told once and passed over", () => {
    const bed = new EngineBed(text);
    bed.bind({});
    const kept = ["on expiry { nonsense nonsense; }"];
    const broken = new EngineBed(text, [{ ...lastOf(bed), kept }]);
    broken.nowSeconds += 43_201;
    broken.expire();
    expect(broken.takeSaid()).toEqual([
      expect.stringMatching(
        /^error A lease's "on expiry \{ nonsense nonsense; \}" is passed over: /,
      ),
    ]);
  });

  test("a declined lease has expired", () => {
    const bed = new EngineBed(network(`on expiry { log(info, "expired"); }`));
    bed.bind({});
    bed.verdict({ type: "decline", requested: "10.9.0.100" });
    expect(bed.takeSaid()).toEqual(["info expired"]);
  });
});

describe("what expressions see", () => {
  test.each([
    ["option domain-name = gethostname();", "dhcp1"],
    [`if check "default" { option domain-name "in"; } else { option domain-name "out"; }`, "out"],
    [
      `class "any" { match if true = true; }
       if check "default" { option domain-name "in"; } else { option domain-name "out"; }`,
      "in",
    ],
  ])("%s", (statements, value) => {
    const bed = new EngineBed(network(statements.replace("true = true", "hardware = hardware")));
    expect(bed.reply({ list: [15] }).option(15)).toEqual([...Buffer.from(value)]);
  });

  test("lease-time: the hold of an OFFER, the length of a lease", () => {
    const bed = new EngineBed(network("option time-offset = encode-int(lease-time, 32);"));
    expect(bed.reply({ list: [2] }).option(2)).toEqual([0, 0, 0, 120]);
    const ack = bed.reply({ type: "request", requested: "10.9.0.100", list: [2] });
    expect(ack.option(2)).toEqual([0, 0, 168, 192]);
  });
});

describe("a pool with a date", () => {
  const from = (seconds: number): string => `after epoch ${1_795_498_569 + seconds};`;

  test("opens", () => {
    const bed = new EngineBed(network("authoritative;", `allow ${from(100)}`));
    expect(bed.verdict({})).toBe("drop not-permitted");
    expect(bed.verdict({ type: "request", requested: "10.9.0.100" })).toBe("nak");
    bed.nowSeconds += 101;
    expect(bed.verdict({})).toBe("offer 10.9.0.100");
  });

  test("closes, and no lease is longer than that but for the minimum", () => {
    const bed = new EngineBed(network("authoritative; min-lease-time 60;", `deny ${from(1000)}`));
    expect(bed.reply({}).leaseSeconds).toBe(1000);
    bed.nowSeconds += 980;
    bed.bind({});
    expect(lastOf(bed).endsAt! - bed.nowSeconds).toBe(60);
    bed.nowSeconds += 21;
    expect(bed.verdict({ type: "request", ciaddr: "10.9.0.100" })).toBe("nak");
  });
});
