import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bindingStates, type LeaseRecord } from "../lease.ts";
import { anyRecord } from "../lease-arbitrary.testing.ts";
import { address, modemText, sampleRecords } from "../lease-samples.testing.ts";
import { LeaseRow } from "../table/lease-row.ts";
import { corpusDirectory } from "./lease-corpus.testing.ts";
import { type LeaseFileBlock, type ScanEnd, scanLeases, writeRecord } from "./lease-file.ts";
import type { SkippedStatement } from "./lease-lexer.ts";
import { LeaseRowReader } from "./lease-row-reader.ts";

// What the reader of usual leases makes of a text is what the parser makes of it, to the offset.

const seed = 20_261_126;
const runs = 800;

interface Scan {
  readonly records: LeaseRecord[];
  readonly blocks: LeaseFileBlock[];
  readonly skipped: SkippedStatement[];
  readonly end: ScanEnd;
}

const bytesOf = (text: string): Uint8Array =>
  Uint8Array.from(text, (character) => character.charCodeAt(0));

/** How the table sees a record. */
function normal(record: LeaseRecord): LeaseRecord {
  const row = new LeaseRow();
  row.setRecord(record);
  return row.toRecord();
}

function scanned(bytes: Uint8Array, isLast: boolean, onRow?: (row: LeaseRow) => boolean): Scan {
  const records: LeaseRecord[] = [];
  const blocks: LeaseFileBlock[] = [];
  const skipped: SkippedStatement[] = [];
  // Behind the end stands what would complete any lease.
  const padded = new Uint8Array(bytes.length + 64).fill(0x7d);
  padded.set(bytes);
  const end = scanLeases(padded, 0, bytes.length, isLast, {
    onLease: (record) => records.push(normal(record)),
    onBlock: (block) => blocks.push(block),
    onSkipped: (statement) => skipped.push(statement),
    ...(onRow && {
      onRow: (row: LeaseRow) => {
        if (!onRow(row)) return false;
        records.push(row.toRecord());
        return true;
      },
    }),
  });
  return { records, blocks, skipped, end };
}

/** Compares both ways to read; returns how many leases needed no parser. */
function compare(bytes: Uint8Array): number {
  let rows = 0;
  for (const isLast of [true, false]) {
    const byParser = scanned(bytes, isLast);
    const byReader = scanned(bytes, isLast, () => {
      rows += 1;
      return true;
    });
    expect(byReader).toEqual(byParser);
    // A row that is not taken comes as a record.
    expect(scanned(bytes, isLast, ({ startsAt }) => startsAt % 2 === 0)).toEqual(byParser);
  }
  return rows / 2;
}

/** A lease with everything that needs no parser. */
const usualText = modemText
  .replace(/ {2}set (?!vendor).*\n/g, "")
  .replace(/ {2}option agent\.(DOCSIS|link).*\n/g, "");

test("what dhcpd wrote means the same", () => {
  const rows = readdirSync(corpusDirectory).map((name) =>
    compare(Uint8Array.from(readFileSync(join(corpusDirectory, name)))),
  );
  expect(rows.reduce((total, count) => total + count, 0)).toBeGreaterThan(50);
});

test("our own records of cable modems need no parser", () => {
  expect(compare(bytesOf(usualText.repeat(3)))).toBe(3);
  const changes: readonly (readonly [RegExp, string])[] = [
    [/ends .*;/, "ends never;"],
    [/uid .*;/, "uid 1:02:Ff;"],
    [/uid .*;/, 'uid "\\"\\\\\\000\\377\u00e9";'],
    [/ {2}(uid|hardware|set|option|client|next|rewind|starts|cltt).*\n/g, ""],
    [/active/, "abandoned"],
  ];
  for (const [place, text] of changes) {
    expect(compare(bytesOf(usualText.replace(place, text))), `${place}`).toBe(1);
  }
});

