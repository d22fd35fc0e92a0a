import { describe, expect, test } from "vitest";
import { latin1Text } from "../../../protocol/latin1.ts";
import type { LeaseRecord } from "../lease.ts";
import { LeaseRow } from "../table/lease-row.ts";
import { formatRow, type LeaseFormat, rowBytesMax } from "./lease-writer.ts";
import { parseLeaseFile } from "./parse-lease-file.testing.ts";

const record: LeaseRecord = {
  address: 0x0a09_0064,
  bindingState: "active",
  nextBindingState: "free",
  rewindBindingState: "free",
  startsAt: 1_795_498_569,
  endsAt: null,
  cltt: 1_795_498_570,
  hardware: { type: 1, address: Uint8Array.of(2, 0, 0, 0, 0, 1) },
  clientId: Uint8Array.of(1, 0x22, 0xff),
};

function written(format: LeaseFormat): string {
  const row = new LeaseRow();
  row.setRecord(record);
  const target = new Uint8Array(rowBytesMax(row));
  return latin1Text(target.subarray(0, formatRow(row, target, 0, format)));
}

describe("db-time-format and lease-id-format", () => {
  test("times in UTC, identifiers as text", () => {
    const text = written({ localTimes: false, hexClientIds: false });
    expect(text).toContain("  starts 2 2026/11/24 05:36:09;\n  ends never;\n");
    expect(text).toContain('  uid "\\001\\"\\377";\n');
  });

  test("seconds with the local time behind them, identifiers as octets", () => {
    const text = written({ localTimes: true, hexClientIds: true });
    expect(text).toMatch(
      /^ {2}starts epoch 1795498569; # (Mon|Tue|Wed) Nov 2[345] \d\d:\d\d:\d\d 2026$/m,
    );
    expect(text).toContain("  ends never;\n");
    expect(text).toContain("  uid 01:22:ff;\n");
  });

  test("either is read", () => {
    for (const localTimes of [false, true]) {
      for (const hexClientIds of [false, true]) {
        const text = written({ localTimes, hexClientIds });
        const { records, error } = parseLeaseFile(Buffer.from(text, "latin1"));
        expect(error).toBeUndefined();
        expect(records).toEqual([record]);
      }
    }
  });
});
