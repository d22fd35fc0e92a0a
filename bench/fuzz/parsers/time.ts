import { DecodeError } from "../../../protocol/decode-error.ts";
import { decodeTime, encodeTime, TIME_BYTES } from "../../../protocol/time/rfc868.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { checkSame, parsed } from "./oracle.ts";

const buffer = new Uint8Array(TIME_BYTES);

/** A time is encoded to the bytes that it was. */
export const target: FuzzTarget = {
  read: (bytes) => {
    const unixSeconds = parsed(DecodeError, () => decodeTime(bytes));
    if (unixSeconds === undefined) return;
    encodeTime(unixSeconds, buffer, 0);
    checkSame("encoded again", buffer, bytes.slice());
  },
};
