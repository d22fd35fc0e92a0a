import { describe, expect, test } from "vitest";
import { DIAGNOSTICS_MAX } from "../text/token-reader.ts";
import { acceptance } from "./acceptance.testing.ts";
import { configOf, errorsOf, warningsOf } from "./config.testing.ts";
import { formatDiagnostic, parseConfig } from "./parse.ts";

describe("what dhcpd takes, and what it does not (CONF-3, CONF-4, CONF-5)", () => {
  for (const text of acceptance.accepted) {
    test(`accepted: ${text}`, () => expect(errorsOf(text)).toEqual([]));
  }
  for (const text of acceptance.refused) {
    test(`refused by name: ${text}`, () => {
      const errors = errorsOf(text);
      expect(errors).toHaveLength(1);
      expect(errors[0].message).toMatch(
        /not supported yet|unsupported value|cannot be set|not allowed/,
      );
    });
  }
  for (const text of acceptance.wrong) {
    test(`wrong: ${text}`, () => {
      const errors = errorsOf(text);
      expect(errors.length).toBeGreaterThan(0);
      for (const { message } of errors) expect(message).not.toMatch(/not supported yet/);
    });
  }
});

test("CONF-1: keywords and names of options in any case, names in quotes as they are written", () => {
  expect(errorsOf("AUTHORITATIVE; OPTION Routers 10.0.0.1;")).toEqual([]);
  const permitted = (name: string): string[] =>
    errorsOf(`class "cm" { match if known; }
      subnet 10.0.0.0 netmask 255.255.255.0 {
        pool { range 10.0.0.1; allow members of "${name}"; } }`).map(({ message }) => message);
  expect(permitted("cm")).toEqual([]);
  expect(permitted("CM")).toEqual(["no such class: CM"]);
});

describe("messages", () => {
  const subnet = "subnet 10.0.0.0 netmask 255.255.255.0";
  // Line and column are those of what is wrong, or of what stands where something is missing.
  const cases: readonly (readonly [text: string, place: string, message: string])[] = [
    ["host a {\n  hardware ethernet 1:2:3:4:5:6\n}", "3:1", "semicolon expected."],
    ["authoritative\ndefault-lease-time 5;", "2:1", "semicolon expected."],
    ["group x { }\nhost a { group nope; }", "2:16", "unknown group nope in host a"],
    [
      `${subnet} {\n pool { allow members of "nope"; range 10.0.0.1; }\n}`,
      "2:26",
      "no such class: nope",
    ],
    ['subclass "nope" 1:2;', "1:10", "no class named nope"],
    ["host a { }\nhost a { }", "2:10", "host a: already exists"],
    [
      `${subnet} { range 10.0.1.11; }`,
      "1:47",
      "bad range, address 10.0.1.11 not in subnet 10.0.0.0 netmask 255.255.255.0",
    ],
    [
      "subnet 10.0.0.1 netmask 255.255.255.0 { }",
      "1:8",
      "subnet 10.0.0.1 netmask 255.255.255.0: bad subnet number/mask combination.",
    ],
    ["option foo-bar 1;", "1:8", "unknown option dhcp.foo-bar"],
    ["pool { range 10.0.0.1; }", "1:1", "pool declared outside of network"],
    ["shared-network x { }", "1:20", "empty shared-network decl"],
    ["default-lease-time abc;", "1:20", "Bogus number abc"],
    ["option routers 10.0.0;", "1:16", "too few numbers."],
    [`${subnet} {\n`, "1:40", "unexpected end of file"],
    ['option host-name "a\nb;', "1:18", "unterminated string"],
    ['set lease = "y";', "1:5", "lease can't be a variable name"],
    ["on commit { set x; }", "1:18", "expecting '=' in set statement."],
    ['on frobnication { set x = "y"; }', "1:4", "expecting a lease event type"],
    ['execute ("x");', "1:1", "execute is not allowed."],
    ["frobnicate 3;", "1:1", "expecting a parameter or declaration"],
    ["if known { } }", "1:14", "right brace closes nothing."],
  ];
  for (const [text, place, message] of cases) {
    test(`${JSON.stringify(text)} at ${place}`, () => {
      const found = errorsOf(text).map(({ line, column, message }) => [
        `${line}:${column}`,
        message,
      ]);
      expect(found).toEqual([[place, message]]);
    });
  }

  test("three lines like dhcpd's, and a hint", () => {
    const [error] = errorsOf('class "b" {\n\tmatch if not option host-name = "x";\n}');
    expect(formatDiagnostic(error).split("\n")).toEqual([
      "dhcpd.conf line 2: boolean expression expected",
      '        match if not option host-name = "x";',
      "                 ^",
      "  put the comparison in parentheses: not (a = b).",
    ]);
  });

  test("as many errors as possible in one go", () => {
    const text = `
option foo 1;
host a { hardware ethernet 1:2:3:4:5:zz; group nope; }
subnet 10.0.0 netmask 255.255.255.0 { range nonsense; }
class "c" { match if known; lease limit x; match }
key k { algorithm nope; secret aGVsbG8=; }
option a code 200 = { ip-address, nope };
if known { frobnicate 1; option host-name 5:6; }
default-lease-time 600
max-lease-time x;
shared-network y { subnet 10.9.0.0 netmask 255.255.0.0 { range 10.8.0.1; } }
`;
    expect(errorsOf(text).map(({ line }) => line)).toEqual([
      2, 3, 3, 4, 5, 5, 6, 7, 8, 8, 10, 10, 11,
    ]);
  });

  test("there is an end to it", () => {
    const errors = errorsOf("foo bar;\n".repeat(1000));
    expect(errors).toHaveLength(DIAGNOSTICS_MAX);
    expect(errors.map(({ line }) => line)).toEqual(errors.map((_, index) => index + 1));
    expect(errors[DIAGNOSTICS_MAX - 1].hint).toBe("there may be more: 100 are shown.");
  });

  test("a file that cannot be read", () => {
    const outcome = parseConfig("/etc/none", () => {
      throw Object.assign(new Error("gone"), { code: "ENOENT" });
    });
    expect(outcome.kind === "failed" && outcome.diagnostics.map(formatDiagnostic)).toEqual([
      "/etc/none line 1: Can't open /etc/none: No such file or directory",
    ]);
  });
});

