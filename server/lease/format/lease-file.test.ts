import { describe, expect, test } from "vitest";
import { Prng } from "../../../base/prng.ts";
import type { LeaseRecord } from "../lease.ts";
import { address, modemLease, modemText, sampleRecords } from "../lease-samples.testing.ts";
import { isPurgeable, writeRecord } from "./lease-file.ts";
import { parseLeaseFile } from "./parse-lease-file.testing.ts";

const header = `# The format of this file is documented in the dhcpd.leases(5) manual page.
# This lease file was written by isc-dhcp-4.4.3-P1

# authoring-byte-order entry is generated, DO NOT DELETE
authoring-byte-order little-endian;

`;

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

function only(body: string): LeaseRecord {
  const { records, error, tornTail } = parseLeaseFile(`lease 10.9.0.1 {\n${body}\n}\n`);
  expect({ error, tornTail }).toEqual({ error: undefined, tornTail: undefined });
  expect(records).toHaveLength(1);
  return records[0]!;
}

describe("writing", () => {
  test("LEASE-3: a lease is written as ISC writes it", () => {
    expect(writeRecord(modemLease)).toBe(modemText);
  });

  test("what ISC's grammar cannot say is left out", () => {
    const text = writeRecord({
      address: address(1),
      bindingState: "active",
      startsAt: 0,
      endsAt: 0,
      hostname: bytesOf('a"b'),
      vendorClass: new Uint8Array(0),
      clientId: new Uint8Array(0),
      // An empty circuit-id, a link-selection of three bytes, relay-port, and one cut short.
      agentOptions: Uint8Array.of(1, 0, 5, 3, 1, 2, 3, 19, 0, 2, 9, 1),
    });
    expect(text).toBe("lease 10.9.0.1 {\n  binding state active;\n}\n");
  });
});

describe("reading back what was written", () => {
  for (const record of sampleRecords) {
    test(`a lease that is ${record.bindingState}, address ${record.address & 0xff}`, () => {
      const { records, error, tornTail } = parseLeaseFile(bytesOf(writeRecord(record)));
      expect({ error, tornTail }).toEqual({ error: undefined, tornTail: undefined });
      expect(records).toEqual([normalized(record)]);
    });
  }
});

/** Next and rewind states that equal the state are not in the file. */
function normalized(record: LeaseRecord): LeaseRecord {
  const { nextBindingState, rewindBindingState, ...rest } = record;
  return {
    ...rest,
    ...(nextBindingState && nextBindingState !== record.bindingState && { nextBindingState }),
    ...(rewindBindingState && rewindBindingState !== record.bindingState && { rewindBindingState }),
  };
}

