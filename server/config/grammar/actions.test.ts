import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseIpv4 } from "../../../protocol/ipv4.ts";
import type { EvaluationContext } from "../language/program.ts";
import type { Settings } from "../language/settings.ts";
import { Variables } from "../language/variables.ts";
import { classify, evaluateScopes, runEvent } from "../model/evaluate.ts";
import { bytesOf, configOf, contextOf, type TestPacket, textOf } from "./config.testing.ts";
import { parseConfig } from "./parse.ts";

type More = Partial<Omit<EvaluationContext, "packet">>;

function settingsOf(text: string, packet: TestPacket = {}, more: More = {}): Settings {
  const config = configOf(text);
  return evaluateScopes(config, [config.root], contextOf(packet, more));
}

/** What the file name becomes; undefined when nothing sets it. */
function fileName(text: string, packet: TestPacket = {}, more: More = {}): string | undefined {
  return settingsOf(text, packet, more).text("filename");
}

const named = (name: string): TestPacket => ({ options: { 12: name } });

describe("switch", () => {
  const text = `switch (option host-name) {
    case "a": filename "one";
    case "b": server-name "through"; break;
    default: filename "none"; break;
    case "c": filename "three"; }`;

  test("from the first equal case on, through the next, to a break", () => {
    expect(fileName(text, named("a"))).toBe("one");
    expect(settingsOf(text, named("a")).text("server-name")).toBe("through");
    expect(fileName(text, named("b"))).toBeUndefined();
    expect(fileName(text, named("c"))).toBe("three");
  });

  test("default for anything else, and for null", () => {
    expect(fileName(text, named("z"))).toBe("none");
    expect(fileName(text)).toBe("none");
  });

  test("numbers, and computed cases", () => {
    const numbers = `switch (extract-int (option host-name, 8)) {
      case 65: filename "A"; break; case 66: filename "B"; }`;
    expect(fileName(numbers, named("B"))).toBe("B");
    const computed = 'switch (option host-name) { case concat ("a", "b"): filename "ab"; }';
    expect(fileName(computed, named("ab"))).toBe("ab");
  });

  test("a break in an if leaves the if alone, as in dhcpd", () => {
    const inner = 'switch (option host-name) { case "a": if known { break; } filename "on"; }';
    expect(fileName(inner, named("a"), { known: true })).toBe("on");
  });
});

describe("variables", () => {
  test("hold data, numbers and truth values, and know no case", () => {
    expect(fileName('set nam = "x"; filename = NAM;')).toBe("x");
    expect(fileName('set nam = known; if nam { filename "y"; }', {}, { known: true })).toBe("y");
    const count = "set num = extract-int (option host-name, 8) + 1;";
    expect(fileName(`${count} if num = 66:00 { filename "z"; }`, named("A"))).toBeUndefined();
    expect(fileName(`${count} switch (num) { case 66: filename "z"; }`, named("A"))).toBe("z");
  });

  test("a bare number is a byte in hexadecimal", () => {
    expect(settingsOf("set num = 41; filename = num;").text("filename")).toBe("A");
  });

  test("null unsets, as unset does", () => {
    for (const end of ["unset nam;", "set nam = null;", "set nam = option host-name;"]) {
      const text = `set nam = "x"; ${end} if defined (nam) { filename "still"; } else { filename "gone"; }`;
      expect(fileName(text)).toBe("gone");
    }
  });

  test("a value of another type is null", () => {
    expect(fileName('set nam = known; filename = pick-first-value (nam, "other");')).toBe("other");
  });

  test("those of the lease are read and changed", () => {
    const variables = new Variables();
    variables.set("seen", bytesOf("before"));
    const text = `set copy = seen; filename = copy; set seen = "after"; set num = lease-time;
      unset copy-of; define fun (arg) { }`;
    expect(fileName(text, {}, { variables, leaseSeconds: 77 })).toBe("before");
    expect(variables.entries()).toEqual([
      ["seen", bytesOf("after")],
      ["copy", bytesOf("before")],
      ["num", 77],
    ]);
  });
});

