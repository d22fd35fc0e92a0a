import { latin1Bytes, latin1Text } from "../../../protocol/latin1.ts";
import { scanLeases, writeRecord } from "../../../server/lease/format/lease-file.ts";
import type { LeaseRecord } from "../../../server/lease/lease.ts";
import { MARK_BYTES_MAX, parseMark } from "../../../server/lease/store/lease-file-mark.ts";
import { LeaseRow } from "../../../server/lease/table/lease-row.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { check, checkSame } from "./oracle.ts";

/**
 * The reader of usual leases finds what the parser finds, also where the file goes on; a lease that was
 * read is written to a text that means the same.
 */
export const target: FuzzTarget = {
  read: (bytes) => {
    for (const isLast of [true, false]) {
      checkSame(
        "by the reader of rows",
        scanned(bytes, isLast, true),
        scanned(bytes, isLast, false),
      );
    }
    const { records, end } = scanned(bytes, true, true);
    check("more was read than there is", end.consumed <= bytes.length);
    for (const record of records) {
      const text = writeRecord(record);
      const [again, ...others] = scanned(latin1Bytes(text), true, true).records;
      check("a record that is written as several", others.length === 0);
      checkSame("written again", again && writeRecord(again), text);
    }
    parseMark(latin1Text(bytes.subarray(0, MARK_BYTES_MAX)));
  },
  words: [
    ...[
      "lease 10.9.0.1 {\n",
      "  starts 2 2026/11/24 05:36:09;\n",
      "  ends never;\n",
      "  ends epoch 1795502169;\n",
    ],
    ...[
      "  binding state active;\n",
      "  next binding state free;\n",
      "  rewind binding state backup;\n",
    ],
    ...[
      "  hardware ethernet 02:00:00:00:00:01;\n",
      '  uid "\\001";\n',
      "  uid 01:02;\n",
      "  cltt ",
      "  tstp ",
    ],
    ...[
      "  option agent.circuit-id 0:0:0:1;\n",
      '  option agent.unknown-200 "abc";\n',
      "  set a = %1;\n",
    ],
    ...[
      '  set vendor-class-identifier = "a";\n',
      '  client-hostname "a";\n',
      '  billing class "a";\n',
    ],
    ...[
      "  on expiry {\n",
      "  reserved;\n",
      "  dynamic-bootp;\n",
      "  abandoned;\n",
      "}\n",
      "host a {\n  dynamic;\n  deleted;\n}\n",
    ],
    ...[
      'server-duid "a";\n',
      "authoring-byte-order little-endian;\n",
      'failover peer "p" state {\n',
      "# provlab: one lease file of two; set ",
    ],
  ],
};

interface Scan {
  readonly records: readonly LeaseRecord[];
  readonly others: readonly unknown[];
  readonly end: ReturnType<typeof scanLeases>;
}

function scanned(bytes: Uint8Array, isLast: boolean, byRows: boolean): Scan {
  const records: LeaseRecord[] = [];
  const others: unknown[] = [];
  const end = scanLeases(bytes, 0, bytes.length, isLast, {
    onLease: (record) => {
      // As the table keeps it.
      const row = new LeaseRow();
      row.setRecord(record);
      records.push(row.toRecord());
    },
    onBlock: (block) => others.push(block),
    onSkipped: (statement) => others.push(statement),
    ...(byRows && {
      onRow: (row: LeaseRow) => {
        records.push(row.toRecord());
        return true;
      },
    }),
  });
  return { records, others, end };
}
