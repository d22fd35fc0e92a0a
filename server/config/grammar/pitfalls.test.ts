import { describe, expect, test } from "vitest";
import { errorsOf, warningsOf } from "./config.testing.ts";
import { parseConfig } from "./parse.ts";
import { hinted, warned } from "./pitfalls.testing.ts";

const subnet = "subnet 10.0.0.0 netmask 255.255.0.0";

describe("accepted by dhcpd, and most often a slip", () => {
  for (const [what, text, warning] of warned) {
    test(`${what}: ${text}`, () => expect(warningsOf(text)).toEqual([warning]));
  }

  test("what is right says nothing", () => {
    const text = `key k { algorithm hmac-md5; secret aGVsbG8=; } zone a.b. { primary 10.0.0.1; key k; }
      option space s; option s.a code 1 = text; vendor-option-space s; next-server 192.168.0.1;
      default-lease-time 300; max-lease-time 600; option netbios-node-type 8;
      define hex-of (data) { return binary-to-ascii (16, 8, ":", data); }
      set name-of-it = hex-of (substring (hardware, 1, 6)); if name-of-it = "x" { option host-name "x y"; }
      class "c" { match hardware; } subclass "c" 1:0:1:2:3:4:5;
      ${subnet} { option subnet-mask 255.255.0.0; option routers 10.0.255.1;
        option broadcast-address 10.0.255.255; range 10.0.0.1; }`;
    expect(warningsOf(text)).toEqual([]);
  });
});

describe("errors with a hint", () => {
  for (const [what, text, message, hint] of hinted) {
    test(what, () => {
      const [first] = errorsOf(text);
      expect([first.message, first.hint]).toEqual([message, hint]);
    });
  }
});

test("ERR-5, ERR-7, ERR-8: a typographic quote does not hide what follows it", () => {
  const text = `${subnet} {
  pool { range 10.0.0.1; deny members of \u201cx"; }
  option nope 1;
}
class "c" { match hardware; }
subclass "c\u201d 0:1;
host a { group \u201cg"; hardware nope 1:2; }
host b { group "g\u201d; hardware nope 1:2; }
option nope 2;`;
  expect(errorsOf(text).map(({ line }) => line)).toEqual([2, 3, 6, 7, 7, 8, 8, 9]);
});

describe("failover", () => {
  const peer = (lines: string): string => `failover peer "x" { ${lines} }`;
  const whole = "primary; address 10.0.0.1; port 647; peer address 10.0.0.2; peer port 647;";

  test("is read to its end, and then says what replaces it", () => {
    const text = `${peer(`${whole} mclt 3600; split 128; load balance max seconds 3;`)}
      ${subnet} { pool { failover peer "x"; range 10.0.0.1; } }`;
    const outcome = parseConfig("dhcpd.conf", () => text);
    const warnings = outcome.kind === "ok" ? outcome.warnings : [];
    expect(warnings.map(({ line, message, hint }) => [line, message, hint])).toEqual([
      [
        1,
        "failover peer x keeps the server from starting: the failover protocol is not spoken.",
        expect.stringMatching(/warm-standby pair.*never both at once/),
      ],
    ]);
  });

  test("a peer that no pool refers to, in the place where it is declared", () => {
    const secondary = "secondary; peer address 10.0.0.2;";
    const text = `${subnet} { range 10.0.0.1; }\n${peer(secondary)}`;
    const [{ line, message }] = errorsOf(text);
    expect([line, message]).toEqual([2, "Failover peer, x, has no referring pools."]);
  });

  const wrong: readonly (readonly [lines: string, message: string])[] = [
    ["primary;", "peer address may not be omitted"],
    ["primary; peer address 10.0.0.2; mclt 5;", "primary failover server must have hba or split."],
    ["primary; peer address 10.0.0.2; split 5;", "primary failover server must have mclt."],
    ["secondary; hba 1:2; ", "HBA must be exactly 32 bytes."],
    ["primary; split 257; ", "split must be between 0 and 256, inclusive"],
    ["nonsense;", "invalid statement in peer declaration"],
  ];
  for (const [lines, message] of wrong) {
    test(lines, () => expect(errorsOf(peer(lines))[0].message).toBe(message));
  }
});

describe("dates of permits", () => {
  const secondsOf = (date: string): number | undefined => {
    const text = `${subnet} { pool { range 10.0.0.1; deny after ${date}; } }`;
    const outcome = parseConfig("dhcpd.conf", () => text);
    return outcome.kind === "ok" ? outcome.config.pools[0].validUntilSeconds : undefined;
  };
  const cases: readonly (readonly [date: string, seconds: number])[] = [
    ["4 1970/01/01 00:00:00", 0],
    ["4 2026/11/26 08:09:10", Date.UTC(2026, 10, 26, 8, 9, 10) / 1000],
    ["0 2024/02/29 23:59:59", Date.UTC(2024, 1, 29, 23, 59, 59) / 1000],
    ["0 2024/03/01 00:00:00", Date.UTC(2024, 2, 1) / 1000],
    ["0 2037/12/31 00:00:00 -3600", Date.UTC(2037, 11, 31) / 1000 - 3600],
    ["epoch 1800000000", 1_800_000_000],
    ["never", 0x7fff_ffff],
    ["1 2040/01/01 00:00:00", 0x7fff_ffff],
  ];
  for (const [date, seconds] of cases) {
    test(date, () => expect(secondsOf(date)).toBe(seconds));
  }
});