describe("reading what ISC writes", () => {
  const dates: readonly (readonly [text: string, seconds: number | null])[] = [
    ["2 2026/11/24 05:36:09;", 1_795_498_569],
    ["epoch 1795498569; # Tue Nov 24 05:36:09 2026", 1_795_498_569],
    ["2 2026/11/24 05:36:09 -7200;", 1_795_491_369],
    ["2 2026/11/24 05:36:09 3600;", 1_795_502_169],
    ["never;", null],
    ["5 2138/01/01 00:00:00;", null],
  ];
  for (const [text, seconds] of dates) {
    test(`date ${text}`, () => expect(only(`  ends ${text}`).endsAt).toBe(seconds));
  }

  const uids: readonly (readonly [text: string, bytes: readonly number[] | undefined])[] = [
    ['"\\001\\002\\377a"', [1, 2, 255, 97]],
    ['"a\\"b\\\\c"', [97, 34, 98, 92, 99]],
    ['"\\x41\\n\\t"', [65, 10, 9]],
    ["01:02:ff", [1, 2, 255]],
    ["1:2:f", [1, 2, 15]],
    ["7f", [127]],
    ['""', undefined],
  ];
  for (const [text, bytes] of uids) {
    test(`uid ${text}`, () => {
      expect(only(`  uid ${text};`).clientId).toEqual(bytes && Uint8Array.from(bytes));
    });
  }

  const others: readonly (readonly [text: string, part: Partial<LeaseRecord>])[] = [
    ["  abandoned;", { bindingState: "abandoned" }],
    ["  dynamic-bootp;\n  reserved;", { bootp: true, reserved: true }],
    ["  binding state reserved;", { reserved: true }],
    ["  ends 2 2026/11/24 05:36:09;", { bindingState: "active" }],
    ["  hostname box;", { hostname: bytesOf("box") }],
    ["  hardware infiniband 1:2;", { hardware: { type: 32, address: Uint8Array.of(1, 2) } }],
    ["  hardware unknown-9;", { hardware: { type: 9, address: new Uint8Array(0) } }],
    ['  billing subclass "lim" "a";', { billing: { className: "lim", hash: bytesOf("a") } }],
    // dhcpd escapes neither class names nor the text that chose a subclass.
    ['  billing class "gold "plus"";', { billing: { className: 'gold "plus"' } }],
    ['  billing subclass "l" "a"b";', { billing: { className: "l", hash: bytesOf('a"b') } }],
    ['  billing subclass "l" "a\\";', { billing: { className: "l", hash: bytesOf("a\\") } }],
    ['  billing class "a \\"b\\"";', { billing: { className: 'a "b"' } }],
    ["  option agent.unknown-5 a:9:0:1;", { agentOptions: Uint8Array.of(5, 4, 10, 9, 0, 1) }],
    ["  option agent.relay-port;", { agentOptions: Uint8Array.of(19, 0) }],
    ["  binding state bootp;", { bootp: true, bindingState: "active" }],
    ["  BINDING State aCtive;\n  Reserved;", { bindingState: "active", reserved: true }],
    ["  hardware Ethernet A:B;", { hardware: { type: 1, address: Uint8Array.of(10, 11) } }],
    ["  tsfp never;\n  atsfp epoch 5;", { tsfp: null, atsfp: 5 }],
    ["  timestamp 2 2026/11/24 05:36:09;\n  class old;\n  reserved;", { reserved: true }],
    ["  set a = 0a:1:ff;", { variables: [["a", Uint8Array.of(10, 1, 255)]] }],
    [
      '  set a = "";\n  set b = %-7;',
      {
        variables: [
          ["a", bytesOf("")],
          ["b", -7],
        ],
      },
    ],
    [
      '  set a = "1";\n  set b = true;\n  set A = FALSE;',
      {
        variables: [
          ["a", false],
          ["b", true],
        ],
      },
    ],
    ['  ddns-fwd-name "x";', { variables: [["ddns-fwd-name", bytesOf("x")]] }],
    ["  supersede agent.circuit-id = 1:2;", { agentOptions: Uint8Array.of(1, 2, 1, 2) }],
    ["  option Agent.Remote-ID a;", { agentOptions: Uint8Array.of(2, 1, 10) }],
    ["  on expiry;", { kept: ["on expiry;"] }],
    [
      '  on expiry or release {\n    set x = "}" ;\n    if 1 = 2 { log (info, "a;"); }\n  }',
      {
        kept: [
          'on expiry or release {\n    set x = "}" ;\n    if 1 = 2 { log (info, "a;"); }\n  }',
        ],
      },
    ],
  ];
  for (const [text, part] of others) {
    test(text.trim().replaceAll("\n", " "), () => expect(only(text)).toMatchObject(part));
  }

  test("LEASE-6: declarations around the leases are kept as they are, and the last of a name counts", () => {
    const blocks = [
      'server-duid "\\000\\001\\000\\001+\\001\\224L\\002\\000\\000\\000\\000\\001";',
      "host modem1 {\n  dynamic;\n  hardware ethernet 02:00:00:00:00:09;\n  fixed-address 10.9.0.9;\n" +
        '        supersede host-name = "a;{b";\n}',
      "host modem1 {\n  dynamic;\n  deleted;\n}",
      "host fromconf {\n  deleted;\n}",
      'group g1 {\n  dynamic;\n        supersede host-name = "x";\n}',
      'class "c" {\n  dynamic;\n  lease limit 4;\n}',
      'subclass "c" "h" {\n  dynamic;\n}',
      'failover peer "a" state {\n  my state normal at 2 2026/11/24 05:36:09;\n' +
        "  partner state normal at 2 2026/11/24 05:36:09;\n  mclt 3600;\n}",
    ];
    const parsed = parseLeaseFile(`${header}${blocks.join("\n")}\n${modemText}`);
    expect(parsed.error).toBeUndefined();
    expect(parsed.tornTail).toBeUndefined();
    expect(parsed.records).toEqual([modemLease]);
    expect(parsed.blocks.map((block) => block.text)).toEqual(blocks);
    expect(parsed.blocks.map((block) => block.key)).toEqual([
      "server-duid",
      "host modem1",
      "host modem1",
      "host fromconf",
      "group g1",
      'class "c"',
      'subclass "c" "h"',
      'failover peer "a" state',
    ]);
    // The deletion of a host of dhcpd.conf must stay, or the host would come back.
    expect(parsed.blocks.map(isPurgeable)).toEqual([
      ...[false, false, true, false],
      ...[false, false, false, false],
    ]);
  });

  const strange: readonly (readonly [text: string, what: string])[] = [
    ["  novelty 1 { a; b { c; } }", "unknown statement 'novelty'"],
    ["  novelty;", "unknown statement 'novelty'"],
    ["  unset x;", "unknown statement 'unset'"],
    ['  set x = concat("a", "}");', "no constant value of the variable 'x'"],
    ["  set 5x = true;", "no constant value of the variable '5x'"],
    ["  set x.y = true;", "no constant value of the variable 'x.y'"],
    ['  option host-name "b";', "option 'host-name', which no lease has"],
    ['  supersede domain-name = "b";', "option 'domain-name', which no lease has"],
    ["  on Tuesday { x; }", "unknown event 'Tuesday'"],
  ];
  for (const [text, what] of strange) {
    test(`${text.trim()} is passed over and told`, () => {
      const before = writeRecord(sampleRecords[2]!);
      const inside = modemText.replace("  uid ", `${text}\n  uid `);
      const { records, skipped, error, tornTail } = parseLeaseFile(before + inside + before);
      expect({ error, tornTail }).toEqual({ error: undefined, tornTail: undefined });
      expect(records).toEqual([sampleRecords[2], modemLease, sampleRecords[2]]);
      expect(skipped).toEqual([{ offset: (before + inside).indexOf(text.trim()), what }]);
    });
  }

  test("declarations that nobody knows are passed over, and what is of DHCPv6 is kept", () => {
    const texts = [
      'default-duid "\\000\\001";',
      'ia-na "\\001\\000" {\n  cltt 2 2026/11/24 05:36:09;\n  iaaddr 2001:db8::1 {\n    ends never;\n  }\n}',
      "novelty a b { c; }",
      'subclass "c" 01:02;',
    ];
    const parsed = parseLeaseFile(texts.join("\n") + modemText);
    expect(parsed.error).toBeUndefined();
    expect(parsed.records).toEqual([modemLease]);
    expect(parsed.skipped.map(({ what }) => what)).toEqual([
      "unknown declaration 'default-duid'",
      "unknown declaration 'novelty'",
    ]);
    expect(parsed.blocks).toEqual([
      { kind: "ia-na", key: 'ia-na "\\001\\000"', text: texts[1] },
      { kind: "subclass", key: 'subclass "c" 01:02', text: texts[3] },
    ]);
  });

  test("an empty file, and one of comments, have no leases", () => {
    for (const text of ["", "\n", header, "# x"]) {
      expect(parseLeaseFile(text)).toEqual({ records: [], blocks: [], skipped: [] });
    }
  });
});

