import { decodeRecord, TraceFormatError } from "../../../server/trace/trace-format.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { parsed } from "./oracle.ts";

/** The type of a record, and its content. */
export const target: FuzzTarget = {
  read: (bytes) => {
    if (bytes.length > 0) parsed(TraceFormatError, () => decodeRecord(bytes[0], bytes.subarray(1)));
  },
  words: [
    ...[
      '"ports":{"server":67,"client":68}',
      '"interfaces":[]',
      '"ownAddresses":[]',
      '"frameInterfaces":[]',
    ],
    ...['"hardwareAddress":[2,0,0,0,0,1]', '"addresses":[]', "null", "F\0", "S{", "D\0\0\0\x01"],
  ],
};