describe("include", () => {
  test("its statements count where it stands", () => {
    const config = configOf('group x { include "y"; }', { y: 'host a { filename "f"; }' });
    expect(config.hosts.byName("a")?.scope.parent?.parent).toBe(config.root);
  });

  test("errors name the included file, and the rest is read on", () => {
    const found = errorsOf('include "y";\nfoo bar;', { y: "\nbad;}" });
    expect(found.map(({ file, line }) => `${file}:${line}`)).toEqual([
      "y:2",
      "y:2",
      "dhcpd.conf:2",
    ]);
  });

  test("a file that includes itself ends in an error", () => {
    const found = errorsOf('include "y";', { y: 'include "y";' });
    expect(found.map(({ message }) => message)).toEqual(["y: this file includes itself."]);
  });
});

describe("includes without end", () => {
  const errors = (files: Readonly<Record<string, string>>): string[] =>
    errorsOf('include "a";', files).map(({ message }) => message);

  test("a circle of files", () => {
    expect(errors({ a: 'include "b";', b: 'include "c";', c: 'include "a";' })).toEqual([
      "a: this file includes itself.",
    ]);
  });

  test("a long chain", () => {
    const names = Array.from({ length: 40 }, (_, index) => `f${index}`);
    const chain = names.map((name, index) => [name, `include "f${index + 1}";`]);
    const files = { a: 'include "f0";', ...Object.fromEntries(chain) };
    expect(errors(files)).toEqual(["f15: more than 16 files include each other."]);
  });

  test("a tree with as many leaves as there is patience", () => {
    const twice = (name: string): string => `include "${name}";`.repeat(10);
    const files = { a: twice("b"), b: twice("c"), c: twice("d"), d: twice("e"), e: "" };
    expect(errors(files)[0]).toBe("e: more than 4096 files are included.");
  });
});

describe("hostile input", () => {
  const deep = 20_000;
  const cases: Readonly<Record<string, string>> = {
    "groups in groups": "group { ".repeat(deep),
    "ifs in ifs": "if known { ".repeat(deep),
    parentheses: `if ${"(".repeat(deep)}known`,
    nots: `if ${"not ".repeat(deep)}known { }`,
    "closing braces": "}".repeat(deep),
    "one long word": `${"x".repeat(1_000_000)};`,
    "one long name": `class "${"x".repeat(1_000_000)}" { }`,
    "NUL and control characters": "\0\x01\x7f option \0;",
    "no ASCII": "option host-name “x”; é ü;",
    "a lone quote": '"',
    "a backslash at the end": 'option host-name "x\\',
    "only a comment sign": "#",
    "a comma": "option routers ,,,;",
    "huge number": "default-lease-time 99999999999999999999999;",
  };
  for (const [name, text] of Object.entries(cases)) {
    test(`${name}: errors, no exception`, () => {
      const lengths = errorsOf(text).map(({ message }) => message.length);
      if (name !== "only a comment sign") expect(lengths.length).toBeGreaterThan(0);
      for (const length of lengths) expect(length).toBeLessThanOrEqual(300);
    });
  }
});

describe("warnings", () => {
  const cases: readonly (readonly [text: string, warning: string])[] = [
    ["omapi-port 7911;", "omapi-port is noted, but OMAPI is not served yet."],
    ["allow leasequery;", "allow leasequery has no effect: lease queries are not answered yet."],
    [
      "allow dynamic-bootp;",
      "allow dynamic-bootp has no effect: range dynamic-bootp and the permits of pools say who gets a lease.",
    ],
    [
      "always-reply-rfc1048 on;",
      "always-reply-rfc1048 has no effect: BOOTP requests without the cookie of RFC 1048 are not answered.",
    ],
    ["host a { }", "host a matches no client."],
    ["group a { } group a { }", "group a is declared again."],
    [
      "subnet 10.0.0.0 netmask 255.255.0.0 { } subnet 10.0.1.0 netmask 255.255.255.0 { }",
      "subnet 10.0.1.0/24 overlaps subnet 10.0.0.0/16",
    ],
    [
      'class "c" { match if known; } subclass "c" 1:2;',
      "class c has subclasses but nothing to match them with.",
    ],
    ['class "c" { }', "class c has no match statement: no client belongs to it."],
  ];
  for (const [text, warning] of cases) {
    test(text, () => expect(warningsOf(text)).toEqual([warning]));
  }
});
