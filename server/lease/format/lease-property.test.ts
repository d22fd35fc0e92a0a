import fc from "fast-check";
import { expect, test } from "vitest";
import { formatIpv4 } from "../../../protocol/ipv4.ts";
import { anyRecord, sayable } from "../lease-arbitrary.testing.ts";
import { address } from "../lease-samples.testing.ts";
import { LeaseTable } from "../table/lease-table.ts";
import { writeRecord } from "./lease-file.ts";
import { parseLeaseFile } from "./parse-lease-file.testing.ts";

// Any record is read back as it was written, but for what the grammar cannot say.

const seed = 20_261_126;
const runs = 500;
const low = address(0);
const high = address(255);
const record = anyRecord({ min: low, max: high });

test(`what is written is read back (seed ${seed}, ${runs} runs)`, () => {
  const property = fc.property(fc.array(record, { minLength: 1, maxLength: 3 }), (records) => {
    const text = records.map(writeRecord).join("");
    const parsed = parseLeaseFile(Uint8Array.from(text, (character) => character.charCodeAt(0)));
    const { error, tornTail, skipped } = parsed;
    expect({ error, tornTail, skipped }).toEqual({ skipped: [] });
    expect(parsed.records).toEqual(records.map(sayable));
  });
  fc.assert(property, { seed, numRuns: runs });
});

test(`a table gives back what it was given (seed ${seed})`, () => {
  const property = fc.property(fc.array(record, { minLength: 1, maxLength: 8 }), (records) => {
    const table = new LeaseTable([{ low, high, pool: 0 }]);
    for (const one of records) table.load(one);
    for (const one of new Map(records.map((each) => [each.address, each])).values()) {
      const found = table.recordOf(table.indexOf(one.address));
      expect(writeRecord(found), formatIpv4(one.address)).toBe(writeRecord(one));
    }
  });
  fc.assert(property, { seed, numRuns: 200 });
});
