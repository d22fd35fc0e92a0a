import { describe, expect, test } from "vitest";
import {
  type ClientMessage,
  deviceMac,
  EngineBed,
  ip,
  startSeconds,
} from "../decide/engine.testing.ts";

const relayed = { giaddr: "10.9.0.2" } as const;

function configWith(statements: string, more = ""): string {
  return `
    authoritative; ping-check off; dhcp-cache-threshold 0;
    default-lease-time 600; max-lease-time 1200;
    ${statements}
    subnet 10.9.0.0 netmask 255.255.255.0 { range 10.9.0.100 10.9.0.199; }
    ${more}
  `;
}

const ascii = (value: string): number[] => [...new TextEncoder().encode(value)];

describe("options of an OFFER, in order", () => {
  const options = `
    option routers 10.9.0.254; option time-offset -10800; option domain-name "example.com";
    option domain-name-servers 10.0.0.53; option dhcp-renewal-time 300;
    option dhcp-rebinding-time 525; option tftp-server-name "10.0.0.69";
  `;
  test.each<[string, string, ClientMessage, number[]]>([
    [
      "list 1 3 15 2, relayed",
      "",
      { list: [1, 3, 15, 2], relayAgent: [1, 1, 9] },
      [53, 54, 51, 58, 59, 1, 3, 15, 2, 82],
    ],
    ["list without 1", "", { list: [3] }, [53, 54, 51, 58, 59, 1, 3]],
    ["no list", "", {}, [53, 54, 51, 58, 59, 1, 3, 6, 2, 15, 66]],
    [
      "a list that asks for 51, 54, 58, 59 and 82",
      "",
      { list: [82, 59, 58, 54, 51, 3] },
      [53, 54, 51, 58, 59, 1, 3],
    ],
    [
      "the configured list replaces the client's",
      "option dhcp-parameter-request-list 66, 3;",
      { list: [15] },
      [53, 54, 51, 58, 59, 66, 1, 3],
    ],
    ["option 61 is not echoed", "", { clientId: "c", list: [3] }, [53, 54, 51, 58, 59, 1, 3]],
    [
      "echo-client-id (RFC 6842)",
      "echo-client-id true;",
      { clientId: "c", list: [3] },
      [53, 54, 51, 58, 59, 61, 1, 3],
    ],
    [
      "118 is echoed",
      "",
      { list: [3], options: [{ code: 118, value: Uint8Array.of(10, 9, 0, 0) }] },
      [53, 54, 51, 58, 59, 118, 1, 3],
    ],
  ])("%s", (_name, statements, message, expected) => {
    const bed = new EngineBed(configWith(`${options} ${statements}`));
    expect(bed.reply({ ...relayed, ...message }).codes).toEqual(expected);
  });

  test("the mask comes from the subnet, unless option 1 is configured", () => {
    expect(new EngineBed(configWith("")).reply(relayed).option(1)).toEqual([255, 255, 255, 0]);
    const configured = new EngineBed(configWith("option subnet-mask 255.255.0.0;"));
    expect(configured.reply(relayed).option(1)).toEqual([255, 255, 0, 0]);
  });

  test("option 82 is echoed byte by byte, unknown sub-options too, and last (RFC 3046)", () => {
    const relayAgent = [1, 4, 0, 0, 0, 1, 2, 6, 2, 16, 0, 0, 0, 1, 9, 5, 0, 0, 17, 139, 0, 200, 0];
    const offer = new EngineBed(configWith(options)).reply({ ...relayed, relayAgent });
    expect(offer.option(82)).toEqual(relayAgent);
    expect(offer.codes.at(-1)).toBe(82);
  });

  test("option 82 is echoed on the local wire too", () => {
    expect(new EngineBed(configWith("")).reply({ relayAgent: [1, 1, 9] }).option(82)).toEqual([
      1, 1, 9,
    ]);
  });

  test("the vendor space fills option 43 (CLASS-3, CONF-11)", () => {
    const bed = new EngineBed(
      configWith(
        'option space V; option V.a code 1 = ip-address; option V.b code 2 = text; vendor-option-space V; option V.a 10.0.0.1; option V.b "x";',
      ),
    );
    expect(bed.reply({ ...relayed, list: [43] }).option(43)).toEqual([
      1, 4, 10, 0, 0, 1, 2, 1, 120,
    ]);
  });

  test("computed options follow the packet (CONF-12)", () => {
    const bed = new EngineBed(
      configWith('option bootfile-name = concat ("cm-", option vendor-class-identifier);'),
    );
    for (const vendorClass of ["docsis3.0:", "docsis1.1:"]) {
      const offer = bed.reply({ ...relayed, vendorClass, list: [67] });
      expect(offer.option(67)).toEqual(ascii(`cm-${vendorClass}`));
    }
    expect(bed.reply({ ...relayed, list: [67] }).option(67)).toBeUndefined();
  });

  test.each<[string, string, number, number[] | undefined]>([
    ["use-host-decl-names on;", deviceMac(5), 12, ascii("meter5")],
    ["use-host-decl-names on;", deviceMac(6), 12, undefined],
    ['use-host-decl-names on; option host-name "given";', deviceMac(5), 12, ascii("given")],
    ["use-lease-addr-for-default-route on;", deviceMac(5), 3, [10, 9, 0, 100]],
  ])("%s for %s", (statements, mac, code, expected) => {
    const bed = new EngineBed(
      configWith(statements, `host meter5 { hardware ethernet ${deviceMac(5)}; }`),
    );
    expect(bed.reply({ ...relayed, mac, list: [code] }).option(code)).toEqual(expected);
  });

  test("remembered options do not leak from one client to another", () => {
    const bed = new EngineBed(
      configWith(
        "use-host-decl-names on; use-lease-addr-for-default-route on;",
        [5, 6]
          .map((unit) => `host meter${unit} { hardware ethernet ${deviceMac(unit)}; }`)
          .join("\n"),
      ),
    );
    for (const unit of [5, 6]) {
      const offer = bed.reply({ ...relayed, mac: deviceMac(unit), list: [12, 3] });
      expect(offer.option(12)).toEqual(ascii(`meter${unit}`));
      expect(offer.option(3)?.at(-1)).toBe(95 + unit);
    }
  });
});

