import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evaluateScopes, scopesOf } from "../../config/model/evaluate.ts";
import { clientPacket, configOf, deviceMac, EngineBed, ip } from "../decide/engine.testing.ts";
import { PolicyCache } from "./policy-cache.ts";

const context = { packet: clientPacket({}), known: true };

test("dhcpd's values for what the configuration leaves open", () => {
  const config = configOf("");
  const policy = new PolicyCache(config).policyFor({}, context);
  expect(policy).toMatchObject({
    ...{ abandonSeconds: 86_400, cacheThreshold: 25, pingCheck: true, pingTimeoutMs: 1000 },
    ...{ pingClttSeconds: 60, unknownClients: true, booting: true, duplicates: true },
    ...{ declines: true, oneLeasePerClient: false, ignoreClientIds: false, minSeconds: 0 },
    ...{ stashAgentOptions: true, alwaysBroadcast: false, echoClientId: false, nextServer: 0 },
    ...{ useHostNames: false, leaseAddressIsRouter: false, serverIdentifier: undefined },
    leaseTimes: { defaultSeconds: undefined, maxSeconds: undefined, minSeconds: undefined },
  });
});

describe("remembered policies", () => {
  test("hosts without statements of their own share the policy of their group", () => {
    const units = Array.from({ length: 100 }, (_, at) => at + 1);
    const config = configOf(`
      subnet 10.9.0.0 netmask 255.255.255.0 { range 10.9.0.100 10.9.0.102; }
      group g { default-lease-time 77; }
      ${units.map((unit) => `host h${unit} { hardware ethernet ${deviceMac(unit)}; group "g"; }`).join("\n")}
    `);
    const cache = new PolicyCache(config);
    const policies = units.map((unit) =>
      cache.policyFor(
        { subnet: config.subnetOf(ip("10.9.0.1")), host: config.hosts.byName(`h${unit}`) },
        context,
      ),
    );
    expect(new Set(policies).size).toBe(1);
    expect(policies[0]).toMatchObject({ constant: true, leaseTimes: { defaultSeconds: 77 } });
    expect(cache.size).toBeLessThan(10);
  });

  test("more hosts with statements of their own than there is room for", () => {
    const units = Array.from({ length: 5000 }, (_, at) => at + 1);
    const config = configOf(`
      subnet 10.9.0.0 netmask 255.255.255.0 { }
      ${units.map((unit) => `host h${unit} { hardware ethernet ${deviceMac(unit)}; default-lease-time ${unit}; }`).join("\n")}
    `);
    const cache = new PolicyCache(config);
    for (const round of [1, 2]) {
      for (const unit of units) {
        const host = config.hosts.byName(`h${unit}`);
        const policy = cache.policyFor({ host }, context);
        if (policy.leaseTimes.defaultSeconds !== unit) throw new Error(`round ${round}: h${unit}`);
      }
    }
    expect(cache.size).toBeLessThanOrEqual(4100);
  });

  test("more combinations of classes and hosts at one pool than are found at once", () => {
    const numbers = [0, 1, 2, 3];
    const config = configOf(`
      ${numbers.map((at) => `class "c${at}" { match if known; default-lease-time ${at + 1}; }`).join("\n")}
      subnet 10.9.0.0 netmask 255.255.255.0 { range 10.9.0.100 10.9.0.102; }
      ${numbers.map((at) => `host h${at} { hardware ethernet ${deviceMac(at)}; min-secs ${at}; }`).join("\n")}
    `);
    const cache = new PolicyCache(config);
    const [pool] = config.pools;
    for (const round of [1, 2]) {
      for (const pair of numbers.flatMap((left) =>
        numbers.map((right) => [left, right] as const),
      )) {
        const [first, second] = pair;
        const members = pair.map((at) => config.classes.all[at].plainMember);
        const host = config.hosts.byName(`h${second}`);
        const { minSeconds, leaseTimes } = cache.policyFor({ pool, members, host }, context);
        const found = [minSeconds, leaseTimes.defaultSeconds];
        expect(found, `round ${round}, classes ${pair}`).toEqual([second, first + 1]);
        expect(cache.minSecondsFor({ pool, members }, context)).toBe(0);
      }
    }
  });

  test.each([
    ["a parameter", "min-secs 3;"],
    ["a branch", "if known { min-secs 3; }"],
    ["a case", 'switch (option host-name) { case "x": break; default: min-secs 3; }'],
    ["a function", 'define wait (given) { min-secs 3; return given; } eval wait ("x");'],
  ])("min-secs without a host, by %s", (_name, statement) => {
    const config = configOf(`${statement} host h { min-secs 9; }`);
    expect(new PolicyCache(config).minSecondsFor({}, context)).toBe(3);
  });

  test.each([
    ["a computed option", "option host-name = option vendor-class-identifier;"],
    ["one in a branch", "if known { option host-name = option vendor-class-identifier; }"],
    ["a condition on a variable", 'set word = "x"; if word = "x" { min-secs 1; }'],
    ["a condition on whether one is set", "if not defined (word) { min-secs 1; }"],
    [
      "a call in a condition",
      'define one (given) { return given; } if one ("1") = "1" { min-secs 1; }',
    ],
    ["a condition on what is set", "if null = config-option host-name { min-secs 1; }"],
    [
      "a case with a variable",
      'set word = "x"; switch (option host-name) { case word: min-secs 1; }',
    ],
    ["a function beside a condition", "define one () { return 1; } if known { min-secs 1; }"],
  ])("%s is evaluated for every packet", (_name, statement) => {
    const config = configOf(statement);
    const cache = new PolicyCache(config);
    const first = cache.policyFor({}, context);
    expect(first.constant).toBe(false);
    expect(cache.policyFor({}, context)).not.toBe(first);
  });

  test("subnets that say nothing are not mixed up: each has its own mask", () => {
    const bed = new EngineBed(`
      ping-check off;
      shared-network cable {
        subnet 10.9.0.0 netmask 255.255.255.0 { }
        subnet 10.8.0.0 netmask 255.255.0.0 { }
      }
      host a { hardware ethernet ${deviceMac(1)}; fixed-address 10.9.0.50; }
      host b { hardware ethernet ${deviceMac(2)}; fixed-address 10.8.0.50; }
    `);
    const mask = (unit: number) =>
      bed.reply({ giaddr: "10.9.0.2", mac: deviceMac(unit), list: [1] }).option(1);
    expect([mask(1), mask(2), mask(1)]).toEqual([
      [255, 255, 255, 0],
      [255, 255, 0, 0],
      [255, 255, 255, 0],
    ]);
  });

  test("a conditional decides packet by packet, also after a reply was remembered", () => {
    const bed = new EngineBed(`
      ping-check off; default-lease-time 600;
      subnet 10.9.0.0 netmask 255.255.255.0 { range 10.9.0.100 10.9.0.102; }
      if option host-name = "long" { default-lease-time 1000; }
    `);
    const seconds = (hostname: string) => bed.reply({ giaddr: "10.9.0.2", hostname }).leaseSeconds;
    expect([seconds("short"), seconds("long"), seconds("short")]).toEqual([600, 1000, 600]);
  });
});