describe("the end of a file that a crash cut off", () => {
  const before = header + modemText;
  const last = sampleRecords.slice(1).map(writeRecord);

  for (const text of last) {
    test(`every cut of ${text.split("\n")[0]} is torn, and only its record is missing`, () => {
      for (let end = 1; end < text.length - 2; end += 1) {
        const { records, tornTail, error } = parseLeaseFile(bytesOf(before + text.slice(0, end)));
        expect(error, text.slice(0, end)).toBeUndefined();
        expect(records).toHaveLength(1);
        expect(tornTail?.recordOffset, text.slice(0, end)).toBe(before.length);
        expect(tornTail?.recordLine).toBe(before.split("\n").length);
      }
    });
  }

  test("a record that lacks only its newline is whole", () => {
    const { records, tornTail } = parseLeaseFile(before + last[0]!.trimEnd());
    expect(records).toHaveLength(2);
    expect(tornTail).toBeUndefined();
  });

  test("zeros that were never written are a torn end, wherever they begin", () => {
    const zeros = "\0".repeat(9_000);
    for (const text of last) {
      for (let cut = 0; cut < text.length - 2; cut += 1) {
        const { records, tornTail, error } = parseLeaseFile(
          bytesOf(before + text.slice(0, cut) + zeros),
        );
        expect(error, text.slice(0, cut)).toBeUndefined();
        expect(records).toHaveLength(1);
        expect(tornTail?.recordOffset).toBe(before.length);
      }
    }
  });
});