describe("precedence (CONF-9, CONF-16, CONF-17, CONF-18)", () => {
  const levels = [
    ["top level", 'option domain-name "top";', "top"],
    ["subnet", 'option domain-name "subnet";', "subnet"],
    ["pool", 'option domain-name "pool";', "pool"],
    ["class", 'option domain-name "class";', "class"],
    ["subclass", 'option domain-name "subclass";', "subclass"],
    ["group", 'option domain-name "group";', "group"],
    ["host", 'option domain-name "host";', "host"],
  ] as const;
  test.each(levels.map(([name, , value], at) => [name, value, at] as const))(
    "%s",
    (_name, value, at) => {
      const said = levels.map(([, statement], place) => (place <= at ? statement : ""));
      const bed = new EngineBed(`
      ping-check off; ${said[0]}
      class "c" { match hardware; ${said[3]} }
      subclass "c" 1:${deviceMac(1)} { ${said[4]} }
      group g { ${said[5]} }
      subnet 10.9.0.0 netmask 255.255.255.0 { ${said[1]} pool { ${said[2]} range 10.9.0.100 10.9.0.199; } }
      host h { hardware ethernet ${deviceMac(1)}; group "g"; ${said[6]} }
    `);
      for (const _again of [1, 2]) {
        expect(bed.reply({ ...relayed, list: [15] }).option(15)).toEqual(ascii(value));
      }
    },
  );
});