describe("what is worded in another way is for the parser", () => {
  const cases: readonly (readonly [RegExp, string])[] = [
    [/lease 10/, "lease  10"],
    [/lease [0-9.]+/, "lease "],
    [/10\.9\.0\.100/, "10.9.0.256"],
    [/10\.9\.0\.100/, "10.9.0"],
    [/05:36:09/, "05:60:09"],
    [/05:36:09/, "05:36:09 -7200"],
    [/2026\/11\/24/, "2026/11/31"],
    [/2026\/11\/24/, "1969/11/24"],
    [/starts .*;/, "starts epoch 1795498569;"],
    [/binding state active/, "binding state new"],
    [/ {2}binding state active;\n/, ""],
    [/uid .*;/, 'uid "\\x41";'],
    [/uid .*;/, 'uid "\\400";'],
    [/uid .*;/, 'uid "a\tb";'],
    [/uid .*;/, "uid 1:2:;"],
    [/uid .*;/, `uid "${"u".repeat(600)}";`],
    [/circuit-id .*;/, 'circuit-id "";'],
    [/circuit-id/, "unknown-0"],
    [/circuit-id/, "unknown-255"],
    [/circuit-id/, "unknown-001"],
    [/circuit-id/, "subscriber-id"],
    [/client-hostname .*;/, "client-hostname modem;"],
    [/ethernet/, "token-ring"],
    [/ {2}uid/, "  reserved;\n  uid"],
    [/ {2}uid/, "  new-statement;\n  uid"],
    [/\n}/, "\n "],
  ];
  for (const [place, text] of cases) {
    test(`${place} ${text.slice(0, 40)}`, () => {
      expect(compare(bytesOf(usualText.replace(place, text)))).toBe(0);
    });
  }
});

test("a lease that is cut anywhere is left for the parser", () => {
  const text = bytesOf(usualText + sampleRecords.slice(1, 3).map(writeRecord).join(""));
  for (let end = 0; end <= text.length; end += 1) compare(text.subarray(0, end));
});

test(`any records, damaged in places, mean the same (seed ${seed}, ${runs} runs)`, () => {
  const record = anyRecord({ min: address(0), max: address(255) });
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 12 });
  const time = fc.oneof(fc.constantFrom(0, null), fc.integer({ min: 1, max: 0xffff_fffe }));
  const usual: fc.Arbitrary<LeaseRecord> = fc.record(
    {
      address: fc.integer({ min: 0, max: 0xffff_ffff }),
      bindingState: fc.constantFrom(...bindingStates),
      nextBindingState: fc.constantFrom(...bindingStates),
      ...{ startsAt: time, endsAt: time, tstp: time, cltt: time },
      hardware: fc.record({ type: fc.constant(1), address: bytes }),
      clientId: bytes,
      vendorClass: bytes,
      agentOptions: bytes.map((value) => Uint8Array.of(1, value.length, ...value, 9, 1, 0)),
      hostname: bytes.map((value) => value.map((byte) => 0x30 + (byte & 15))),
    },
    { requiredKeys: ["address", "bindingState", "startsAt", "endsAt"] },
  );
  const change = fc.record({
    place: fc.nat(3_000),
    bytes: fc.oneof(
      fc.uint8Array({ maxLength: 2 }),
      fc.constantFrom(...[" ", "\n", '"', ";", "}", "0", "\\", "#"].map(bytesOf)),
    ),
    removed: fc.nat(2),
  });
  const input = fc.record({
    records: fc.array(fc.oneof(usual, record), { minLength: 1, maxLength: 3 }),
    changes: fc.array(change, { maxLength: 3 }),
  });
  let rows = 0;
  const property = fc.property(input, ({ records, changes }) => {
    let text = [...bytesOf(records.map(writeRecord).join(""))];
    for (const { place, bytes, removed } of changes) {
      const at = place % text.length;
      text = [...text.slice(0, at), ...bytes, ...text.slice(at + removed)];
    }
    rows += compare(Uint8Array.from(text));
  });
  fc.assert(property, { seed, numRuns: runs });
  expect(rows).toBeGreaterThan(runs / 4);
});

test("nothing is remembered from the lease before", () => {
  const [full, bare] = [
    bytesOf(modemText),
    bytesOf("lease 10.9.0.1 {\n  binding state free;\n}\n"),
  ];
  const reader = new LeaseRowReader();
  reader.read(full, 0, full.length);
  expect(reader.read(bare, 0, bare.length)).toBe(bare.length - 1);
  expect(reader.row.toRecord()).toEqual({
    ...{ address: address(1), bindingState: "free", startsAt: 0, endsAt: 0 },
  });
});