describe("policies by what conditions choose", () => {
  const policyWith = (cache: PolicyCache, hostname: string) =>
    cache.policyFor({}, { packet: clientPacket({ hostname }), known: true });

  test.each([
    ["if", 'if option host-name = "a" { min-secs 1; } else { min-secs 2; }', [1, 2, 2]],
    [
      "elsif, and if inside",
      `if option host-name = "a" { min-secs 1; }
       elsif known { min-secs 2; if option host-name = "b" { min-secs 3; } }`,
      [1, 3, 2],
    ],
    [
      "switch",
      'switch (option host-name) { case "a": min-secs 1; break; case "b": min-secs 2; default: min-secs 3; }',
      [1, 3, 3],
    ],
    [
      "a switch without a default",
      'switch (option host-name) { case "a": min-secs 1; case "b": max-lease-time 9; }',
      [1, 0, 0],
    ],
    ["behind a break", 'break; if option host-name = "a" { min-secs 1; }', [0, 0, 0]],
    [
      "two in a row",
      'if known { min-secs 5; } if option host-name = "c" { min-secs 6; }',
      [5, 5, 6],
    ],
  ])("%s", (_name, text, wanted) => {
    const config = configOf(text);
    const cache = new PolicyCache(config);
    const first = ["a", "b", "c"].map((name) => policyWith(cache, name));
    expect(first.map(({ minSeconds }) => minSeconds)).toEqual(wanted);
    for (const [at, name] of ["a", "b", "c"].entries()) {
      const again = policyWith(cache, name);
      expect(again).toBe(first[at]);
      expect(again.constant).toBe(true);
    }
  });

  test("more ways through than there is room for", () => {
    const bits = Array.from({ length: 14 }, (_, at) => at);
    const config = configOf(
      bits
        .map(
          (at) => `if substring (option host-name, ${at}, 1) = "1" { append host-name "${at} "; }`,
        )
        .join("\n"),
    );
    const cache = new PolicyCache(config);
    for (let way = 0; way < 2 ** bits.length; way += 3) {
      const hostname = bits.map((at) => (way >>> at) & 1).join("");
      const wanted = bits.filter((at) => hostname[at] === "1").map((at) => `${at} `);
      const { settings } = policyWith(cache, hostname);
      const value = new TextDecoder().decode(settings.option(12) ?? new Uint8Array(0));
      if (value !== wanted.join("")) throw new Error(`${hostname}: ${value}`);
    }
    expect(cache.size).toBeLessThanOrEqual(8192);
  });

  test("the same as without a memory, for random statements and clients", () => {
    const condition = fc.constantFrom(
      'option host-name = "a"',
      'substring (option host-name, 0, 1) = "b"',
      "known",
      "exists vendor-class-identifier",
      'option host-name ~= "a+"',
      'not (option vendor-class-identifier = "x")',
      'word = "1"',
    );
    const { block } = fc.letrec<{ statement: string; block: string }>((tie) => ({
      statement: fc.oneof(
        { maxDepth: 4, depthIdentifier: "statement" },
        {
          weight: 3,
          arbitrary: fc
            .tuple(fc.constantFrom("append", "prepend", "supersede", "default"), fc.nat(9))
            .map(([mode, digit]) => `${mode} domain-name "${digit}";`),
        },
        { weight: 1, arbitrary: fc.nat(99).map((seconds) => `min-secs ${seconds};`) },
        { weight: 1, arbitrary: fc.constantFrom("break;", 'set word = "1";') },
        {
          weight: 3,
          arbitrary: fc
            .tuple(condition, tie("block"), condition, tie("block"), tie("block"))
            .map(
              ([first, a, second, b, c]) => `if ${first} {${a}} elsif ${second} {${b}} else {${c}}`,
            ),
        },
        {
          weight: 2,
          arbitrary: fc
            .tuple(tie("block"), tie("block"), tie("block"))
            .map(
              ([a, b, c]) =>
                `switch (option host-name) { case "a": ${a} case "b": ${b} default: ${c} }`,
            ),
        },
      ),
      block: fc
        .array(tie("statement"), { maxLength: 4, depthIdentifier: "statement" })
        .map((statements) => statements.join("\n")),
    }));
    const client = fc.record({
      hostname: fc.constantFrom("a", "b", "ab", "c"),
      vendorClass: fc.constantFrom("x", "y"),
      known: fc.boolean(),
    });
    let remembered = 0;
    fc.assert(
      fc.property(
        block,
        block,
        fc.array(client, { minLength: 8, maxLength: 8 }),
        (top, inner, clients) => {
          const config = configOf(`${top}\nsubnet 10.9.0.0 netmask 255.255.255.0 {\n${inner}\n}`);
          const cache = new PolicyCache(config);
          const sources = { subnet: config.subnetOf(ip("10.9.0.1")) };
          const scopes = scopesOf(config, sources);
          for (const { known, ...sent } of clients) {
            const from = { packet: clientPacket(sent), known };
            const wanted = evaluateScopes(config, scopes, from);
            const policy = cache.policyFor(sources, from);
            if (policy.constant) remembered += 1;
            expect(policy.settings.option(15)).toEqual(wanted.option(15));
            expect(policy.minSeconds).toBe(wanted.number("min-secs") ?? 0);
            expect(cache.minSecondsFor(sources, from)).toBe(policy.minSeconds);
          }
        },
      ),
      { seed: 20_131, numRuns: 300 },
    );
    expect(remembered).toBeGreaterThan(500);
  });
});