describe("header fields", () => {
  test("what is copied from the request, and what is not", () => {
    const bed = new EngineBed(
      configWith('next-server 10.0.0.69; filename "cm.cfg"; server-name "tftp";'),
    );
    const { packet } = bed.reply({
      ...relayed,
      hops: 1,
      secs: 7,
      xid: 0xdead_beef,
      broadcast: true,
    });
    expect(packet).toMatchObject({
      ...{ op: 2, htype: 1, hlen: 6, hops: 1, xid: 0xdead_beef, secs: 7, flags: 0x8000 },
      ...{ ciaddr: 0, yiaddr: ip("10.9.0.100"), siaddr: ip("10.0.0.69"), giaddr: ip("10.9.0.2") },
    });
    expect([...packet.file]).toEqual(ascii("cm.cfg"));
    expect([...packet.sname]).toEqual(ascii("tftp"));
  });

  test("siaddr is 0.0.0.0 when next-server is not configured", () => {
    expect(new EngineBed(configWith("")).reply(relayed).packet.siaddr).toBe(0);
  });

  test("an ACK keeps ciaddr", () => {
    const bed = new EngineBed(configWith(""));
    bed.bind(relayed);
    expect(bed.reply({ type: "request", ciaddr: "10.9.0.100" }).packet.ciaddr).toBe(
      ip("10.9.0.100"),
    );
  });

  test("names that are too long for the header are cut", () => {
    const bed = new EngineBed(
      configWith(`filename "${"f".repeat(200)}"; server-name "${"s".repeat(99)}";`),
    );
    const { packet } = bed.reply(relayed);
    expect([packet.file.length, packet.sname.length]).toEqual([128, 64]);
  });

  test("always-broadcast sets the bit, and the reply goes out that way", () => {
    const bed = new EngineBed(configWith("always-broadcast on;"));
    const offer = bed.reply({});
    expect(offer.packet.flags).toBe(0x8000);
    expect(offer.destination).toEqual({ kind: "broadcast", interfaceIndex: 3, port: 68 });
  });

  test.each<[string, string, ClientMessage, number[]]>([
    ["the first address of the interface", "", {}, [10, 9, 0, 1]],
    ["server-identifier", "server-identifier 10.9.0.7;", {}, [10, 9, 0, 7]],
    ["local-address", "local-address 10.9.0.8;", {}, [10, 9, 0, 8]],
    ["local-address 0.0.0.0 names nothing", "local-address 0.0.0.0;", {}, [10, 9, 0, 1]],
    [
      "server-identifier before local-address",
      "local-address 10.9.0.8; server-identifier 10.9.0.7;",
      {},
      [10, 9, 0, 7],
    ],
    [
      "the relay's override (RFC 5107)",
      "server-identifier 10.9.0.7;",
      { relayAgent: [11, 4, 10, 9, 0, 2] },
      [10, 9, 0, 2],
    ],
    [
      "the address asked when the interface is not known",
      "",
      { interfaceIndex: 9, destination: "10.9.0.6" },
      [10, 9, 0, 6],
    ],
  ])("option 54: %s", (_name, statements, message, expected) => {
    const bed = new EngineBed(configWith(statements));
    expect(bed.reply({ ...relayed, ...message }).option(54)).toEqual(expected);
  });
});