describe("functions", () => {
  test("take arguments by name and return a value", () => {
    const text = `define mac-text (data) { return binary-to-ascii (16, 8, "-", data); }
      filename = concat ("cm-", mac-text (substring (hardware, 1, 3)));`;
    expect(fileName(text, { mac: "02:10:ff:00:00:01" })).toBe("cm-2-10-ff");
  });

  test("return at once, from inside an if or a switch too", () => {
    const text = `define kind (name) {
        switch (substring (name, 0, 9)) { case "nothing": break; default: if known { return "known"; } }
        return "unknown"; return "never"; }
      filename = kind ("x");`;
    expect(fileName(text)).toBe("unknown");
    expect(fileName(text, {}, { known: true })).toBe("known");
  });

  test("may change variables outside, and have their own inside", () => {
    const text = `set out = "a"; define fun (arg) { set out = arg; set own = "in"; }
      fun ("b"); filename = concat (out, pick-first-value (own, "-"));`;
    expect(fileName(text)).toBe("b-");
  });

  test("the wrong number of arguments, or no such function: null", () => {
    const text =
      'define fun (one) { return one; } filename = pick-first-value (fun ("a", "b"), "c");';
    expect(fileName(text)).toBe("c");
    expect(fileName('filename = pick-first-value (nofun ("a"), "c");')).toBe("c");
  });

  test("of the top level take part in matching classes", () => {
    const config = configOf(`define start-of (data) { return substring (data, 0, 2); }
      class "c" { match if start-of (option host-name) = "ab"; }`);
    const members = (name: string) => classify(config, contextOf(named(name))).length;
    expect([members("abc"), members("bcd")]).toEqual([1, 0]);
  });

  test("calls come to an end", () => {
    const endless =
      'define fun (arg) { return fun (arg); } filename = pick-first-value (fun ("x"), "end");';
    expect(fileName(endless)).toBe("end");
    const tree = `define fun (arg) { return concat (fun (arg), fun (arg)); }
      filename = pick-first-value (fun ("x"), "end");`;
    expect(fileName(tree)).toBe("end");
  });

  test("values that look each other up come to an end", () => {
    const names = Array.from({ length: 60 }, (_, index) => `o${index}-x`);
    const lines = names.map((name, index) => {
      const next = `config-option ${names[index + 1] ?? "domain-name"}`;
      return `option ${name} code ${128 + index} = text; option ${name} = concat (${next}, ${next});`;
    });
    // All of them are defined before the first is used.
    const [definitions, values] = [
      lines.map((line) => line.split(/(?<=text;)/)[0]),
      lines.map((line) => line.split(/(?<=text;)/)[1]),
    ];
    const text = `option domain-name ""; ${definitions.join(" ")} ${values.join(" ")}`;
    const started = performance.now();
    expect(settingsOf(text).option(15)).toEqual(new Uint8Array(0));
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  test("values do not grow without end", () => {
    const grown = `set dat = "0123456789"; ${"set dat = concat (dat, dat);".repeat(200)}`;
    expect(fileName(`${grown} filename = pick-first-value (dat, "end");`)).toBe("end");
    const appended = "append host-name = config-option host-name;".repeat(200);
    const length = settingsOf(`option host-name "x"; ${appended}`).option(12)?.length ?? 0;
    expect(length).toBeLessThanOrEqual(0xffff);
  });
});

describe("on", () => {
  const text = `on commit or expiry { set count = "one"; log (info, concat ("on ", leased-address)); }
    on release { log ("released"); }`;

  test("only remembers what to do", () => {
    const settings = settingsOf(text);
    expect(settings.messages).toEqual([]);
    expect(settings.event("commit")).toBe(settings.event("expiry"));
    expect(settings.event("release")).toHaveLength(1);
  });

  test("runEvent does it, with the lease's variables", () => {
    const config = configOf(text);
    const variables = new Variables();
    const context = contextOf({}, { variables, leaseAddress: parseIpv4("65.66.67.68") as number });
    const settings = evaluateScopes(config, [config.root], context);
    expect(runEvent(settings, "commit", context).messages).toEqual([
      { priority: "info", text: "on ABCD" },
    ]);
    expect(variables.entries()).toEqual([["count", bytesOf("one")]]);
    expect(runEvent(settings, "release", context).messages).toEqual([
      { priority: "debug", text: "released" },
    ]);
  });

  test("without a packet, what looks at it is null", () => {
    const config = configOf(`on expiry { if exists host-name { set what = "name"; }
      set what = pick-first-value (option host-name, hardware, filename, packet (0, 1),
        option agent.remote-id, option fqdn.fqdn, substring (hardware, 1, 6), "nothing"); }`);
    const variables = new Variables();
    const settings = evaluateScopes(config, [config.root], contextOf());
    runEvent(settings, "expiry", { packet: undefined, known: false, variables });
    expect(variables.get("what")).toEqual(bytesOf("nothing"));
  });

  test("the last on of an event counts", () => {
    const twice = 'on commit { log ("one"); } if known { on commit { log ("two"); } }';
    const config = configOf(twice);
    const context = contextOf({}, { known: true });
    const settings = evaluateScopes(config, [config.root], context);
    expect(runEvent(settings, "commit", context).messages.map((line) => line.text)).toEqual([
      "two",
    ]);
  });
});

describe("log and execute", () => {
  test("lines come out in order, no more than 64", () => {
    const settings = settingsOf('log (fatal, "a"); log ("b"); log (error, option host-name);');
    expect(settings.messages).toEqual([
      { priority: "fatal", text: "a" },
      { priority: "debug", text: "b" },
    ]);
    expect(settingsOf('log ("x");'.repeat(100)).messages).toHaveLength(64);
  });

  test("commands are asked for only where they are allowed", () => {
    const text = 'execute ("/bin/notify", option host-name, "it\'s"); execute ("/bin/no", null);';
    expect(parseConfig("dhcpd.conf", () => text).kind).toBe("failed");
    const outcome = parseConfig("dhcpd.conf", () => text, { execute: "allowed" });
    if (outcome.kind !== "ok") return expect.unreachable();
    const { config } = outcome;
    const settings = evaluateScopes(config, [config.root], contextOf(named("cm1")));
    expect(settings.commands).toEqual([["/bin/notify", "cm1", "it's"]]);
  });

  test.each([
    ["allowed", "cm1", [["/bin/notify", "-v", "cm1"]], []],
    ["allowed", "-rf", [["/bin/notify", "-v", "-rf"]], []],
    ["no-dashes", "cm1", [["/bin/notify", "-v", "cm1"]], []],
    ["no-dashes", "-rf", [], ["execute: /bin/notify is not run: an argument is -rf"]],
  ] as const)("%s: a client that calls itself %s", (execute, name, commands, said) => {
    const text = 'execute ("/bin/notify", "-v", option host-name);';
    const outcome = parseConfig("dhcpd.conf", () => text, { execute });
    if (outcome.kind !== "ok") return expect.unreachable();
    const { config } = outcome;
    const settings = evaluateScopes(config, [config.root], contextOf(named(name)));
    expect(settings.commands).toEqual(commands);
    expect(settings.messages.map((line) => line.text)).toEqual(said);
  });
});

describe("expressions about the lease and the server", () => {
  const cases: readonly (readonly [expression: string, value: string | undefined])[] = [
    ['binary-to-ascii (10, 32, "", encode-int (lease-time, 32))', "600"],
    ["gethostname ()", "prov01"],
    ['binary-to-ascii (10, 8, ".", gethostbyname ("tftp.example"))', "10.0.0.1.10.0.0.2"],
    ['gethostbyname ("other.example")', undefined],
    ["option fqdn.hostname", "cm1"],
    ["option fqdn.domainname", "cable.example"],
    ["option fqdn.fqdn", "cm1.cable.example"],
    ['binary-to-ascii (10, 8, ".", option fqdn.server-update)', "1"],
    ['binary-to-ascii (10, 8, ".", option fqdn.no-client-update)', "0"],
  ];
  const more: More = {
    leaseSeconds: 600,
    serverHostName: "prov01",
    resolve: (name) =>
      name === "tftp.example"
        ? [parseIpv4("10.0.0.1") as number, parseIpv4("10.0.0.2") as number]
        : undefined,
  };
  for (const [expression, value] of cases) {
    test(expression, () => {
      const packet = { options: { 81: "\u0001\0\0cm1.cable.example" } };
      expect(fileName(`filename = ${expression};`, packet, more)).toBe(value);
    });
  }

  test('check "default"', () => {
    const text = 'if check "default" { filename "yes"; }';
    expect(fileName(text, {}, { isClassified: true })).toBe("yes");
    expect(fileName(text)).toBeUndefined();
  });

  test("a name in wire format", () => {
    const option = Uint8Array.of(5, 0, 0, 3, 0x63, 0x6d, 0x31, 1, 0x64, 0);
    const packet = { options: { 81: option } };
    const parts = ["hostname", "domainname", "fqdn"].map((name) =>
      fileName(`filename = option fqdn.${name};`, packet),
    );
    expect(parts).toEqual(["cm1", ".d", "cm1.d"]);
    for (const bytes of [
      [4, 0, 0, 64, 1],
      [4, 0, 0, 3, 0x63],
      [4, 0],
    ]) {
      const broken = { options: { 81: Uint8Array.from(bytes) } };
      expect(fileName("filename = option fqdn.fqdn;", broken)).toBeUndefined();
    }
  });

  test("parse-vendor-option: option 43 by the vendor-option-space", () => {
    const text = `option space acs; option acs.url code 1 = text;
      vendor-option-space acs; parse-vendor-option; filename = option acs.url;`;
    const packet = { options: { 43: Uint8Array.of(1, 2, 0x68, 0x69) } };
    expect(fileName(text, packet)).toBe("hi");
    expect(fileName(text.replace("parse-vendor-option;", ""), packet)).toBeUndefined();
  });
});

describe("spaces of options", () => {
  test("site-option-space takes the place of the codes from 224 on", () => {
    const text = `option space site; option site.one code 230 = text; option own code 230 = text;
      option own "dhcp"; option site.one "site";`;
    expect(textOf(settingsOf(text).option(230))).toBe("dhcp");
    const site = settingsOf(`${text} site-option-space "site"; option host-name "x";`);
    expect(textOf(site.option(230))).toBe("site");
    expect(site.optionCodes()).toEqual([12, 230]);
  });

  test("a vendor-option-space may be declared after it is named, and be computed", () => {
    const space = 'option space acs; option acs.url code 1 = text; option acs.url "x";';
    for (const name of ["vendor-option-space acs;", 'vendor-option-space = "acs";']) {
      expect([...(settingsOf(`${name} ${space}`).option(43) ?? [])]).toEqual([1, 1, 0x78]);
    }
    expect(settingsOf("vendor-option-space nowhere;").option(43)).toBeUndefined();
  });

  test("a second name for a code sets the same option", () => {
    const text = `option gateways code 3 = array of ip-address;
      option routers 10.0.0.1; option gateways 10.0.0.2; append routers 10.0.0.3;`;
    expect([...(settingsOf(text).option(3) ?? [])]).toEqual([10, 0, 0, 2, 10, 0, 0, 3]);
  });

  test("an option without a value", () => {
    const settings = settingsOf("option rapid-commit code 80 = zerolen; option rapid-commit;");
    expect(settings.option(80)).toEqual(new Uint8Array(0));
  });
});

test("any text of the language's words gives a result, and never an exception (seed 9)", () => {
  const words = fc.constantFrom(
    ...["set", "unset", "define", "nam", "fun", "=", "(", ")", "{", "}", ";", ",", ":", '"x"', "5"],
    ...[
      "if",
      "else",
      "elsif",
      "switch",
      "case",
      "default",
      "break",
      "return",
      "log",
      "on",
      "commit",
    ],
    ...["option", "host-name", "concat", "substring", "hardware", "known", "not", "and", "or", "+"],
    ...[
      "~=",
      "~~",
      "null",
      "reverse",
      "encode-int",
      "extract-int",
      "lease-time",
      "filename",
      "eval",
    ],
    ...["binary-to-ascii", "16", "8", "packet", "config-option", "server.", "pick-first-value"],
  );
  fc.assert(
    fc.property(fc.array(words, { maxLength: 40 }), (chosen) => {
      const outcome = parseConfig("random.conf", () => chosen.join(" "));
      if (outcome.kind === "failed") {
        expect(outcome.diagnostics.length).toBeGreaterThan(0);
        return;
      }
      const { config } = outcome;
      const context = contextOf(named("abc"), { variables: new Variables(), leaseSeconds: 5 });
      const settings = evaluateScopes(config, [config.root], context);
      for (const event of ["commit", "release", "expiry"] as const)
        runEvent(settings, event, context);
      classify(config, context);
    }),
    { seed: 9, numRuns: 5000 },
  );
});