describe("a file that is damaged before its end is refused with the place", () => {
  const good = writeRecord(sampleRecords[1]!);
  const cases: readonly (readonly [
    name: string,
    damaged: string,
    line: number,
    message: string,
  ])[] = [
    ["a record without its end", "lease 10.9.0.7 {\n  starts 2 2026/11/24 05\n", 2, "expected ':'"],
    ["a misspelt statement", "lease 10.9.0.7 {\n  stXrts never;\n}\n", 2, "'stXrts'"],
    ["an unknown state", "lease 10.9.0.7 {\n  binding state actixe;\n}\n", 2, "'actixe'"],
    ["no such date", "lease 10.9.0.7 {\n  ends 1 2026/02/30 00:00:00;\n}\n", 2, "no such date"],
    ["no such hour", "lease 10.9.0.7 {\n  ends 1 2026/02/20 24:00:00;\n}\n", 2, "no such date"],
    ["a date before 1970", "lease 10.9.0.7 {\n  ends 1 1969/02/20 00:00:00;\n}\n", 2, "no such"],
    ["an address that is none", "lease 10.9.0.256 {\n}\n", 1, "a number over 255"],
    ["an address of three parts", "lease 10.9.0 {\n}\n", 1, "expected '.'"],
    ["zeros in the middle", `${"\0".repeat(4096)}\n`, 1, "expected a name"],
    ["a string without its end", 'lease 10.9.0.7 {\n  uid "ab\n}\n', 2, "closing quote"],
    ["an escape of two digits", 'lease 10.9.0.7 {\n  uid "\\01";\n}\n', 2, "octal"],
    ["an escape over 255", 'lease 10.9.0.7 {\n  uid "\\777";\n}\n', 2, "octal"],
    ["a MAC with a letter", "lease 10.9.0.7 {\n  hardware ethernet 0g:1;\n}\n", 2, "expected ';'"],
    ["no hardware type", "lease 10.9.0.7 {\n  hardware ethernex 01;\n}\n", 2, "'ethernex'"],
    ["a stray brace", "}\n", 1, "expected a name"],
    ["an unknown declaration", "lase 10.9.0.7 {\n}\n", 1, "'lase'"],
    ["a lease of a client", 'lease {\n  interface "a";\n}\n', 1, "file of a client"],
    ["a lease in a lease", "lease 10.9.0.7 {\n  ends never;\n", 3, "'lease' before the '}'"],
    ["a host with a lease in it", `host a {\n${writeRecord(sampleRecords[2]!)}}\n`, 1, "'host'"],
    [
      "a novelty with leases in it",
      `novelty {\n${writeRecord(sampleRecords[2]!)}}\n`,
      1,
      "a lease",
    ],
    [
      "no end, and a statement that may have been it",
      "lease 10.9.0.7 {\n  enXs never;\n  binding state active;\n}\n",
      2,
      "'enXs'",
    ],
    [
      "no state, and a statement that may have been it",
      "lease 10.9.0.7 {\n  ends never;\n  bindXng state active;\n}\n",
      3,
      "'bindXng'",
    ],
    ["a block without braces", "host a;\n", 1, "expected '{'"],
    [
      "a client id that is too long",
      `lease 10.9.0.7 {\n  uid "${"a".repeat(4001)}";\n}\n`,
      2,
      "4001",
    ],
  ];
  for (const [name, damaged, line, message] of cases) {
    test(name, () => {
      const { records, error, tornTail } = parseLeaseFile(bytesOf(good + damaged + modemText));
      const firstLine = good.split("\n").length;
      expect(tornTail).toBeUndefined();
      expect(error?.message).toContain(message);
      expect(error?.line).toBe(firstLine + line - 1);
      expect(error?.recordLine).toBe(firstLine);
      expect(records).toHaveLength(1);
    });
  }

  test("a whole last record that is wrong was not torn by a crash", () => {
    const { error, tornTail } = parseLeaseFile(`${good}lease 10.9.0.7 {\n  stXrts never;\n}\n`);
    expect(tornTail).toBeUndefined();
    expect(error?.message).toContain("stXrts");
  });
});

test("random damage gives a value or a place, never a throw (seed 20261124)", () => {
  const prng = new Prng(20_261_124, 1);
  const text = bytesOf(header + sampleRecords.map(writeRecord).join(""));
  let failed = 0;
  for (let round = 0; round < 3_000; round += 1) {
    const bytes = text.slice(0, 1 + prng.nextBelow(text.length));
    for (let change = prng.nextBelow(3); change >= 0; change -= 1) {
      bytes[prng.nextBelow(bytes.length)] = prng.nextBelow(256);
    }
    const { error, tornTail, records } = parseLeaseFile(bytes);
    if (error !== undefined || tornTail !== undefined) failed += 1;
    for (const place of [error, tornTail]) {
      if (place === undefined) continue;
      expect(place.offset).toBeGreaterThanOrEqual(0);
      expect(place.offset).toBeLessThanOrEqual(bytes.length);
    }
    // What was read can be written and read again.
    const again = parseLeaseFile(bytesOf(records.map(writeRecord).join("")));
    expect(again.records).toHaveLength(records.length);
    expect(again.error).toBeUndefined();
  }
  expect(failed).toBeGreaterThan(1_000);
});

test("the time for 80,000 leases grows with their number, not with its square", () => {
  const text = new TextEncoder().encode(modemText.repeat(80_000));
  const startMs = performance.now();
  const { records, error } = parseLeaseFile(text);
  const tookMs = performance.now() - startMs;
  expect(error).toBeUndefined();
  expect(records).toHaveLength(80_000);
  // A fraction of a second; the square would be hours.
  expect(tookMs).toBeLessThan(30_000);
});