describe("size of the reply", () => {
  const text = "x".repeat(200);
  // Six options of 202 bytes: 1212 bytes and the usual ones.
  const big = configWith(
    [...Array(6).keys()]
      .map((at) => `option o${at} code ${200 + at} = text; option o${at} "${text}";`)
      .join(" "),
  );
  const list = [200, 201, 202, 203, 204, 205];
  const count = (codes: readonly number[]): number => codes.filter((code) => code >= 200).length;

  test.each<[string, number | undefined, number, number]>([
    ["576 without option 57", undefined, 1, 548],
    ["less than 576 counts as 576", 300, 1, 548],
    ["1000", 1000, 3, 972],
    ["1500", 1500, 5, 1472],
    ["more than 1500 counts as 1500", 9000, 5, 1472],
  ])("%s", (_name, maxMessageSize, options, bytesMax) => {
    const offer = new EngineBed(big).reply({
      ...{ ...relayed, list, relayAgent: [1, 1, 9] },
      ...(maxMessageSize === undefined ? {} : { maxMessageSize }),
    });
    expect(count(offer.codes)).toBeGreaterThanOrEqual(options);
    const echoed = 5;
    expect(offer.packet.bytes?.length ?? 0).toBeLessThanOrEqual(Math.min(bytesMax + echoed, 1472));
    expect(offer.option(82)).toEqual([1, 1, 9]);
  });

  test("a configured size, unless the client names one", () => {
    const bed = new EngineBed(`option dhcp-max-message-size 1000; ${big}`);
    const bytes = (message: ClientMessage) =>
      bed.reply({ ...relayed, list, ...message }).packet.bytes?.length ?? 0;
    expect(bytes({})).toBeGreaterThan(548);
    expect(bytes({})).toBeLessThanOrEqual(972);
    expect(bytes({ maxMessageSize: 1500 })).toBeGreaterThan(972);
    expect(bytes({ maxMessageSize: 576 })).toBeLessThanOrEqual(548);
  });

  test("the answer to INFORM leaves file and sname alone", () => {
    const ack = new EngineBed(`authoritative; ${big}`).reply({
      ...{ ...relayed, type: "inform", ciaddr: "10.9.0.20", list },
    });
    expect(ack.codes).not.toContain(52);
    expect(ack.packet.bytes?.length ?? 0).toBeLessThanOrEqual(548);
  });

  test("short replies are filled up to 300 bytes", () => {
    expect(new EngineBed(configWith("")).reply(relayed).packet.bytes?.length).toBe(300);
  });

  test("more options than fit go into the free file and sname fields (option 52)", () => {
    const bed = new EngineBed(
      configWith(
        [...Array(6).keys()]
          .map((at) => `option o${at} code ${200 + at} = text; option o${at} "${"y".repeat(50)}";`)
          .join(" "),
      ),
    );
    const offer = bed.reply({ ...relayed, list });
    expect(count(offer.codes)).toBe(6);
    expect(offer.option(52)).toBeDefined();
  });
});

describe("lease times in replies (CONF-13, OPT-2)", () => {
  test.each<[string, string, ClientMessage, number, number | undefined, number | undefined]>([
    ["the default", "", {}, 600, undefined, undefined],
    ["what the client asks for", "", { leaseSeconds: 900 }, 900, undefined, undefined],
    ["not more than the maximum", "", { leaseSeconds: 90_000 }, 1200, undefined, undefined],
    [
      "not less than the minimum",
      "min-lease-time 400;",
      { leaseSeconds: 60 },
      400,
      undefined,
      undefined,
    ],
    [
      "T1 and T2",
      "option dhcp-renewal-time 300; option dhcp-rebinding-time 525;",
      {},
      600,
      300,
      525,
    ],
    [
      "T2 too late for a short lease",
      "option dhcp-renewal-time 300; option dhcp-rebinding-time 525;",
      { leaseSeconds: 500 },
      500,
      300,
      undefined,
    ],
  ])("%s", (_name, statements, message, lease, t1, t2) => {
    const bed = new EngineBed(configWith(statements));
    for (const type of ["discover", "request"] as const) {
      const asked = type === "request" ? { requested: "10.9.0.100" } : {};
      const reply = bed.reply({ ...relayed, ...message, type, ...asked });
      expect(reply.leaseSeconds).toBe(lease);
      expect(reply.packet.options.getUInt32(58)).toBe(t1);
      expect(reply.packet.options.getUInt32(59)).toBe(t2);
    }
    expect(bed.records.at(-1)).toMatchObject({
      startsAt: startSeconds,
      endsAt: startSeconds + lease,
    });
  });

  test("a lease without end", () => {
    const bed = new EngineBed(
      configWith("max-lease-time 4294967295;").replace("max-lease-time 1200;", ""),
    );
    bed.bind({ ...relayed, leaseSeconds: 0xffff_ffff });
    expect(bed.records.at(-1)?.endsAt).toBeNull();
    bed.nowSeconds += 1_000_000_000;
    expect(bed.expire()).toEqual([]);
  });
});
